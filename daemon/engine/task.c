/* One request under way: its job, its deadline, its end. */
#include "daemon/engine/task.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/engine/monitors.h"
#include "daemon/engine/requests.h"
#include "daemon/engine/sessions.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { TASK_DYING_S = 10 };

/* The program with its verb, and the seconds it may take; 0: as long as the caller stays. */
static const struct {
	enum msg_type type;
	const char *verb;
	int64_t seconds;
	const char *program; /* NULL: berth-job */
} task_jobs[] = {
	{ REQUEST_CREATE, "create", 120, "berth-create" },
	{ REQUEST_DELETE, "delete", 300, NULL },
	{ REQUEST_START, "launch", 90, NULL },
	{ REQUEST_SET, "set", 60, NULL },
	{ REQUEST_LIMITS, "limits", 10, NULL },
	{ REQUEST_DOCTOR, "doctor", 60, NULL },
	{ REQUEST_CAPACITY, "capacity", 10, NULL },
	{ REQUEST_RECOVER, "recover", 300, NULL },
	{ REQUEST_COPY, "copy", 300, NULL },
	{ REQUEST_METER, "meter", 300, NULL },
	{ REQUEST_EXEC, "exec", 0, NULL },
	{ REQUEST_CONSOLE, "console", 0, NULL },
	{ REQUEST_LOGS, "logs", 0, NULL },
	{ REQUEST_TEMPLATE_BUILD, "template-build", 3600, NULL },
	{ REQUEST_TEMPLATE_DELETE, "template-delete", 300, NULL },
	{ REQUEST_HOST_SETUP, "host-setup", 300, NULL },
};

static size_t
task_job_index(enum msg_type type)
{
	size_t i = 0;

	while (i + 1 < sizeof task_jobs / sizeof *task_jobs && task_jobs[i].type != type)
		i++;
	return i;
}

struct task *
task_new(struct engine *engine, struct msg *msg, const struct request_row *row, struct container *ct, bool exclusive)
{
	struct task *task = calloc(1, sizeof *task);

	if (!task)
		return NULL;
	task->engine = engine;
	task->type = msg->type;
	task->row = row;
	task->request = *msg;
	memset(msg, 0, sizeof *msg);
	task->ct = ct;
	task->exclusive = exclusive && ct;
	if (task->exclusive)
		ct->task = task;
	task->pidfd = -1;
	task->channel = -1;
	LIST_INSERT_HEAD(&engine->tasks, task, link);
	return task;
}

struct task *
task_find(const struct engine *engine, const char *op)
{
	struct task *task;

	LIST_FOREACH(task, &engine->tasks, link)
	if (strcmp(((const struct request *)task->request.record)->op, op) == 0)
		return task;
	return NULL;
}

/* The job's side of things is over: the channel, its process if it is still there. */
static void
task_close_job(struct task *task)
{
	if (task->channel_event)
		event_free(task->channel_event);
	task->channel_event = NULL;
	if (task->channel >= 0)
		close(task->channel);
	task->channel = -1;
	if (task->pidfd >= 0)
		close(task->pidfd);
	task->pidfd = -1;
	task->pid = 0;
}

static void
task_on_channel(evutil_socket_t fd, short what, void *arg)
{
	struct task *task = arg;
	struct err e = { 0 };
	AUTO_MSG struct msg msg = { 0 };
	int rc = msg_recv(task->channel, &msg, &e);

	if (rc < 0 && e.kind == ERR_BUSY)
		return;
	if (rc == 1 && msg.type == REPLY_PROGRESS) {
		if (!task->undoing)
			link_send(task->engine, REPLY_PROGRESS, msg.record);
		return;
	}
	if (rc == 1 && task->type == REQUEST_RECOVER && (msg.type == REPLY_MANIFEST || msg.type == REPLY_COPY)) {
		link_send_fd(task->engine, msg.type, msg.record, msg.nfds ? &msg.fds[0] : NULL);
		return;
	}
	if (rc == 1 && msg.type == REPLY_DONE) {
		record_clear(&done_schema, &task->done);
		memcpy(&task->done, msg.record, sizeof task->done);
		memset(msg.record, 0, sizeof task->done);
		task->finished = true;
	}
	/* The answer, the end without one, or nonsense: in each case the job has nothing more to say. */
	task_close_job(task);
	requests_job_ended(task);
}

