#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/choice.h"
#include "client/create.h"
#include "client/operation.h"
#include "daemon/util/fd.h"

static int
set_unknown(const char *key, struct err *e)
{
	const char *best = NULL;
	size_t distance = 0;

	for (const struct field *f = container_config_schema.fields; f->name; f++)
		if (f->flags & FIELD_PATCH)
			args_nearest(key, f->name, &best, &distance);
	if (best)
		return err_param(e, key, "is no known field; did you mean %s?", best);
	return err_param(e, key, "is no known field; 'berth help set' lists them");
}

/* A list is replaced whole: "a,b", or "" for an empty one. */
static int
set_list(struct container_config *config, const struct field *field, const char *value, struct err *e)
{
	AUTO_FREE char *copy = strdup(value);
	char *save = NULL;
	int rc = 0;

	if (!copy)
		return err_set(e, ERR_INTERNAL, "out of memory");
	strv_clear(field_list(field, config));
	record_mark(&container_config_schema, config, field->name, true);
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
		if (choice_set(config, field, field->name, item, e) < 0)
			rc = -1;
	return rc;
}

/* Keys may hold commas: one key, or a file of them. */
static int
set_keys(struct container_config *config, const struct field *field, const char *value, struct err *e)
{
	strv_clear(&config->ssh_keys);
	record_mark(&container_config_schema, config, field->name, true);
	if (*value == '\0')
		return 0;
	if (*value == '@')
		return choice_add_keys(config, field->name, value + 1, e);
	return choice_set(config, field, field->name, value, e);
}

static int
set_value(struct container_config *config, const char *key, const char *value, struct err *e)
{
	const struct field *field = field_find(&container_config_schema, key, NULL);

	if (!field || (field->flags & FIELD_INTERNAL))
		return set_unknown(key, e);
	if (!(field->flags & FIELD_PATCH))
		return err_param(e, key, "can't be changed once the container exists");
	if (field->flags & FIELD_SECRET)
		return err_param(e, key,
		                 "would be seen in the list of processes: give the word '%s' alone, the value on standard input",
		                 key);
	if (strcmp(key, "ssh_keys") == 0)
		return set_keys(config, field, value, e);
	if (field->type == FIELD_LIST)
		return set_list(config, field, value, e);
	return choice_set(config, field, key, value, e);
}

static int
set_word(struct container_config *config, const char *word, bool *password, struct err *e)
{
	AUTO_FREE char *key = strdup(word);
	char *eq;

	if (!key)
		return err_set(e, ERR_INTERNAL, "out of memory");
	eq = strchr(key, '=');
	if (eq)
		*eq = '\0';
	for (char *c = key; *c; c++)
		if (*c == '-')
			*c = '_';
	if (eq)
		return set_value(config, key, eq + 1, e);
	if (strcmp(key, "password") != 0)
		return err_param(e, key, "needs a value: %s=VALUE", key);
	*password = true;
	return 0;
}

int
set_container(struct client *c, const struct args *args, struct err *e)
{
	struct container_config config = { 0 };
	AUTO_BUF struct buf id = { 0 };
	struct json_object *body = NULL;
	bool password = false;
	int rc = 0;

	for (size_t i = 1; i < args->nwords; i++)
		if (set_word(&config, args->words[i], &password, e) < 0)
			rc = -1;
	if (rc < 0 && e->nparams > 0)
		snprintf(e->message, sizeof e->message, "The command line is wrong:");
	if (rc == 0 && password)
		rc = choice_read_password(&config, e);
	client_container(c, args->words[0], &id);
	if (rc == 0) {
		body = choice_to_json(&config);
		rc = body && !id.failed ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
	}
	if (rc == 0)
		rc = operation_run(c, CONTAINER_SET, id.data, args_has(args, "dry-run") ? "dry_run=true" : NULL, body,
		                   args->words[0], NULL, e);
	if (rc == 0 && c->wait)
		client_say(c, "%s: %s", args->words[0], args_has(args, "dry-run") ? "could be changed" : "changed");
	json_object_put(body);
	record_clear(&container_config_schema, &config);
	return rc;
}
