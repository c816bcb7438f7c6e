#include <json-c/json.h>
#include <stdlib.h>

#include "client/operation.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"
#include "schema/check.h"
#include "schema/spec.h"

static const struct opt template_build_opts[] = {
	{ "version", 0, "VERSION", "Version to make; the date and a number when left out.", NULL },
	{ NULL },
};

static const struct view template_view = {
	.columns = "name,version,os,size,built_at,description",
	.schemas = { &template_schema },
	.names = "id,containers",
	.key = "id",
};

static int
template_list(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *items = NULL;
	int rc;

	if (print_check(c, &template_view, e) < 0 || call_list(c, TEMPLATE_LIST, NULL, NULL, &items, e) < 0)
		return -1;
	rc = print_list(c, &template_view, items, e);
	json_object_put(items);
	return rc;
}

const struct verb template_list_verb = {
	.name = "template list",
	.args = "",
	.help = "List templates",
	.examples = "berth template list",
	.groups = VERB_LISTS,
	.run = template_list,
};

static int
template_show(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *item = NULL;
	int rc;

	if (call_json(c, TEMPLATE_SHOW, args->words[0], NULL, NULL, &item, e) < 0)
		return -1;
	rc = print_object(c, &template_view, item, e);
	json_object_put(item);
	return rc;
}

const struct verb template_show_verb = {
	.name = "template show",
	.args = "TEMPLATE",
	.help = "Show a template",
	.examples = "berth template show debian-12",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@template",
	.run = template_show,
};

static int
template_build_one(struct client *c, const char *name, const char *version, struct err *e)
{
	struct json_object *body, *end = NULL;
	const char *why = check_template_name(name), *made;
	int rc;

	if (why)
		return args_usage(e, "The recipe's name %s", why);
	why = version ? check_template_version(version) : NULL;
	if (why)
		return args_usage(e, "--version '%s' %s", version, why);
	body = json_object_new_object();
	json_object_object_add(body, "template", json_object_new_string(name));
	if (version)
		json_object_object_add(body, "version", json_object_new_string(version));
	rc = operation_run(c, TEMPLATE_BUILD, NULL, NULL, body, name, &end, e);
	if (rc == 0 && c->wait) {
		made = call_text(end, "template");
		client_say(c, "%s: built", made ? made : name);
	}
	json_object_put(end);
	json_object_put(body);
	return rc;
}

static int
template_each(struct client *c, const struct args *args, int (*one)(struct client *, const char *, const char *, struct err *),
              const char *option, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < args->nwords; i++) {
		if (one(c, args->words[i], option, e) == 0)
			continue;
		problem_print(args->words[i], e);
		if (status == 0)
			status = problem_exit_status(e);
		if (problem_exit_status(e) == EXIT_INTERRUPTED)
			break;
		err_clear(e);
	}
	return status;
}

static int
template_build(struct client *c, const struct args *args, struct err *e)
{
	if (args_has(args, "version") && args->nwords > 1)
		return args_usage(e, "--version is for one template");
	return template_each(c, args, template_build_one, args_value(args, "version"), e);
}

const struct verb template_build_verb = {
	.name = "template build",
	.args = "RECIPE…",
	.help = "Build a template from the operator's recipe",
	.examples = "berth template build busybox\n"
	            "berth template build debian-12 --version 20261101",
	.options = template_build_opts,
	.groups = OPTS_WAIT,
	.min = 1,
	.max = WORDS_ANY,
	.words = "busybox debian-12",
	.run = template_build,
};

static int
template_delete_one(struct client *c, const char *name, const char *unused, struct err *e)
{
	if (operation_run(c, TEMPLATE_DELETE, name, NULL, NULL, name, NULL, e) < 0)
		return -1;
	if (c->wait)
		client_say(c, "%s: deleted", name);
	return 0;
}

static int
template_delete(struct client *c, const struct args *args, struct err *e)
{
	return template_each(c, args, template_delete_one, NULL, e);
}

const struct verb template_delete_verb = {
	.name = "template delete",
	.args = "TEMPLATE…",
	.help = "Delete a template that no container uses",
	.examples = "berth template delete debian-12@20261101",
	.groups = OPTS_WAIT,
	.min = 1,
	.max = WORDS_ANY,
	.words = "@template",
	.run = template_delete,
};
