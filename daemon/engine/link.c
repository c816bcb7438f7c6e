/* The api process: started, watched, started again; and the messages to it. */
#include "daemon/engine/link.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/hook.h"
#include "daemon/engine/nic_isolation.h"
#include "daemon/engine/requests.h"
#include "daemon/engine/sessions.h"
#include "daemon/engine/spawn.h"
#include "daemon/engine/task.h"
#include "daemon/engine/watchdog.h"
#include "daemon/util/clock.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { LINK_QUEUE_MAX = 8 << 20 };
enum { LINK_SOON_US = 50000, LINK_LATER_MS = 1000 };
enum { API_END_PAUSES = 200, API_END_PAUSE_MS = 5 };

struct link_message {
	TAILQ_ENTRY(link_message) link;
	struct buf bytes;
	int fd; /* or -1 */
};

static void
link_free_message(struct link_message *m)
{
	if (m->fd >= 0)
		close(m->fd);
	buf_clear(&m->bytes);
	free(m);
}

static void
link_drop_queue(struct engine *engine)
{
	struct link_message *m;

	while ((m = TAILQ_FIRST(&engine->api_queue))) {
		TAILQ_REMOVE(&engine->api_queue, m, link);
		link_free_message(m);
	}
	engine->api_queued = 0;
}

static void
link_close(struct engine *engine)
{
	if (engine->api_link < 0)
		return;
	event_free(engine->api_event);
	event_free(engine->api_write_event);
	close(engine->api_link);
	engine->api_link = -1;
	link_drop_queue(engine);
}

