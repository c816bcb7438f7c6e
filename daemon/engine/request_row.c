#include "daemon/engine/request_row.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/engine/monitors.h"
#include "daemon/engine/task.h"
#include "daemon/engine/which.h"
#include "daemon/util/log.h"

static int
request_config_check(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;

	return registry_check_config(&task->engine->registry, task->ct, &request->config, e);
}

static int
request_begin_create(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;

	task->ct = registry_add(&task->engine->registry, &request->config, request->tenant_number, e);
	if (!task->ct)
		return -1;
	task->exclusive = true;
	task->ct->task = task;
	return task_spawn_job(task, REQUEST_CREATE, e);
}

static int
request_begin_start(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;
	struct container *ct = task->ct;

	if (ct->monitor >= 0)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The container is already %s", container_state_name(ct->state)),
		                    "already_running"));
	if (request_config_check(task, e) < 0)
		return -1;
	free(ct->rescue);
	ct->rescue = request->rescue ? strdup(request->rescue) : NULL;
	ct->state = STATE_STARTING;
	return task_spawn_monitor(task, e);
}

static int
request_stop_container(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;
	struct engine *engine = task->engine;
	int64_t timeout = record_has(&request_schema, request, "timeout") ? request->timeout : engine->settings->stop_timeout;

	task->stopping = true;
	if (monitors_command(engine, task->ct, request->kill ? MONITOR_KILL : MONITOR_STOP, timeout, &task->serial, e) < 0)
		return -1;
	task_set_deadline(task, timeout + MONITOR_GRACE_S);
	return 0;
}

static int
request_begin_stop(struct task *task, struct err *e)
{
	if (task->ct->monitor < 0)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The container isn't running"), "not_running"));
	return request_stop_container(task, e);
}

static int
request_begin_restart(struct task *task, struct err *e)
{
	if (request_config_check(task, e) < 0)
		return -1;
	return task->ct->monitor < 0 ? request_begin_start(task, e) : request_stop_container(task, e);
}

static int
request_begin_delete(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;

	if (task->ct->monitor >= 0 && !request->force)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The container is running: stop it first, or delete it with force"),
		                    "running"));
	if (task->ct->monitor >= 0)
		return request_stop_container(task, e);
	task->ct->state = STATE_DELETING;
	return task_spawn_job(task, REQUEST_DELETE, e);
}

static int
request_begin_freeze(struct task *task, struct err *e)
{
	enum monitor_verb verb = task->type == REQUEST_THAW ? MONITOR_THAW : MONITOR_FREEZE;

	if (task->type == REQUEST_THAW && task->ct->state != STATE_FROZEN)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The container isn't frozen"), "not_frozen"));
	if (monitors_command(task->engine, task->ct, verb, 0, &task->serial, e) < 0)
		return -1;
	task_set_deadline(task, MONITOR_GRACE_S);
	return 0;
}

void
request_thaw(struct task *task)
{
	struct err e = { 0 };

	if (task->ct->monitor >= 0 && monitors_command(task->engine, task->ct, MONITOR_THAW, 0, NULL, &e) < 0)
		log_err(&e, "thaw %s", task->ct->place.name);
}

static int
request_begin_set(struct task *task, struct err *e)
{
	return request_config_check(task, e) < 0 ? -1 : task_spawn_job(task, REQUEST_SET, e);
}

static int
request_begin_suspend(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;

	if (request_config_check(task, e) < 0)
		return -1;
	if (task->ct->monitor < 0 || (request->freeze && task->ct->state == STATE_FROZEN))
		return request_begin_set(task, e);
	/* One that is about to start has nothing yet that would be worth keeping. */
	if (!request->freeze || task->ct->state != STATE_RUNNING)
		return request_stop_container(task, e);
	task->freezing = true;
	return request_begin_freeze(task, e);
}

