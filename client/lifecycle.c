#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/follow.h"
#include "client/operation.h"
#include "client/problem.h"
#include "client/verbs.h"
#include "daemon/util/strv.h"
#include "schema/check.h"

static const struct opt lifecycle_start_opts[] = {
	{ "rescue", 0, "TEMPLATE", "Boot this template instead; the container's own tree is at /mnt.", "@template" },
	{ NULL },
};
static const struct opt lifecycle_stop_opts[] = {
	{ "timeout", 0, "SECONDS", "Kill it after so long; the daemon's stop-timeout when left out.", NULL },
	{ "kill", 0, NULL, "Kill it at once.", NULL },
	{ NULL },
};
static const struct opt lifecycle_suspend_opts[] = {
	{ "reason", 0, "TEXT", "Why; its tenant sees it (required).", NULL },
	{ "timeout", 0, "SECONDS", "Kill it after so long; the daemon's stop-timeout when left out.", NULL },
	{ "kill", 0, NULL, "Kill it at once.", NULL },
	{ "freeze", 0, NULL, "Freeze what runs in it rather than stop it.", NULL },
	{ NULL },
};
static const struct opt lifecycle_delete_opts[] = {
	{ "force", 0, NULL, "Stop it first where it runs.", NULL },
	{ "yes", 'y', NULL, "Don't ask.", NULL },
	{ NULL },
};

/* One verb on one container. */
struct action {
	enum op_id op;
	const char *done;   /* "started" */
	const char *states; /* --all takes containers in these, joined by commas; NULL: in any */
	struct buf query;
	struct json_object *body;
};

/* The UUIDs and names of all containers that the verb applies to. */
static int
lifecycle_all(struct client *c, const struct args *args, const struct action *action, struct strv *ids, struct strv *names,
              struct err *e)
{
	AUTO_BUF struct buf query = { 0 };
	struct json_object *items = NULL;

	call_query_add(&query, "tenant", c->tenant);
	call_query_add(&query, "label", args_value(args, "label"));
	call_query_add(&query, "fields", "id,name,tenant,state");
	if (call_list(c, CONTAINER_LIST, NULL, query.data, &items, e) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		const char *id = call_text(item, "id"), *name = call_text(item, "name"), *state = call_text(item, "state");

		if (id && name && (!action->states || opt_is_listed(action->states, state ? state : "")) &&
		    (!strv_add(ids, id) || !strv_add(names, name)))
			err_set(e, ERR_INTERNAL, "out of memory");
	}
	json_object_put(items);
	return err_is_set(e) ? -1 : 0;
}

