/* A request's life: let in, queued or begun, answered. Everything is checked again here, by the engine's own registry. */
#include "daemon/engine/requests.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/http_head.h"
#include "daemon/engine/link.h"
#include "daemon/engine/monitors.h"
#include "daemon/engine/repair.h"
#include "daemon/engine/request_row.h"
#include "daemon/engine/sessions.h"
#include "daemon/engine/task.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/tenant.h"

enum { QUEUE_MAX = 1024, STREAMS_MAX = 1024, CANCEL_GRACE_S = 10 };

/* A caller's connection that no job took over is answered here, shortly, in HTTP: there is nobody else left to do it. */
static void
request_refuse_stream(struct task *task, const struct err *e)
{
	const struct request *request = task->request.record;
	AUTO_BUF struct buf answer = { 0 };

	/* Whoever asked is told nothing of the host: this is the only place that is. */
	if (e->kind == ERR_INTERNAL)
		log_err(e, "%s", msg_info(task->type)->name);
	if (task->request.nfds == 0 || !http_problem_answer(e, request->op, &answer))
		return;
	/* The connection's buffer is empty: so short an answer always fits, and the loop never blocks. */
	if (fd_send(task->request.fds[0], answer.data, answer.len, NULL, 0, MSG_DONTWAIT) < 0)
		log_debug("a stream's caller has left");
}

static void
request_fail(struct task *task, const struct err *e)
{
	struct engine *engine = task->engine;
	struct container *ct = task->ct, *told = task->exclusive && task->type != REQUEST_CREATE ? ct : NULL;

	if (task->row->flags & STREAM)
		request_refuse_stream(task, e);
	if (task->type == REQUEST_CREATE && ct) {
		request_forget_container(engine, ct);
	} else if (task->exclusive && ct && ct->monitor < 0 && (ct->state == STATE_STARTING || ct->state == STATE_DELETING)) {
		ct->state = STATE_STOPPED;
	}
	if (task->freezing && ct)
		request_thaw(task);
	task_end(task, e);
	/* After the end, which puts the state back that was before the request: this is the one that is so. */
	if (told)
		link_send_observed(engine, told);
}

static void request_run_waiting(struct engine *engine);

/* The counters of running jobs and streams, given back when the task ends. */
static void
request_release(struct engine *engine, const struct request_row *row)
{
	if (row->flags & JOB)
		engine->running_jobs--;
	if (row->flags & STREAM)
		engine->streams--;
	request_run_waiting(engine);
}

/* Of what changes something; a failure's precise words are the job's. */
static void
request_log(const struct task *task, const struct err *e)
{
	const struct request *request = task->request.record;
	const struct place *place = task->ct ? &task->ct->place : &(const struct place){ 0 };
	const char *what = msg_info(task->type)->name + strlen("REQUEST_");
	const char *name = place->name ? place->name : request->template ? request->template : request->id ? request->id : "";
	/* As a container is named everywhere. */
	bool others = place->tenant && strcmp(place->tenant, TENANT_DEFAULT) != 0;

	if (!(task->row->flags & (EXCLUSIVE | JOB)))
		return;
	log_about(&(struct log_subject){ place->name, request->id, place->tenant, request->op });
	log_info("%s %s%s%s: %s", what, others ? place->tenant : "", others ? ":" : "", name, e ? e->code : "done");
	log_about(NULL);
}

static void
request_end(struct task *task, const struct err *e)
{
	struct engine *engine = task->engine;
	const struct request_row *row = task->row;

	request_log(task, e);
	if (e)
		request_fail(task, e);
	else
		task_end(task, NULL);
	request_release(engine, row);
}

static void
request_begin(struct task *task)
{
	const struct request_row *row = task->row;
	struct err e = { 0 };
	int rc;

	FAULT("engine.asked");
	if (row->flags & JOB)
		task->engine->running_jobs++;
	if (row->flags & STREAM)
		task->engine->streams++;
	rc = row->begin ? row->begin(task, &e) : task_spawn_job(task, row->type, &e);
	if (rc < 0)
		request_end(task, &e);
}

