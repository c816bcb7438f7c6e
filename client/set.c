#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/choice.h"
#include "client/operation.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"

static const struct opt set_opts[] = {
	{ "plan", 0, "PLAN", "Move it to this plan, as plan=PLAN does.", "@plan" },
	{ "dry-run", 0, NULL, "Check only; change nothing.", NULL },
	{ NULL },
};

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
	return choice_set(&container_config_schema, config, field, field->name, value, e);
}

static int
set_word(struct container_config *config, const char *word, bool *password, struct err *e)
{
	const char *value;
	AUTO_FREE char *key = choice_split(word, &value);

	if (!key)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (value && strcmp(key, "ssh_keys") == 0)
		return set_keys(config, field_find(&container_config_schema, key, NULL), value, e);
	if (value)
		return choice_set_key(&container_config_schema, config, key, value, e);
	if (strcmp(key, "password") != 0)
		return err_param(e, key, "needs a value: %s=VALUE", key);
	*password = true;
	return 0;
}

static int
set_container(struct client *c, const struct args *args, struct err *e)
{
	struct container_config config = { 0 };
	AUTO_BUF struct buf id = { 0 };
	struct json_object *body = NULL;
	bool password = false;
	int rc = 0;

	if (args->nwords < 2 && !args_has(args, "plan"))
		return args_usage(e, "'berth set' needs NAME KEY=VALUE…");
	if (args_has(args, "plan") && choice_set_key(&container_config_schema, &config, "plan", args_value(args, "plan"), e) < 0)
		rc = -1;
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

const struct verb set_verb = {
	.name = "set",
	.args = "NAME KEY=VALUE…",
	.help = "Change a container, live where the kernel allows it",
	.more = "A list is replaced whole: ip=ADDRESS,ADDRESS. ssh_keys=@FILE reads a file of keys. The word password alone "
	        "asks for root's new password, or reads it from standard input.",
	.examples = "berth set web1 memory=2G cpus=2\n"
	            "berth set web1 ip=10.66.0.10,fd00:66::10\n"
	            "berth set web1 --plan large\n"
	            "berth set web1 password",
	.options = set_opts,
	.groups = OPTS_WAIT | OPTS_TENANT,
	.schema = &container_config_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 1,
	.max = WORDS_ANY,
	.words = "@container",
	.run = set_container,
};
