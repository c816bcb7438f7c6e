#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/choice.h"
#include "client/operation.h"
#include "client/print.h"
#include "client/show.h"
#include "client/verbs.h"

/* Those whose option isn't simply the field's name and value; the rest comes from the field table. */
static const struct opt create_opts[] = {
	{ "template", 0, "TEMPLATE", "Template, as NAME or NAME@VERSION (required).", "@template" },
	{ "ip", 0, "ADDRESS", "An address, or auto (one of each family), auto4, auto6; may be repeated.", "auto auto4 auto6" },
	{ "dns", 0, "ADDRESS", "A name server; may be repeated.", NULL },
	{ "net", 0, "NETWORK", "A network besides, as NETWORK, NETWORK:ADDRESS[+ADDRESS]… or NETWORK:dhcp; may be repeated.",
	  "@network" },
	{ "ssh-key", 0, "FILE", "Public keys that may log in as root by SSH, a file of them; may be repeated.", "@file" },
	{ "password-stdin", 0, NULL, "Read root's password from standard input.", NULL },
	{ "start", 0, NULL, "Start it as well.", NULL },
	{ "dry-run", 0, NULL, "Check only; create nothing.", NULL },
	{ NULL },
};

static const struct field *
create_field_of(const struct arg *arg)
{
	char name[OPT_NAME_MAX];

	if (arg->field)
		return arg->field;
	snprintf(name, sizeof name, "%s", arg->name);
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return field_find(&container_config_schema, name, NULL);
}

/* Everything that is wrong is told together. */
static int
create_choose(const struct args *args, struct container_config *config, struct err *e)
{
	const struct field *name = field_find(&container_config_schema, "name", NULL);
	int rc = choice_set(&container_config_schema, config, name, "NAME", args->words[0], e);

	for (size_t i = 0; i < args->n; i++) {
		const struct arg *arg = &args->given[i];
		const struct field *field = create_field_of(arg);
		char shown[OPT_NAME_MAX + 2];

		snprintf(shown, sizeof shown, "--%s", arg->name);
		if (strcmp(arg->name, "ssh-key") == 0) {
			if (choice_add_keys(config, shown, arg->value, e) < 0)
				rc = -1;
		} else if (field &&
		           choice_set(&container_config_schema, config, field, shown, arg->value ? arg->value : "true", e) < 0) {
			rc = -1;
		}
	}
	if (!config->template && !args_has(args, "template"))
		rc = err_param(e, "--template", "is required; 'berth template list' shows what there is");
	return rc;
}

/* What was made, as data for a script that asked for a format. */
static int
create_show(struct client *c, const char *id, const char *name, bool started, struct err *e)
{
	struct json_object *container = NULL;
	AUTO_BUF struct buf ip = { 0 };
	int rc;

	if (c->quiet && c->output == OUTPUT_TABLE)
		return 0;
	if (call_json(c, CONTAINER_SHOW, id, c->output == OUTPUT_TABLE ? "fields=ip" : NULL, NULL, &container, e) < 0)
		return err_wrap(e, "%s was created, but can't be shown", name);
	print_value(&container_view_of_lists, container, "ip", true, &ip);
	rc = c->output == OUTPUT_TABLE ? 0 : print_object(c, &container_view_of_lists, container, e);
	if (c->output == OUTPUT_TABLE)
		client_say(c, "%s: created%s, %s", name, started ? " and started" : "", ip.failed ? "" : ip.data);
	json_object_put(container);
	return rc;
}

static int
create_send(struct client *c, const struct container_config *config, bool start, bool dry_run, struct err *e)
{
	struct json_object *body = choice_to_json(config);
	AUTO_BUF struct buf id = { 0 };
	int rc;

	buf_addf(&id, "%s%s%s", config->tenant ? config->tenant : "", config->tenant ? ":" : "", config->name);
	if (!body || id.failed) {
		json_object_put(body);
		return err_set(e, ERR_INTERNAL, "out of memory");
	}
	rc = operation_run(c, CONTAINER_CREATE, NULL, dry_run ? "dry_run=true" : NULL, body, config->name, NULL, e);
	json_object_put(body);
	if (rc < 0 || !c->wait)
		return rc;
	if (dry_run) {
		client_say(c, "%s: could be created", config->name);
		return 0;
	}
	if (start && operation_run(c, CONTAINER_START, id.data, NULL, NULL, config->name, NULL, e) < 0)
		return err_wrap(e, "%s was created, but not started", config->name);
	return create_show(c, id.data, config->name, start, e);
}

static int
create_container(struct client *c, const struct args *args, struct err *e)
{
	struct container_config config = { 0 };
	int rc;

	if (args_has(args, "start") && !c->wait)
		return args_usage(e, "--start needs the container to be there: leave out --no-wait");
	if (args_has(args, "start") && args_has(args, "dry-run"))
		return args_usage(e, "--dry-run starts nothing: leave out --start");
	rc = create_choose(args, &config, e);
	if (rc == 0 && args_has(args, "password-stdin"))
		rc = choice_read_password(&config, e);
	if (rc == 0)
		rc = create_send(c, &config, args_has(args, "start"), args_has(args, "dry-run"), e);
	else if (e->kind == ERR_INVALID && e->nparams > 0)
		snprintf(e->message, sizeof e->message, "The command line is wrong:");
	record_clear(&container_config_schema, &config);
	return rc;
}

const struct verb create_verb = {
	.name = "create",
	.args = "NAME --template TEMPLATE",
	.help = "Create a container",
	.more = "Sizes are bytes, or take K, M, G or T. What is left out has the daemon's default.",
	.examples = "berth create web1 --template busybox --start\n"
	            "berth create web2 --template debian-12 --memory 1G --cpus 1.5 --disk 10G --ssh-key ~/.ssh/id_ed25519.pub\n"
	            "berth create web3 --template debian-12 --password-stdin < password",
	.options = create_opts,
	.groups = OPTS_WAIT | OPTS_OUTPUT,
	.schema = &container_config_schema,
	.flags = FIELD_CREATE,
	.skip = "name,ssh_keys",
	.min = 1,
	.max = 1,
	.run = create_container,
};
