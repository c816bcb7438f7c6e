/* Connections to the containers' monitors: what they observe, what they are told. */
#include "daemon/engine/monitors.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/engine/requests.h"
#include "daemon/engine/task.h"
#include "daemon/util/clock.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { MONITORS_HEAR_MS = 100, MONITORS_HEAR_ALL_MS = 2000, MONITORS_AGAIN_S = 1 };

static void
monitors_set_exit(struct container *ct, const char *text, int64_t status, int64_t signal, int64_t at)
{
	record_clear(&observed_schema, &ct->exit);
	ct->exit.exit = strdup(text);
	ct->exit.exit_status = status;
	ct->exit.exit_signal = signal;
	ct->exit.exited_at = at;
	record_mark(&observed_schema, &ct->exit, "exit", ct->exit.exit != NULL);
	record_mark(&observed_schema, &ct->exit, "exit_status", true);
	record_mark(&observed_schema, &ct->exit, "exit_signal", true);
	record_mark(&observed_schema, &ct->exit, "exited_at", true);
}

/* The record that a monitor left; without one the host went down under the container. */
void
monitors_read_exit(struct engine *engine, struct container *ct)
{
	struct observed o = { 0 };
	AUTO_FREE char *text = NULL;
	struct json_object *json = NULL;
	enum container_state state;
	char path[64];

	ct->state = STATE_STOPPED;
	snprintf(path, sizeof path, "ct/%lld/exit", (long long)ct->place.ctid);
	if (fd_read_file(engine->run_fd, path, 4096, &text, NULL, NULL) < 0)
		return;
	json = json_tokener_parse(text);
	if (json && record_from_file_json(&observed_schema, json, &o, NULL) == 0) {
		if (o.state && container_state_of_name(o.state, &state) && (state == STATE_STOPPED || state == STATE_CRASHED))
			ct->state = state;
		ct->restarts = o.restarts;
		monitors_set_exit(ct, o.exit ? o.exit : "", o.exit_status, o.exit_signal, o.exited_at);
	}
	json_object_put(json);
	record_clear(&observed_schema, &o);
}

static void
monitors_disconnect(struct container *ct)
{
	if (ct->monitor_event)
		event_free(ct->monitor_event);
	ct->monitor_event = NULL;
	if (ct->monitor >= 0)
		close(ct->monitor);
	ct->monitor = -1;
	ct->pid = 0;
	ct->note[0] = '\0';
}

bool
monitors_is_starting(const struct container *ct)
{
	return ct->state == STATE_STARTING && !ct->note[0];
}

static void
monitors_take_state(struct engine *engine, struct container *ct, const struct monitor_msg *m)
{
	if (m->a < 0 || m->a >= STATE_COUNT)
		return;
	ct->state = (enum container_state)m->a;
	ct->pid = m->pid;
	ct->restarts = m->b;
	snprintf(ct->note, sizeof ct->note, "%.*s", (int)sizeof ct->note - 1, m->text);
	ct->started_at = m->c;
	link_send_observed(engine, ct);
	requests_monitor_told(ct);
}

static void
monitors_take(struct engine *engine, struct container *ct, const struct monitor_msg *m)
{
	switch ((enum monitor_verb)m->verb) {
	case MONITOR_STATE:
		monitors_take_state(engine, ct, m);
		break;
	case MONITOR_DONE:
		if (ct->task && ct->task->serial == m->serial)
			requests_monitor_done(ct->task, (int)m->a, m->text);
		break;
	case MONITOR_EXIT:
		ct->exit_told = true;
		ct->state = m->a == STATE_CRASHED ? STATE_CRASHED : STATE_STOPPED;
		monitors_set_exit(ct, m->text, m->b & 0xff, m->c & 0x7f, (int64_t)time(NULL));
		break;
	case MONITOR_STOP:
	case MONITOR_KILL:
	case MONITOR_FREEZE:
	case MONITOR_THAW:
	case MONITOR_ATTACH:
	case MONITOR_RESIZE:
		break;
	}
}

static void
monitors_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct container *ct = arg;
	struct engine *engine = ct->engine;
	struct monitor_msg m;
	ssize_t n = recv(ct->monitor, &m, sizeof m, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == (ssize_t)sizeof m && m.magic == MONITOR_MAGIC) {
		m.text[sizeof m.text - 1] = '\0';
		monitors_take(engine, ct, &m);
		return;
	}
	monitors_disconnect(ct);
	/* One that was killed, or that let us go because we didn't listen. A second attempt to tidy would fare no better than the
	 * first. */
	if (!ct->tidying && monitors_find(engine, ct))
		return;
	ct->tidying = false;
	if (!ct->exit_told)
		monitors_read_exit(engine, ct);
	requests_monitor_ended(engine, ct);
}