void
link_stop_api(struct engine *engine)
{
	const struct timespec pause = { .tv_nsec = API_END_PAUSE_MS * 1000000L };

	link_close(engine);
	if (engine->api_pid <= 0)
		return;
	/* Whoever stopped the daemon finds nothing of it left. */
	kill(engine->api_pid, SIGTERM);
	for (int i = 0; i < API_END_PAUSES && waitpid(engine->api_pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}

static void
link_on_respawn(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	struct err e = { 0 };

	if (link_start_api(engine, &e) == 0)
		return;
	log_err(&e, "start the api again");
	engine->exit_status = 1;
	event_base_loopbreak(engine->base);
}

/* The api has gone or must go: a new one soon, later the more often it happens. Containers and jobs don't notice. */
static void
link_lost(struct engine *engine, const char *why)
{
	struct timeval delay = { 0, LINK_SOON_US };

	log_warning("the api has ended (%s); starting it again", why);
	link_close(engine);
	if (engine->api_pid > 0)
		kill(engine->api_pid, SIGKILL);
	if (engine->api_starts[0] && engine->api_starts[4] - engine->api_starts[0] < 60)
		delay.tv_usec += fault_delay(LINK_LATER_MS) * 1000;
	event_add(engine->api_respawn, &delay);
}

void
link_replace_api(struct engine *engine, const char *why)
{
	link_lost(engine, why);
}

static void
link_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;

	/* Bounded, so that a flood of requests doesn't starve monitors and jobs. */
	for (int i = 0; i < 32 && engine->api_link >= 0; i++) {
		struct err e = { 0 };
		struct msg msg = { 0 };
		int rc = msg_recv(engine->api_link, &msg, &e);

		if (rc < 0 && e.kind == ERR_BUSY)
			return;
		if (rc == 0) {
			link_lost(engine, "it closed the link");
			return;
		}
		if (rc == 1 && msg.type == ALIVE) {
			watchdog_api_alive(engine);
			msg_clear(&msg);
			continue;
		}
		if (rc == 1 && msg.type == ISOLATION) {
			rc = nic_isolation_take(engine->settings, msg.record, &e);
			msg_clear(&msg);
			if (rc == 0)
				continue;
		}
		if (rc == 1 && msg.type == HOOK_SEND) {
			hook_send(engine, msg.record);
			msg_clear(&msg);
			continue;
		}
		if (rc < 0 || requests_handle(engine, &msg, &e) < 0) {
			log_err(&e, "the api broke the protocol");
			link_lost(engine, "it broke the protocol");
			return;
		}
	}
}

static void
link_on_write(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	struct link_message *m;

	while ((m = TAILQ_FIRST(&engine->api_queue))) {
		if (fd_send(engine->api_link, m->bytes.data, m->bytes.len, &m->fd, m->fd >= 0, 0) < 0) {
			if (errno == EAGAIN)
				event_add(engine->api_write_event, NULL);
			return;
		}
		TAILQ_REMOVE(&engine->api_queue, m, link);
		engine->api_queued -= m->bytes.len;
		link_free_message(m);
	}
}

void
link_send(struct engine *engine, enum msg_type type, const void *record)
{
	link_send_fd(engine, type, record, NULL);
}

void
link_send_fd(struct engine *engine, enum msg_type type, const void *record, int *fd)
{
	struct link_message *m;
	struct err e = { 0 };

	if (engine->api_link < 0)
		return;
	m = calloc(1, sizeof *m);
	if (m)
		m->fd = -1;
	if (!m || msg_encode(type, record, &m->bytes, &e) < 0) {
		log_err(&e, "tell the api");
		if (m)
			link_free_message(m);
		return;
	}
	if (fd)
		m->fd = take_fd(fd);
	engine->api_queued += m->bytes.len;
	TAILQ_INSERT_TAIL(&engine->api_queue, m, link);
	if (engine->api_queued > LINK_QUEUE_MAX)
		link_lost(engine, "it doesn't read");
	else
		link_on_write(engine->api_link, EV_WRITE, engine);
}

void
link_send_observed(struct engine *engine, const struct container *ct)
{
	struct observed o;

	registry_observe(&engine->registry, ct, engine->layout.storage, &o);
	link_send(engine, REPLY_OBSERVED, &o);
}

/* What the new api reconciles its database with. */
static void
link_handshake(struct engine *engine)
{
	struct ready ready = { .storage = engine->layout.storage, .dns = engine->layout.dns };
	struct template_entry *t;
	struct container *ct;
	struct task *task;

	LIST_FOREACH(t, &engine->registry.templates, link)
	link_send(engine, REPLY_TEMPLATE, &t->template);
	LIST_FOREACH(ct, &engine->registry.containers, link)
	link_send_observed(engine, ct);
	record_mark(&ready_schema, &ready, "storage", true);
	record_mark(&ready_schema, &ready, "dns", true);
	LIST_FOREACH(task, &engine->tasks, link)
	{
		const struct request *request = task->request.record;

		if (!request_is_stream(task) && ready.operations.n < READY_OPERATIONS_MAX &&
		    strv_add(&ready.operations, request->op))
			record_mark(&ready_schema, &ready, "operations", true);
	}
	sessions_tell(engine);
	link_send(engine, REPLY_READY, &ready);
	strv_clear(&ready.operations);
}

static int
link_settings_fd(const struct settings *settings, int *fd_out, struct err *e)
{
	struct json_object *json = record_to_json(&settings_schema, settings, true);
	const char *text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	AUTO_CLOSE int fd = memfd_create("settings", MFD_CLOEXEC);
	bool written = text && fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0 && lseek(fd, 0, SEEK_SET) == 0;

	json_object_put(json);
	if (!written)
		return err_sys(e, "write the api's settings");
	*fd_out = take_fd(&fd);
	return 0;
}

int
link_start_api(struct engine *engine, struct err *e)
{
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	AUTO_CLOSE int settings = -1;
	char program[SPEC_PATH_MAX], name[] = "berth-api";
	char *argv[] = { name, NULL };
	struct spawn_fd fds[3 + TOKEN_LISTEN_MAX];
	int pair[2], size = MSG_MAX * 8;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the api's link");
	ours = pair[0];
	theirs = pair[1];
	/* A datagram must fit whole; the default buffers are too small where an operator lowered them. */
	setsockopt(ours, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	setsockopt(theirs, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	if (fd_set_nonblock(ours, true, e) < 0 || link_settings_fd(engine->settings, &settings, e) < 0)
		return -1;
	snprintf(program, sizeof program, "%s/berth-api", engine->settings->libexec_dir);
	fds[0] = (struct spawn_fd){ engine->listeners.socket, API_LISTEN_FD };
	fds[1] = (struct spawn_fd){ theirs, API_LINK_FD };
	fds[2] = (struct spawn_fd){ settings, API_SETTINGS_FD };
	for (size_t i = 0; i < engine->listeners.ntokens; i++)
		fds[3 + i] = (struct spawn_fd){ engine->listeners.tokens[i], API_TOKENS_FD + (int)i };
	if (spawn_program(program, argv, fds, 3 + engine->listeners.ntokens, NULL, &engine->api_pid, e) < 0)
		return -1;
	memmove(engine->api_starts, engine->api_starts + 1, sizeof engine->api_starts - sizeof *engine->api_starts);
	engine->api_starts[4] = clock_ms(CLOCK_MONOTONIC) / 1000;
	engine->api_link = take_fd(&ours);
	engine->api_event = event_new(engine->base, engine->api_link, EV_READ | EV_PERSIST, link_on_read, engine);
	engine->api_write_event = event_new(engine->base, engine->api_link, EV_WRITE, link_on_write, engine);
	if (!engine->api_respawn)
		engine->api_respawn = evtimer_new(engine->base, link_on_respawn, engine);
	if (!engine->api_event || !engine->api_write_event || !engine->api_respawn)
		return err_set(e, ERR_INTERNAL, "out of memory");
	event_add(engine->api_event, NULL);
	watchdog_api_started(engine);
	link_handshake(engine);
	return 0;
}