static int
request_begin_template_build(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;
	struct task *other;

	LIST_FOREACH(other, &task->engine->tasks, link)
	if (other != task && other->type == REQUEST_TEMPLATE_BUILD &&
	    strcmp(((const struct request *)other->request.record)->template, request->template) == 0)
		return err_set(e, ERR_LOCKED, "Template '%s' is being built already", request->template);
	return task_spawn_job(task, REQUEST_TEMPLATE_BUILD, e);
}

static int
request_begin_template_delete(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;

	if (!registry_template(&task->engine->registry, request->template))
		return err_set(e, ERR_NOT_FOUND, "There is no template '%s'", request->template);
	if (registry_uses_template(&task->engine->registry, request->template))
		return err_code(e, (err_set(e, ERR_CONFLICT, "Template '%s' is used by a container", request->template),
		                    "template_in_use"));
	return task_spawn_job(task, REQUEST_TEMPLATE_DELETE, e);
}

static int
request_begin_alone(struct task *task, struct err *e)
{
	const struct task *other;

	LIST_FOREACH(other, &task->engine->tasks, link)
	if (other != task && other->type == task->type)
		return err_set(e, ERR_LOCKED, "This is under way already");
	return task_spawn_job(task, task->type, e);
}

/* The counters of what is registered are never dropped. */
static int
request_begin_meter(struct task *task, struct err *e)
{
	const struct request *request = task->request.record;
	const struct container *ct;
	const char *why;
	int64_t ctid;

	for (size_t i = 0; i < request->ctids.n; i++) {
		if (field_parse_int(request->ctids.v[i], &ctid, &why) < 0 || ctid <= 0)
			return err_set(e, ERR_BAD_REQUEST, "'%s' is no container's number", request->ctids.v[i]);
		LIST_FOREACH(ct, &task->engine->registry.containers, link)
		if (ct->place.ctid == ctid)
			return err_set(e, ERR_CONFLICT, "Container %lld is still there", (long long)ctid);
	}
	return request_begin_alone(task, e);
}

static int
request_begin_which(struct task *task, struct err *e)
{
	if (which_find_json(task->engine, task->request.record, &task->done.result, e) < 0)
		return -1;
	record_mark(&done_schema, &task->done, "result", true);
	task_end(task, NULL);
	return 0;
}

/* The template's folder tells what was built; the api hears of it before the operation's end. */
static void
request_take_template(struct task *task)
{
	struct engine *engine = task->engine;
	const struct template *t = NULL;
	struct template built = { 0 };
	struct json_object *json = task->done.result ? json_tokener_parse(task->done.result) : NULL;
	struct err e = { 0 };

	if (json && record_from_file_json(&template_schema, json, &built, &e) == 0 && built.name && built.version)
		t = registry_add_template(&engine->registry, built.name, built.version, &e);
	if (t)
		link_send(engine, REPLY_TEMPLATE, t);
	else
		log_err(&e, "read the built template");
	json_object_put(json);
	record_clear(&template_schema, &built);
}

static void
request_drop_template(struct task *task)
{
	const struct request *request = task->request.record;
	const struct template *t = registry_template(&task->engine->registry, request->template);

	if (t)
		link_send(task->engine, REPLY_TEMPLATE_GONE, t);
	registry_remove_template(&task->engine->registry, request->template);
}

void
request_forget_container(struct engine *engine, struct container *ct)
{
	struct task *task;

	LIST_FOREACH(task, &engine->tasks, link)
	if (task->ct == ct)
		task->ct = NULL;
	registry_remove(&engine->registry, ct);
}

static void
request_deleted(struct task *task)
{
	struct observed gone = { .id = task->ct->place.id };

	record_mark(&observed_schema, &gone, "id", true);
	link_send(task->engine, REPLY_GONE, &gone);
	request_forget_container(task->engine, task->ct);
}

static void
request_created(struct task *task)
{
	task->ct->state = STATE_STOPPED;
	link_send_observed(task->engine, task->ct);
}

