#include "client/operation.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/clean.h"
#include "client/follow.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/verbs.h"
#include "schema/check.h"
#include "schema/operation.h"

static const struct opt operation_list_opts[] = {
	{ "state", 0, "STATE", "In this state: queued, running, succeeded, failed or cancelled.",
	  "queued running succeeded failed cancelled" },
	{ "container", 0, "NAME", "On this container.", "@container" },
	{ "kind", 0, "KIND", "Of this kind, such as container_create.", NULL },
	{ NULL },
};
static const struct opt operation_wait_opts[] = {
	{ "timeout", 0, "SECONDS", "Give up waiting after so long (exit status 6).", NULL },
	{ NULL },
};

static const struct view operation_view = {
	.columns = "id,kind,name,template,state,percent,created_at",
	.schemas = { &operation_schema },
	.names = "error,result",
	.key = "id",
};

static void
operation_path(const char *id, struct buf *out)
{
	op_path(op_get(OPERATION_SHOW), id, out);
}

/* Where the answer says that its operation is. */
static int
operation_location(const struct http_reply *reply, struct buf *path, struct err *e)
{
	struct json_object *json;

	if (reply->location) {
		buf_addf(path, "%s", reply->location);
	} else {
		json = reply->body.len > 0 ? json_tokener_parse(reply->body.data) : NULL;
		if (call_text(json, "id"))
			operation_path(call_text(json, "id"), path);
		json_object_put(json);
	}
	if (path->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (path->len == 0 || path->data[0] != '/' || strpbrk(path->data, " \t\r\n"))
		return err_set(e, ERR_INTERNAL, "The daemon's answer names no operation");
	return 0;
}

static int
operation_print_id(const char *id, struct err *e)
{
	struct buf out = { 0 };

	clean_text(id, &out);
	buf_addf(&out, "\n");
	return print_flush(&out) ? 0 : err_sys(e, "write standard output");
}

int
operation_run(struct client *c, enum op_id op, const char *id, const char *query, struct json_object *body, const char *label,
              struct json_object **end_out, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_BUF struct buf path = { 0 };

	if (end_out)
		*end_out = NULL;
	if (call_send(c, op, id, query, body, &reply, e) < 0)
		return -1;
	if (reply.status != 202)
		return 0;
	if (operation_location(&reply, &path, e) < 0)
		return -1;
	if (c->wait)
		return follow_operation(c, path.data, label, -1, end_out, e);
	return operation_print_id(strrchr(path.data, '/') + 1, e);
}

static int
operation_list(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };
	struct json_object *items = NULL;
	int rc;

	if (print_check(c, &operation_view, e) < 0)
		return -1;
	for (const struct opt *o = operation_list_opts; o->name; o++)
		call_query_add(&query, o->name, args_value(args, o->name));
	if (call_list(c, OPERATION_LIST, NULL, query.data, &items, e) < 0)
		return -1;
	rc = print_list(c, &operation_view, items, e);
	json_object_put(items);
	return rc;
}

const struct verb operation_list_verb = {
	.name = "operation list",
	.args = "",
	.help = "List operations, the newest first",
	.examples = "berth operation list --state running",
	.options = operation_list_opts,
	.groups = VERB_LISTS,
	.run = operation_list,
};

static int
operation_show(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *operation = NULL;
	int rc;

	if (call_json(c, OPERATION_SHOW, args->words[0], NULL, NULL, &operation, e) < 0)
		return -1;
	rc = print_object(c, &operation_view, operation, e);
	json_object_put(operation);
	return rc;
}

const struct verb operation_show_verb = {
	.name = "operation show",
	.args = "ID",
	.help = "Show an operation",
	.examples = "berth operation show 7d0cc0a2-8eda-429b-a749-fd8fe3936439",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@operation",
	.run = operation_show,
};

static int
operation_wait_one(struct client *c, const char *id, int timeout_ms, struct err *e)
{
	AUTO_BUF struct buf path = { 0 };

	if (check_uuid(id))
		return args_usage(e, "An operation's id is a UUID; 'berth operation list' shows them");
	operation_path(id, &path);
	if (path.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return follow_operation(c, path.data, id, timeout_ms, NULL, e);
}

static int
operation_wait(struct client *c, const struct args *args, struct err *e)
{
	int64_t timeout = -1;
	int status = 0;

	if (args_int(args, "timeout", 0, 86400, &timeout, e) < 0)
		return -1;
	for (size_t i = 0; i < args->nwords; i++) {
		if (operation_wait_one(c, args->words[i], timeout < 0 ? -1 : (int)(timeout * 1000), e) == 0)
			continue;
		problem_print(args->words[i], e);
		if (status == 0)
			status = problem_exit_status(e);
		if (status == EXIT_INTERRUPTED)
			break;
		err_clear(e);
	}
	return status;
}

const struct verb operation_wait_verb = {
	.name = "operation wait",
	.args = "ID…",
	.help = "Follow operations to their end",
	.more = "The exit status is 0 when all succeeded, else that of the first error.",
	.examples = "berth operation wait $(berth start web1 --no-wait)",
	.options = operation_wait_opts,
	.min = 1,
	.max = WORDS_ANY,
	.words = "@operation",
	.run = operation_wait,
};

static int
operation_cancel(struct client *c, const struct args *args, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < args->nwords; i++) {
		AUTO_REPLY struct http_reply reply = { 0 };

		if (call_send(c, OPERATION_CANCEL, args->words[i], NULL, NULL, &reply, e) == 0) {
			client_say(c, "%s: cancelling", args->words[i]);
			continue;
		}
		problem_print(args->words[i], e);
		status = status ? status : problem_exit_status(e);
		err_clear(e);
	}
	return status;
}

const struct verb operation_cancel_verb = {
	.name = "operation cancel",
	.args = "ID…",
	.help = "Cancel operations",
	.examples = "berth operation cancel 7d0cc0a2-8eda-429b-a749-fd8fe3936439",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@operation",
	.run = operation_cancel,
};