/* Those named, or all: `ids` address them, `names` are shown. */
static int
lifecycle_targets(struct client *c, const struct args *args, const struct action *action, struct strv *ids, struct strv *names,
                  struct err *e)
{
	if (args_has(args, "all") || args_has(args, "label")) {
		if (args->nwords > 0)
			return args_usage(e, "Give names, or --all or --label, not both");
		return lifecycle_all(c, args, action, ids, names, e);
	}
	if (args->nwords == 0)
		return args_usage(e, "Name at least one container, or give --all or --label");
	for (size_t i = 0; i < args->nwords; i++) {
		AUTO_BUF struct buf id = { 0 };

		client_container(c, args->words[i], &id);
		if (id.failed || !strv_add(ids, id.data) || !strv_add(names, args->words[i]))
			return err_set(e, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

/* The start that follows: whoever comes next finds the container running. */
static int
lifecycle_await_start(struct client *c, const char *id, const char *label, struct err *e)
{
	AUTO_BUF struct buf query = { 0 }, path = { 0 };
	struct json_object *page = NULL, *items = NULL, *last;
	const char *state, *operation;
	int rc;

	call_query_add(&query, "container", id);
	call_query_add(&query, "kind", "container_start");
	call_query_add(&query, "limit", "1");
	if (call_json(c, OPERATION_LIST, NULL, query.data, NULL, &page, e) < 0)
		return -1;
	items = json_object_object_get(page, "items");
	last = items && json_object_array_length(items) > 0 ? json_object_array_get_idx(items, 0) : NULL;
	state = call_text(last, "state");
	operation = call_text(last, "id");
	rc = 0;
	if (state && operation && (strcmp(state, "queued") == 0 || strcmp(state, "running") == 0)) {
		op_path(op_get(OPERATION_SHOW), operation, &path);
		rc = follow_operation(c, path.data, label, -1, NULL, e);
	}
	json_object_put(page);
	return rc;
}

static int
lifecycle_one(struct client *c, const struct action *action, const char *id, const char *name, struct err *e)
{
	if (operation_run(c, action->op, id, action->query.data, action->body, name, NULL, e) < 0)
		return -1;
	return action->op == CONTAINER_UNSUSPEND && c->wait ? lifecycle_await_start(c, id, name, e) : 0;
}

static int
lifecycle_each(struct client *c, const struct action *action, const struct strv *ids, const struct strv *names, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < ids->n; i++) {
		err_clear(e);
		if (lifecycle_one(c, action, ids->v[i], names->v[i], e) == 0) {
			if (c->wait)
				client_say(c, "%s: %s", names->v[i], action->done);
			continue;
		}
		problem_print(names->v[i], e);
		if (status == 0)
			status = problem_exit_status(e);
		if (problem_exit_status(e) == EXIT_INTERRUPTED || (e->kind == ERR_UNAVAILABLE && ids->n - i > 1))
			return problem_exit_status(e);
	}
	return status;
}

static bool
lifecycle_may_delete(const struct strv *names, bool all)
{
	AUTO_BUF struct buf question = { 0 };

	if (names->n == 0)
		return true;
	if (names->n == 1)
		buf_addf(&question, "Delete the container %s and its data?", names->v[0]);
	else
		buf_addf(&question, "Delete %s%zu containers and their data?", all ? "all " : "", names->n);
	return !question.failed && client_confirm(question.data);
}

/* The action's query and body are freed here. */
static int
lifecycle_run(struct client *c, const struct args *args, struct action *action, struct err *e)
{
	AUTO_STRV struct strv ids = { 0 }, names = { 0 };
	int rc = lifecycle_targets(c, args, action, &ids, &names, e);

	if (rc == 0 && action->op == CONTAINER_DELETE && !args_has(args, "yes") &&
	    !lifecycle_may_delete(&names, args_has(args, "all"))) {
		err_set(e, ERR_CANCELLED, "Nothing was deleted");
		rc = -1;
	}
	/* Whoever mistyped a label or a tenant would else take it for done. */
	if (rc == 0 && names.n == 0)
		client_say(c, "There is no container that it applies to");
	if (rc == 0)
		rc = lifecycle_each(c, action, &ids, &names, e);
	buf_clear(&action->query);
	json_object_put(action->body);
	return rc;
}

static int
lifecycle_start(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_START, .done = "started", .states = "stopped,crashed" };
	const char *rescue = args_value(args, "rescue"), *why = rescue ? check_template(rescue) : NULL;

	if (why)
		return args_usage(e, "--rescue '%s' %s", rescue, why);
	if (rescue) {
		action.body = json_object_new_object();
		json_object_object_add(action.body, "rescue", json_object_new_string(rescue));
	}
	return lifecycle_run(c, args, &action, e);
}

const struct verb start_verb = {
	.name = "start",
	.args = "NAME…",
	.help = "Start containers",
	.examples = "berth start web1 web2\n"
	            "berth start --all\n"
	            "berth start web1 --rescue busybox",
	.options = lifecycle_start_opts,
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_start,
};

static int
lifecycle_stop_body(const struct args *args, struct json_object **body_out, struct err *e)
{
	int64_t timeout = -1;

	if (args_int(args, "timeout", 0, 3600, &timeout, e) < 0)
		return -1;
	if (timeout >= 0 && args_has(args, "kill"))
		return args_usage(e, "--timeout and --kill exclude each other");
	if (timeout < 0 && !args_has(args, "kill"))
		return 0;
	*body_out = json_object_new_object();
	if (timeout >= 0)
		json_object_object_add(*body_out, "timeout", json_object_new_int64(timeout));
	if (args_has(args, "kill"))
		json_object_object_add(*body_out, "kill", json_object_new_boolean(1));
	return 0;
}

static int
lifecycle_stop(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_STOP, .done = "stopped", .states = "starting,running,frozen" };

	if (lifecycle_stop_body(args, &action.body, e) < 0)
		return -1;
	return lifecycle_run(c, args, &action, e);
}

const struct verb stop_verb = {
	.name = "stop",
	.args = "NAME…",
	.help = "Stop containers",
	.more = "Its init is asked to power off, in its own way; after the timeout it is killed. "
	        "What it has written and the host still has in memory goes to the pool's disk then, in the background: "
	        "the next start, or a delete, waits for that.",
	.examples = "berth stop web1 --timeout 10\n"
	            "berth stop web1 --kill\n"
	            "berth stop --all --tenant acme",
	.options = lifecycle_stop_opts,
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_stop,
};

static int
lifecycle_restart(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_RESTART, .done = "restarted", .states = "running,frozen" };

	if (lifecycle_stop_body(args, &action.body, e) < 0)
		return -1;
	return lifecycle_run(c, args, &action, e);
}

const struct verb restart_verb = {
	.name = "restart",
	.args = "NAME…",
	.help = "Stop and start containers",
	.examples = "berth restart web1",
	.options = lifecycle_stop_opts,
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_restart,
};

