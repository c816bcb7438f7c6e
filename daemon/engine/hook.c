/* The hook sender: a process that may reach the world, started when there is something to send. It is told, and tells, in passing.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { HOOK_FD = 3, HOOK_END_PAUSES = 200, HOOK_END_PAUSE_MS = 5 };

static void
hook_close(struct engine *engine)
{
	if (engine->hook_event)
		event_free(engine->hook_event);
	engine->hook_event = NULL;
	if (engine->hook_fd > 0)
		close(engine->hook_fd);
	engine->hook_fd = 0;
}

/* Whatever was under way is asked for again, a little later. */
static void
hook_lost(struct engine *engine, const char *why)
{
	struct hook_end end = { 0 };

	log_warning("the hook sender has ended (%s)", why);
	hook_close(engine);
	if (engine->hook_pid > 0)
		kill(engine->hook_pid, SIGKILL);
	link_send(engine, HOOK_ENDED, &end);
}

static void
hook_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	AUTO_MSG struct msg msg = { 0 };
	struct err e = { 0 };
	int rc = msg_recv(fd, &msg, &e);

	if (rc < 0 && e.kind == ERR_BUSY)
		return;
	if (rc == 1 && msg.type == HOOK_ENDED)
		link_send(engine, HOOK_ENDED, msg.record);
	else
		hook_lost(engine, rc == 0 ? "it closed its channel" : rc < 0 ? e.message : "it broke the protocol");
}

static int
hook_send_spec(const struct engine *engine, struct err *e)
{
	/* Borrowed, not copied: nothing of it is cleared. */
	struct spec spec = { .settings = *engine->settings, .layout = engine->layout };

	record_mark(&spec_schema, &spec, "settings", true);
	record_mark(&spec_schema, &spec, "layout", true);
	return msg_send(engine->hook_fd, SPEC, &spec, NULL, 0, e);
}

static int
hook_spawn(struct engine *engine, struct err *e)
{
	char program[SPEC_PATH_MAX], name[] = "berth-hook";
	char *argv[] = { name, NULL };
	AUTO_CLOSE int theirs = -1;
	int pair[2], size = 8 * MSG_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the hook sender's channel");
	engine->hook_fd = pair[0];
	theirs = pair[1];
	setsockopt(engine->hook_fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	snprintf(program, sizeof program, "%s/berth-hook", engine->settings->libexec_dir);
	if (fd_set_nonblock(engine->hook_fd, true, e) < 0 ||
	    spawn_program(program, argv, &(struct spawn_fd){ theirs, HOOK_FD }, 1, NULL, &engine->hook_pid, e) < 0 ||
	    hook_send_spec(engine, e) < 0)
		return -1;
	engine->hook_event = event_new(engine->base, engine->hook_fd, EV_READ | EV_PERSIST, hook_on_read, engine);
	if (!engine->hook_event || event_add(engine->hook_event, NULL) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

void
hook_send(struct engine *engine, const struct hook *hook)
{
	struct err e = { 0 };

	if (engine->hook_fd <= 0 && hook_spawn(engine, &e) < 0) {
		hook_lost(engine, e.message);
		return;
	}
	if (msg_send(engine->hook_fd, HOOK_SEND, hook, NULL, 0, &e) < 0)
		hook_lost(engine, e.message);
}

void
hook_stop(struct engine *engine)
{
	const struct timespec pause = { .tv_nsec = HOOK_END_PAUSE_MS * 1000000L };

	hook_close(engine);
	if (engine->hook_pid <= 0)
		return;
	kill(engine->hook_pid, SIGTERM);
	for (int i = 0; i < HOOK_END_PAUSES && waitpid(engine->hook_pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}