int
monitors_attach(struct engine *engine, struct container *ct, int fd, struct err *e)
{
	ct->engine = engine;
	ct->exit_told = false;
	ct->monitor_event = event_new(engine->base, fd, EV_READ | EV_PERSIST, monitors_on_read, ct);
	if (ct->monitor_event && event_add(ct->monitor_event, NULL) == 0) {
		ct->monitor = fd;
		return 0;
	}
	if (ct->monitor_event)
		event_free(ct->monitor_event);
	ct->monitor_event = NULL;
	return err_set(e, ERR_INTERNAL, "out of memory");
}

/* 1 connected, 0 there is none, -1 error: then there may be one. */
static int
monitors_connect(struct engine *engine, struct container *ct, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, "make a socket");
	snprintf(address.sun_path, sizeof address.sun_path, "%s/ct/%lld/monitor", engine->settings->run_dir,
	         (long long)ct->place.ctid);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return errno == ENOENT || errno == ECONNREFUSED ? 0 : err_sys(e, "connect to the container's monitor");
	if (monitors_attach(engine, ct, fd, e) < 0)
		return -1;
	take_fd(&fd);
	return 1;
}

static void
monitors_on_again(evutil_socket_t fd, short what, void *arg)
{
	struct container *ct = arg;

	event_free(ct->monitor_event);
	ct->monitor_event = NULL;
	if (!monitors_find(ct->engine, ct)) {
		monitors_read_exit(ct->engine, ct);
		requests_monitor_ended(ct->engine, ct);
	}
}

bool
monitors_is_unreached(const struct container *ct)
{
	return ct->monitor < 0 && ct->monitor_event;
}

bool
monitors_find(struct engine *engine, struct container *ct)
{
	const struct timeval again = { .tv_sec = MONITORS_AGAIN_S };
	struct err e = { 0 };
	int rc = monitors_connect(engine, ct, &e);

	/* Its own word comes at once. */
	if (rc == 1)
		return true;
	if (rc == 0 && !monitors_tidy(engine, ct))
		return false;
	if (rc < 0) {
		log_err(&e, "container %lld", (long long)ct->place.ctid);
		ct->engine = engine;
		ct->state = STATE_STARTING;
		ct->monitor_event = evtimer_new(engine->base, monitors_on_again, ct);
		if (ct->monitor_event)
			evtimer_add(ct->monitor_event, &again);
	}
	link_send_observed(engine, ct);
	return true;
}

int
monitors_command(struct engine *engine, struct container *ct, enum monitor_verb verb, int64_t a, uint32_t *serial_out,
                 struct err *e)
{
	struct monitor_msg m = { .magic = MONITOR_MAGIC, .version = MONITOR_VERSION, .verb = (uint16_t)verb, .a = a };

	m.serial = ++engine->last_serial;
	/* With the monitor gone its end is in the socket, unread as yet: that is the answer (requests_monitor_ended). */
	if (fd_send(ct->monitor, &m, sizeof m, NULL, 0, 0) < 0 && errno != EPIPE && errno != ECONNRESET)
		return err_sys(e, "tell the container's monitor");
	FAULT("engine.monitor-told");
	if (serial_out)
		*serial_out = m.serial;
	return 0;
}

/* A monitor says its state at once; one that hangs costs a moment, and all that do no more than a few. */
static void
monitors_hear(struct container *ct, int64_t *patience_ms)
{
	int64_t before_ms = clock_ms(CLOCK_MONOTONIC);
	struct pollfd p = { .fd = ct->monitor, .events = POLLIN };
	int n = poll(&p, 1, *patience_ms > MONITORS_HEAR_MS ? MONITORS_HEAR_MS : *patience_ms > 0 ? (int)*patience_ms : 0);

	*patience_ms -= clock_ms(CLOCK_MONOTONIC) - before_ms;
	ct->state = STATE_STARTING;
	if (n == 1)
		monitors_on_read(ct->monitor, EV_READ, ct);
	else
		log_warning("the monitor of container %lld doesn't say how it is", (long long)ct->place.ctid);
}

/* All are connected before the first is waited for: those that don't hang have said their word by then. */
void
monitors_adopt(struct engine *engine)
{
	int64_t patience_ms = MONITORS_HEAR_ALL_MS;
	struct container *ct;

	LIST_FOREACH(ct, &engine->registry.containers, link)
	if (!monitors_find(engine, ct))
		monitors_read_exit(engine, ct);
	LIST_FOREACH(ct, &engine->registry.containers, link)
	if (ct->monitor >= 0 && !ct->tidying)
		monitors_hear(ct, &patience_ms);
}