/* From here on the monitor tells what is so; if it has ended already, its exit record does. */
static void
request_started(struct task *task)
{
	struct container *ct = task->ct;

	if (ct->monitor < 0 && !monitors_find(task->engine, ct)) {
		monitors_read_exit(task->engine, ct);
		link_send_observed(task->engine, ct);
		return;
	}
	if (ct->tidying)
		return;
	/* The end comes after its word: only that tells the process, and the stop half of a restart has said that it is stopped. */
	task->awaiting = monitors_is_starting(ct);
	if (task->awaiting)
		task_set_deadline(task, MONITOR_GRACE_S);
	else
		link_send_observed(task->engine, ct);
}

static void
request_changed(struct task *task)
{
	const struct request *request = task->request.record;

	if (strv_contains(&request->changed, "suspended") && !request->config.suspended && task->ct->state == STATE_FROZEN)
		request_thaw(task);
	for (size_t i = 0; i < request->changed.n; i++)
		if (place_has(request->changed.v[i])) {
			place_take(&task->ct->place, &request->config);
			return;
		}
}

static const struct request_row request_rows[] = {
	{ REQUEST_CREATE, JOB, request_begin_create, request_created, NULL },
	{ REQUEST_DELETE, NEEDS_CONTAINER | EXCLUSIVE | JOB, request_begin_delete, request_deleted, request_begin_delete },
	{ REQUEST_START, NEEDS_CONTAINER | EXCLUSIVE | JOB, request_begin_start, request_started, NULL },
	{ REQUEST_STOP, NEEDS_CONTAINER | EXCLUSIVE, request_begin_stop, NULL, NULL },
	{ REQUEST_RESTART, NEEDS_CONTAINER | EXCLUSIVE, request_begin_restart, request_started, request_begin_start },
	{ REQUEST_FREEZE, NEEDS_CONTAINER | EXCLUSIVE | NEEDS_RUNNING, request_begin_freeze, NULL, NULL },
	{ REQUEST_THAW, NEEDS_CONTAINER | EXCLUSIVE | NEEDS_RUNNING, request_begin_freeze, NULL, NULL },
	{ REQUEST_SET, NEEDS_CONTAINER | EXCLUSIVE | JOB, request_begin_set, request_changed, NULL },
	{ REQUEST_SUSPEND, NEEDS_CONTAINER | EXCLUSIVE | JOB, request_begin_suspend, request_changed, request_begin_set },
	{ REQUEST_EXEC, NEEDS_CONTAINER | STREAM | NEEDS_RUNNING, NULL, NULL, NULL },
	{ REQUEST_CONSOLE, NEEDS_CONTAINER | STREAM | NEEDS_RUNNING, NULL, NULL, NULL },
	{ REQUEST_LOGS, NEEDS_CONTAINER | STREAM, NULL, NULL, NULL },
	{ REQUEST_LIMITS, NEEDS_CONTAINER, NULL, NULL, NULL },
	{ REQUEST_WHICH, 0, request_begin_which, NULL, NULL },
	{ REQUEST_DOCTOR, 0, NULL, NULL, NULL },
	{ REQUEST_CAPACITY, 0, NULL, NULL, NULL },
	{ REQUEST_RECOVER, 0, request_begin_alone, NULL, NULL },
	{ REQUEST_COPY, 0, request_begin_alone, NULL, NULL },
	{ REQUEST_METER, 0, request_begin_meter, NULL, NULL },
	{ REQUEST_TEMPLATE_BUILD, JOB, request_begin_template_build, request_take_template, NULL },
	{ REQUEST_TEMPLATE_DELETE, JOB, request_begin_template_delete, request_drop_template, NULL },
};

const struct request_row *
request_row(enum msg_type type)
{
	for (size_t i = 0; i < sizeof request_rows / sizeof *request_rows; i++)
		if (request_rows[i].type == type)
			return &request_rows[i];
	return NULL;
}