static void
task_on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct task *task = arg;

	log_warning("%s takes too long: ended", msg_info(task->type)->name);
	if (!task->cancelled)
		err_set(&task->failure, ERR_TIMEOUT, "The operation took too long and was ended");
	/* Its channel tells when it is gone: until then it holds what the clean-up needs. The kernel may keep it for longer. */
	if (task->pidfd >= 0 && !task->killed) {
		task->killed = true;
		pidfd_send_signal(task->pidfd, SIGKILL, NULL, 0);
		task_set_deadline(task, TASK_DYING_S);
		return;
	}
	if (task->channel >= 0) {
		task_close_job(task);
		requests_job_ended(task);
	} else {
		requests_monitor_done(task, ETIMEDOUT, "its monitor doesn't answer");
	}
}

void
task_set_deadline(struct task *task, int64_t seconds)
{
	int64_t ms = fault_deadline(seconds * 1000);
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (!task->deadline)
		task->deadline = evtimer_new(task->engine->base, task_on_deadline, task);
	if (!task->deadline)
		return;
	if (seconds > 0)
		evtimer_add(task->deadline, &tv);
	else
		evtimer_del(task->deadline);
}

/* Fills the spec of the task's container; settings and layout are copied. The caller clears it. */
static int
task_fill_spec(const struct task *task, struct spec *spec, struct err *e)
{
	const struct request *request = task->request.record;
	const struct engine *engine = task->engine;
	const struct template *t = NULL;
	bool ok;

	ok = record_copy(&settings_schema, &spec->settings, engine->settings) &&
	     record_copy(&layout_schema, &spec->layout, &engine->layout);
	record_mark(&spec_schema, spec, "settings", true);
	record_mark(&spec_schema, spec, "layout", true);
	if (task->ct) {
		ok = ok && record_copy(&place_schema, &spec->place, &task->ct->place) &&
		     record_copy(&container_config_schema, &spec->config, &request->config);
		record_mark(&spec_schema, spec, "place", true);
		record_mark(&spec_schema, spec, "config", true);
		t = registry_template(&engine->registry, task->ct->place.template);
		if (!t)
			return err_set(e, ERR_CONFLICT, "Template '%s' is no longer there", task->ct->place.template);
		ok = ok && record_copy(&template_schema, &spec->template, t);
		record_mark(&spec_schema, spec, "template", true);
		/* A request without a configuration still needs the addresses that firewall and routes were made for; in one with
		   it an empty list is what was wanted. */
		if (!record_has(&request_schema, request, "config")) {
			ok = ok && strv_copy(&spec->config.ip, &task->ct->place.ip) &&
			     strv_copy(&spec->config.nics, &task->ct->place.nics);
			record_mark(&container_config_schema, &spec->config, "ip", true);
			record_mark(&container_config_schema, &spec->config, "nics", true);
		}
		/* The spec is written to a file: it carries no secret. */
		if (spec->config.password) {
			explicit_bzero(spec->config.password, strlen(spec->config.password));
			free(spec->config.password);
			spec->config.password = NULL;
			record_mark(&container_config_schema, &spec->config, "password", false);
		}
	}
	if (request->rescue) {
		t = registry_template(&engine->registry, request->rescue);
		if (!t)
			return err_set(e, ERR_NOT_FOUND, "There is no template '%s'", request->rescue);
		ok = ok && record_copy(&template_schema, &spec->rescue, t);
		record_mark(&spec_schema, spec, "rescue", true);
	}
	return ok ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
task_open_channel(struct task *task, int *theirs_out, struct err *e)
{
	int pair[2], size = MSG_MAX * 2;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a job's channel");
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	task->channel = pair[0];
	*theirs_out = pair[1];
	task->channel_event = event_new(task->engine->base, task->channel, EV_READ | EV_PERSIST, task_on_channel, task);
	if (!task->channel_event || event_add(task->channel_event, NULL) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return fd_set_nonblock(task->channel, true, e);
}

/* The job reads its request at leisure: both datagrams fit the socket's buffer. */
static int
task_send_request(struct task *task, enum msg_type type, const struct spec *spec, struct err *e)
{
	size_t nfds = type == task->type ? task->request.nfds : 0;

	if (msg_send(task->channel, type, task->request.record, task->request.fds, nfds, e) < 0)
		return -1;
	if (spec && msg_send(task->channel, SPEC, spec, NULL, 0, e) < 0)
		return -1;
	/* The connection is the job's now. */
	while (nfds > 0 && task->request.nfds > 0)
		close(task->request.fds[--task->request.nfds]);
	return 0;
}

int
task_spawn_job(struct task *task, enum msg_type type, struct err *e)
{
	size_t row = task_job_index(type);
	char program[SPEC_PATH_MAX], name[32], verb[32];
	char *argv[] = { name, verb, NULL };
	AUTO_CLOSE int theirs = -1;
	struct spec spec = { 0 };
	int rc;

	snprintf(name, sizeof name, "%s", task_jobs[row].program ? task_jobs[row].program : "berth-job");
	snprintf(program, sizeof program, "%s/%s", task->engine->settings->libexec_dir, name);
	snprintf(verb, sizeof verb, "%s", task_jobs[row].verb);
	rc = task_fill_spec(task, &spec, e);
	if (rc == 0)
		rc = task_open_channel(task, &theirs, e);
	if (rc == 0)
		rc = spawn_program(program, argv, &(struct spawn_fd){ theirs, SPAWN_CHANNEL }, 1, NULL, &task->pid, e);
	if (rc == 0)
		rc = task_send_request(task, type, &spec, e);
	record_clear(&spec_schema, &spec);
	if (rc < 0) {
		task_close_job(task);
		return -1;
	}
	FAULT("engine.job-started");
	task->pidfd = pidfd_open(task->pid, 0);
	task->killed = false;
	task_set_deadline(task, task_jobs[row].seconds);
	return 0;
}

static int
task_write_spec(struct task *task, const char *run_dir, struct err *e)
{
	AUTO_CLOSE int dir = -1;
	struct spec spec = { 0 };
	int rc;

	if (mkdir(run_dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make '%s'", run_dir);
	dir = open(run_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open '%s'", run_dir);
	unlinkat(dir, "exit", 0);
	rc = task_fill_spec(task, &spec, e);
	if (rc == 0)
		rc = spec_save(&spec, dir, "spec", e);
	record_clear(&spec_schema, &spec);
	return rc;
}

int
task_spawn_monitor(struct task *task, struct err *e)
{
	const struct place *place = &task->ct->place;
	const struct request *request = task->request.record;
	const struct template *t = registry_template(&task->engine->registry, request->rescue ? request->rescue : place->template);
	char run_dir[SPEC_PATH_MAX];
	AUTO_CLOSE int theirs = -1;

	if (!t)
		return err_set(e, ERR_CONFLICT, "Template '%s' is no longer there", place->template);
	snprintf(run_dir, sizeof run_dir, "%s/ct/%lld", task->engine->settings->run_dir, (long long)place->ctid);
	if (task_write_spec(task, run_dir, e) < 0 || fault_at("engine.spec-written", e) < 0 ||
	    task_open_channel(task, &theirs, e) < 0 || monitors_spawn(task->engine, task->ct, t, theirs, &task->pid, e) < 0 ||
	    task_send_request(task, REQUEST_START, NULL, e) < 0) {
		task_close_job(task);
		return -1;
	}
	FAULT("engine.monitor-started");
	task_set_deadline(task, task_jobs[task_job_index(REQUEST_START)].seconds);
	return 0;
}

void
task_end(struct task *task, const struct err *e)
{
	struct request *request = task->request.record;
	struct done failure = { 0 };
	struct engine *engine = task->engine;

	if (e && done_from_err(&failure, request->op, e)) {
		failure.cut_short = task->cut_short;
		record_mark(&done_schema, &failure, "cut_short", task->cut_short);
		link_send(engine, REPLY_DONE, &failure);
	} else {
		if (!record_has(&done_schema, &task->done, "op") && (task->done.op = strdup(request->op)))
			record_mark(&done_schema, &task->done, "op", true);
		link_send(engine, REPLY_DONE, &task->done);
	}
	FAULT("engine.answered");
	if (request_is_stream(task))
		sessions_forget(engine, request->op);
	record_clear(&done_schema, &failure);
	record_clear(&done_schema, &task->done);
	task_close_job(task);
	if (task->deadline)
		event_free(task->deadline);
	if (task->exclusive && task->ct)
		task->ct->task = NULL;
	if (task->queued)
		TAILQ_REMOVE(&engine->waiting, task, queue);
	LIST_REMOVE(task, link);
	msg_clear(&task->request);
	free(task);
}