static void
request_run_waiting(struct engine *engine)
{
	struct task *task;

	while (engine->running_jobs < engine->settings->max_jobs && (task = TAILQ_FIRST(&engine->waiting))) {
		TAILQ_REMOVE(&engine->waiting, task, queue);
		task->queued = false;
		request_begin(task);
	}
}

bool
request_is_stream(const struct task *task)
{
	return task->row->flags & STREAM;
}

/* A job sees its channel's end between two steps and undoes what it did; past a grace it is killed. */
static void
request_cancel(struct task *task)
{
	if (task->cancelled || task->undoing || task->awaiting)
		return;
	task->cancelled = true;
	err_set(&task->failure, ERR_CANCELLED, "The operation was cancelled");
	if (task->queued) {
		request_fail(task, &task->failure);
	} else if (task->channel >= 0) {
		/* A stream's would take the end of its channel for the daemon's, which it outlives. */
		if (request_is_stream(task) && task->pidfd >= 0)
			pidfd_send_signal(task->pidfd, SIGTERM, NULL, 0);
		shutdown(task->channel, SHUT_WR);
		/* What is being removed already can't be kept: a delete that has got so far goes on, for as long as it takes. */
		if (task->type != REQUEST_DELETE)
			task_set_deadline(task, CANCEL_GRACE_S);
	} else {
		request_end(task, &task->failure);
	}
}

static int
request_admit(const struct engine *engine, const struct request_row *row, const struct request *request, struct container *ct,
              struct err *e)
{
	if (task_find(engine, request->op))
		return err_set(e, ERR_CONFLICT, "There is an operation with this id already");
	if ((row->flags & NEEDS_CONTAINER) && !ct)
		return err_set(e, ERR_NOT_FOUND, "There is no such container");
	if (row->flags != 0 && ct && monitors_is_unreached(ct))
		return err_set(e, ERR_UNAVAILABLE, "The container's monitor isn't reached yet: try again");
	if ((row->flags & EXCLUSIVE) && ct->task)
		return err_set(e, ERR_LOCKED, "Another operation on the container is under way: %s",
		               msg_info(ct->task->type)->name);
	if ((row->flags & NEEDS_RUNNING) && (ct->monitor < 0 || ct->state == STATE_STARTING || ct->state == STATE_STOPPING))
		return err_code(e, (err_set(e, ERR_CONFLICT, "The container isn't running"), "not_running"));
	if ((row->flags & STREAM) && engine->streams >= STREAMS_MAX)
		return err_set(e, ERR_BUSY, "Too many streams are open");
	if (row->type == REQUEST_EXEC && ct->state == STATE_FROZEN)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The container is frozen: thaw it first"), "frozen"));
	return 0;
}

static int64_t
request_waiting_count(const struct engine *engine)
{
	const struct task *task;
	int64_t n = 0;

	TAILQ_FOREACH(task, &engine->waiting, queue)
	n++;
	return n;
}

int
requests_handle(struct engine *engine, struct msg *msg, struct err *e)
{
	const struct request_row *row = request_row(msg->type);
	const struct request *request = msg->record;
	struct err refusal = { 0 };
	struct container *ct;
	struct task *task;

	if ((!row && msg->type != REQUEST_CANCEL) || msg_check_request(msg->type, request, e) < 0) {
		if (!err_is_set(e))
			err_set(e, ERR_BAD_REQUEST, "%s is not for the api to send", msg_info(msg->type)->name);
		msg_clear(msg);
		return -1;
	}
	if (msg->type == REQUEST_CANCEL) {
		task = task_find(engine, request->op);
		if (task)
			request_cancel(task);
		else
			sessions_end(engine, request->op);
		msg_clear(msg);
		return 0;
	}
	ct = request->id ? registry_find(&engine->registry, request->id) : NULL;
	if (row->type == REQUEST_CREATE)
		ct = NULL;
	request_admit(engine, row, request, ct, &refusal);
	task = task_new(engine, msg, row, ct, !err_is_set(&refusal) && (row->flags & EXCLUSIVE));
	if (!task) {
		msg_clear(msg);
		return err_set(e, ERR_INTERNAL, "out of memory");
	}
	if (!err_is_set(&refusal) && (row->flags & JOB) && engine->running_jobs >= engine->settings->max_jobs) {
		if (request_waiting_count(engine) < QUEUE_MAX) {
			task->queued = true;
			TAILQ_INSERT_TAIL(&engine->waiting, task, queue);
			return 0;
		}
		err_set(&refusal, ERR_BUSY, "Too many operations are waiting");
	}
	if (!err_is_set(&refusal)) {
		request_begin(task);
		return 0;
	}
	if (row->flags & STREAM)
		request_refuse_stream(task, &refusal);
	task->ct = NULL;
	task_end(task, &refusal);
	return 0;
}