static int
lifecycle_suspend(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_SUSPEND,
		                 .done = "suspended",
		                 .states = "stopped,crashed,starting,running,stopping,frozen" };
	const char *reason = args_value(args, "reason");

	if (!reason)
		return args_usage(e, "--reason is required: the tenant sees it");
	if (lifecycle_stop_body(args, &action.body, e) < 0)
		return -1;
	if (!action.body)
		action.body = json_object_new_object();
	if (args_has(args, "freeze"))
		json_object_object_add(action.body, "freeze", json_object_new_boolean(1));
	json_object_object_add(action.body, "reason", json_object_new_string(reason));
	return lifecycle_run(c, args, &action, e);
}

const struct verb suspend_verb = {
	.name = "suspend",
	.args = "NAME… --reason TEXT",
	.help = "Stop containers, or freeze them, and keep them so, whatever their tenant does",
	.more = "Its tenant sees the reason, and can neither start nor delete it. Not even a reboot of the host brings it up. "
	        "What runs in one that is frozen stays in memory and goes on when the suspension is lifted.",
	.examples = "berth suspend acme:web1 --reason 'unpaid invoice 4711'\n"
	            "berth suspend --all --tenant acme --reason abuse --kill\n"
	            "berth suspend acme:web1 --reason 'under investigation' --freeze",
	.options = lifecycle_suspend_opts,
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_suspend,
};

static int
lifecycle_unsuspend(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_UNSUSPEND, .done = "no longer suspended", .states = "suspended" };

	return lifecycle_run(c, args, &action, e);
}

const struct verb unsuspend_verb = {
	.name = "unsuspend",
	.args = "NAME…",
	.help = "Lift the suspension of containers",
	.more = "One that ran, or should have, starts again; one that was frozen goes on.",
	.examples = "berth unsuspend acme:web1\n"
	            "berth unsuspend --all --tenant acme",
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_unsuspend,
};

static int
lifecycle_freeze(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_FREEZE, .done = "frozen", .states = "running" };

	return lifecycle_run(c, args, &action, e);
}

const struct verb freeze_verb = {
	.name = "freeze",
	.args = "NAME…",
	.help = "Freeze all processes of containers",
	.examples = "berth freeze web1",
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_freeze,
};

static int
lifecycle_thaw(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_THAW, .done = "thawed", .states = "frozen" };

	return lifecycle_run(c, args, &action, e);
}

const struct verb thaw_verb = {
	.name = "thaw",
	.args = "NAME…",
	.help = "Thaw frozen containers",
	.examples = "berth thaw web1",
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_thaw,
};

static int
lifecycle_delete(struct client *c, const struct args *args, struct err *e)
{
	struct action action = { .op = CONTAINER_DELETE, .done = "deleted" };

	if (args_has(args, "force"))
		call_query_add(&action.query, "force", "true");
	return lifecycle_run(c, args, &action, e);
}

const struct verb delete_verb = {
	.name = "delete",
	.args = "NAME…",
	.help = "Delete containers and their data",
	.more = "A running container is refused without --force. On a terminal it asks first.",
	.examples = "berth delete web1\n"
	            "berth delete web1 web2 --force --yes",
	.options = lifecycle_delete_opts,
	.groups = VERB_MANY,
	.max = WORDS_ANY,
	.words = "@container",
	.run = lifecycle_delete,
};

static int
lifecycle_host(struct client *c, enum op_id op, const char *label, const char *said, struct err *e)
{
	struct json_object *end = NULL, *result;
	int64_t all, failed;
	int rc = operation_run(c, op, NULL, NULL, NULL, label, &end, e);

	if (rc < 0 || !end)
		return rc;
	result = json_object_object_get(end, "result");
	all = call_int(result, "containers", 0);
	failed = call_int(result, "failed", 0);
	client_say(c, "%lld of %lld containers %s", (long long)(all - failed), (long long)all, said);
	json_object_put(end);
	return failed > 0;
}

static int
lifecycle_host_boot(struct client *c, const struct args *args, struct err *e)
{
	return lifecycle_host(c, HOST_BOOT, "boot", "started", e);
}

const struct verb host_boot_verb = {
	.name = "host boot",
	.args = "",
	.help = "Start the containers that belong up",
	.more = "berthd does so by itself when it starts for the first time since the host booted; then this waits for its end.",
	.examples = "berth host boot",
	.run = lifecycle_host_boot,
};

static int
lifecycle_host_shutdown(struct client *c, const struct args *args, struct err *e)
{
	return lifecycle_host(c, HOST_SHUTDOWN, "shutdown", "stopped", e);
}

const struct verb host_shutdown_verb = {
	.name = "host shutdown",
	.args = "",
	.help = "Stop all containers, as before the host's end",
	.more = "Those with the lowest boot_priority stop first, within shutdown_timeout in all. They come back with the next "
	        "boot.",
	.examples = "berth host shutdown",
	.run = lifecycle_host_shutdown,
};
