#include "daemon/engine/child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/fd.h"

enum { CHILD_END_PAUSES = 200, CHILD_END_PAUSE_MS = 5 };

bool
child_is_there(const struct child *child)
{
	return child->channel > 0;
}

static void
child_close(struct child *child)
{
	if (child->event)
		event_free(child->event);
	child->event = NULL;
	if (child->channel > 0)
		close(child->channel);
	child->channel = 0;
}

static int
child_send_spec(const struct engine *engine, int channel, struct err *e)
{
	/* Borrowed, not copied: nothing of it is cleared. */
	struct spec spec = { .settings = *engine->settings, .layout = engine->layout };

	record_mark(&spec_schema, &spec, "settings", true);
	record_mark(&spec_schema, &spec, "layout", true);
	return msg_send(channel, SPEC, &spec, NULL, 0, e);
}

int
child_start(struct engine *engine, struct child *child, const char *program, int buffer, event_callback_fn on_read, struct err *e)
{
	char path[SPEC_PATH_MAX];
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	AUTO_CLOSE int theirs = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the channel of %s", program);
	child->channel = pair[0];
	theirs = pair[1];
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
	snprintf(path, sizeof path, "%s/%s", engine->settings->libexec_dir, program);
	if (fd_set_nonblock(child->channel, true, e) < 0 ||
	    spawn_program(path, argv, &(struct spawn_fd){ theirs, SPAWN_CHANNEL }, 1, NULL, &child->pid, e) < 0 ||
	    child_send_spec(engine, child->channel, e) < 0)
		return -1;
	child->event = event_new(engine->base, child->channel, EV_READ | EV_PERSIST, on_read, engine);
	if (!child->event || event_add(child->event, NULL) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

void
child_lose(struct child *child)
{
	child_close(child);
	if (child->pid > 0)
		kill(child->pid, SIGKILL);
}

void
child_end(struct child *child)
{
	const struct timespec pause = { .tv_nsec = CHILD_END_PAUSE_MS * 1000000L };

	child_close(child);
	if (child->pid <= 0)
		return;
	kill(child->pid, SIGTERM);
	for (int i = 0; i < CHILD_END_PAUSES && waitpid(child->pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}