/* A launch that failed: its monitor is still tidying up. The operation ends with it, so that the next start finds no trace. */
static bool
request_await_monitor(struct task *task, const struct err *e)
{
	if (!task->ct || !task->exclusive || task->ct->state != STATE_STARTING || !monitors_find(task->engine, task->ct))
		return false;
	task->failure = *e;
	task->stopping = true;
	task->lost = !task->finished;
	task_set_deadline(task, MONITOR_GRACE_S);
	return true;
}

/* The first job had got so far before it was killed. */
static bool
request_gone_already(struct task *task)
{
	if (!task->again || err_kind_of_code(task->done.kind) != ERR_NOT_FOUND)
		return false;
	record_clear(&done_schema, &task->done);
	return true;
}

void
requests_job_ended(struct task *task)
{
	struct err e = task->failure;

	FAULT("engine.job-done");
	if (task->undoing) {
		repair_end(task);
		request_end(task, &task->failure);
		return;
	}
	if (!task->finished) {
		if (!err_is_set(&e))
			err_set(&e, ERR_INTERNAL, "The job ended before it was done");
		task->failure = e;
		task->cut_short = true;
		if (repair_begin(task))
			return;
	} else if (record_has(&done_schema, &task->done, "kind") && !request_gone_already(task)) {
		task->cut_short = task->done.cut_short;
		done_to_err(&task->done, &e);
	} else {
		if (task->row->succeed)
			task->row->succeed(task);
		if (!task->awaiting)
			request_end(task, NULL);
		return;
	}
	if (!request_await_monitor(task, &e))
		request_end(task, &e);
}

/* The second half of a restart or a forced delete, once its container has stopped. */
static void
request_go_on(struct task *task)
{
	struct err e = { 0 };
	int rc = 0;

	FAULT("engine.stopped");
	task->stopping = false;
	task->serial = 0;
	task_set_deadline(task, 0);
	if (err_is_set(&task->failure)) {
		request_end(task, &task->failure);
		return;
	}
	if (task->row->stopped)
		rc = task->row->stopped(task, &e);
	else if (task->type == REQUEST_STOP)
		request_end(task, NULL);
	else
		requests_monitor_done(task, ESRCH, "The container stopped meanwhile");
	if (rc < 0)
		request_end(task, &e);
}

void
requests_monitor_told(struct container *ct)
{
	const struct task *task = ct->task;

	if (task && ((task->awaiting && !monitors_is_starting(ct)) || (task->lost && ct->state == STATE_RUNNING)))
		request_end(ct->task, NULL);
}

void
requests_monitor_ended(struct engine *engine, struct container *ct)
{
	struct task *task = ct->task;

	free(ct->rescue);
	ct->rescue = NULL;
	link_send_observed(engine, ct);
	if (task && task->awaiting)
		request_end(task, NULL);
	else if (task && (task->stopping || task->serial))
		request_go_on(task);
}

void
requests_monitor_done(struct task *task, int error, const char *text)
{
	struct err e = { 0 };

	/* A stop's answer is the monitor's end: only then is everything of the container gone. */
	if (error == 0 && task->stopping)
		return;
	if (error == 0 && task->freezing) {
		request_go_on(task);
		return;
	}
	if (error == ETIMEDOUT)
		err_set(&e, ERR_TIMEOUT, "%s", text[0] ? text : "The container doesn't answer");
	else if (error == ESRCH)
		err_set(&e, ERR_CONFLICT, "%s", text[0] ? text : "The container isn't running");
	else if (error != 0)
		err_set(&e, ERR_INTERNAL, "%s", text[0] ? text : strerror(error));
	request_end(task, error ? &e : NULL);
}
