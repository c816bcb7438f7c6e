#include "client/choice.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/terminal.h"
#include "daemon/util/fd.h"
#include "schema/check.h"

enum { KEYS_MAX = 1 << 20 };

int
choice_set(const struct schema *schema, void *record, const struct field *field, const char *shown, const char *value,
           struct err *e)
{
	struct err one = { 0 };

	if (record_set_text(schema, record, field->name, value, &one) == 0)
		return 0;
	if (one.kind != ERR_INVALID || one.nparams == 0) {
		*e = one;
		return -1;
	}
	return err_param(e, shown, "'%.60s' %s", value, one.params[0].reason);
}

static int
choice_unknown(const struct schema *schema, const char *key, struct err *e)
{
	const char *best = NULL;
	size_t distance = 0;

	for (const struct field *f = schema->fields; f->name; f++)
		if (f->flags & FIELD_PATCH)
			args_nearest(key, f->name, &best, &distance);
	if (best)
		return err_param(e, key, "is no known field; did you mean %s?", best);
	return err_param(e, key, "is no known field; the verb's help lists them");
}

/* A list is replaced whole: "a,b", or "" for an empty one. */
static int
choice_set_list(const struct schema *schema, void *record, const struct field *field, const char *value, struct err *e)
{
	AUTO_FREE char *copy = strdup(value);
	char *save = NULL;
	int rc = 0;

	if (!copy)
		return err_set(e, ERR_INTERNAL, "out of memory");
	strv_clear(field_list(field, record));
	record_mark(schema, record, field->name, true);
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save))
		if (choice_set(schema, record, field, field->name, item, e) < 0)
			rc = -1;
	return rc;
}

int
choice_set_key(const struct schema *schema, void *record, const char *key, const char *value, struct err *e)
{
	const struct field *field = field_find(schema, key, NULL);

	if (!field || (field->flags & FIELD_INTERNAL))
		return choice_unknown(schema, key, e);
	if (!(field->flags & FIELD_PATCH))
		return err_param(e, key, "can't be changed once it exists");
	if (field->flags & FIELD_SECRET)
		return err_param(e, key,
		                 "would be seen in the list of processes: give the word '%s' alone, the value on standard input",
		                 key);
	if (field->type == FIELD_LIST)
		return choice_set_list(schema, record, field, value, e);
	return choice_set(schema, record, field, key, value, e);
}

int
choice_take_options(const struct schema *schema, void *record, const struct args *args, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < args->n; i++) {
		const struct arg *arg = &args->given[i];
		char shown[OPT_NAME_MAX + 2];

		snprintf(shown, sizeof shown, "--%s", arg->name);
		if (arg->field && choice_set(schema, record, arg->field, shown, arg->value ? arg->value : "true", e) < 0)
			rc = -1;
	}
	return rc;
}

char *
choice_split(const char *word, const char **value_out)
{
	char *key = strdup(word), *eq = key ? strchr(key, '=') : NULL;

	*value_out = eq ? eq + 1 : NULL;
	if (eq)
		*eq = '\0';
	for (char *c = key; c && *c; c++)
		if (*c == '-')
			*c = '_';
	return key;
}

static int
choice_add_key_lines(struct container_config *config, const char *shown, const char *path, char *text, struct err *e)
{
	const struct field *field = field_find(&container_config_schema, "ssh_keys", NULL);
	const char *why;
	char *line;
	size_t n = 0;

	for (size_t number = 1; (line = strsep(&text, "\n")); number++) {
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		n++;
		if (strstr(line, "PRIVATE KEY"))
			return err_param(e, shown, "%s holds a private key: give the public one, which ends with .pub", path);
		/* The line isn't shown: a wrong file may be a secret one. */
		why = field->check(line);
		if (why)
			return err_param(e, shown, "line %zu of %s %s", number, path, why);
		if (choice_set(&container_config_schema, config, field, shown, line, e) < 0)
			return -1;
	}
	return n > 0 ? 0 : err_param(e, shown, "%s holds no public key", path);
}

int
choice_add_keys(struct container_config *config, const char *shown, const char *path, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct err why = { 0 };
	size_t len;

	if (fd_read_file(AT_FDCWD, path, KEYS_MAX, &text, &len, &why) < 0)
		return err_param(e, shown, "can't be read: %s", why.message);
	return choice_add_key_lines(config, shown, path, text, e);
}

static int
choice_take_password(struct container_config *config, char *line, struct err *e)
{
	const struct field *field = field_find(&container_config_schema, "password", NULL);
	const char *why;

	line[strcspn(line, "\r\n")] = '\0';
	/* The value itself must not be shown. */
	why = field->check(line);
	if (why)
		return err_set(e, ERR_INVALID, "The password %s", why);
	if (strlen(line) > (size_t)field->max)
		return err_set(e, ERR_INVALID, "The password is longer than %lld bytes", (long long)field->max);
	return record_set_text(&container_config_schema, config, "password", line, e);
}

int
choice_read_password(struct container_config *config, struct err *e)
{
	char line[1024] = "", again[1024] = "";
	int rc = -1;

	if (isatty(STDIN_FILENO)) {
		if (terminal_ask_secret("Root's new password: ", line, sizeof line, e) == 0 &&
		    terminal_ask_secret("Once more: ", again, sizeof again, e) == 0)
			rc = strcmp(line, again) == 0 ? 0 : err_set(e, ERR_INVALID, "The password was not the same both times");
	} else if (terminal_read_line(STDIN_FILENO, line, sizeof line) < 0) {
		err_set(e, ERR_INVALID, "The password is to come as one line on standard input");
	} else {
		rc = 0;
	}
	if (rc == 0)
		rc = choice_take_password(config, line, e);
	explicit_bzero(line, sizeof line);
	explicit_bzero(again, sizeof again);
	return rc;
}

struct json_object *
choice_to_json(const struct container_config *config)
{
	struct json_object *json = record_to_json(&container_config_schema, config, false);

	/* Secrets are left out there on purpose. */
	if (json && config->password)
		json_object_object_add(json, "password", json_object_new_string(config->password));
	return json;
}
