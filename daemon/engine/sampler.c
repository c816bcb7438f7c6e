/* The sampler: one process for the host, started with the engine, again when it dies. What it says is the api's. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { SAMPLER_FD = 3, SAMPLER_AGAIN_S = 1, SAMPLER_AGAIN_MAX_S = 60, SAMPLER_END_PAUSES = 200, SAMPLER_END_PAUSE_MS = 5 };

static void
sampler_close(struct engine *engine)
{
	if (engine->sampler_event)
		event_free(engine->sampler_event);
	engine->sampler_event = NULL;
	if (engine->sampler >= 0)
		close(engine->sampler);
	engine->sampler = -1;
}

/* Later the more often it happens: nothing depends on it but figures. */
static void
sampler_lost(struct engine *engine)
{
	struct timeval delay = { engine->sampler_delay_s, 0 };

	log_warning("the sampler has ended; starting it again");
	sampler_close(engine);
	if (engine->sampler_pid > 0)
		kill(engine->sampler_pid, SIGKILL);
	event_add(engine->sampler_respawn, &delay);
	engine->sampler_delay_s *= 2;
	if (engine->sampler_delay_s > SAMPLER_AGAIN_MAX_S)
		engine->sampler_delay_s = SAMPLER_AGAIN_MAX_S;
}

static void
sampler_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	AUTO_MSG struct msg msg = { 0 };
	struct err e = { 0 };
	int rc = msg_recv(fd, &msg, &e);

	if (rc < 0 && e.kind == ERR_BUSY)
		return;
	if (rc == 1 && msg.type == REPLY_SAMPLES) {
		engine->sampler_delay_s = SAMPLER_AGAIN_S;
		link_send(engine, REPLY_SAMPLES, msg.record);
		return;
	}
	if (rc != 0)
		log_error("the sampler broke the protocol: %s", rc < 0 ? e.message : msg_info(msg.type)->name);
	sampler_lost(engine);
}

static int
sampler_send_spec(const struct engine *engine, struct err *e)
{
	/* Borrowed, not copied: nothing of it is cleared. */
	struct spec spec = { .settings = *engine->settings, .layout = engine->layout };

	record_mark(&spec_schema, &spec, "settings", true);
	record_mark(&spec_schema, &spec, "layout", true);
	return msg_send(engine->sampler, SPEC, &spec, NULL, 0, e);
}

static int
sampler_spawn(struct engine *engine, struct err *e)
{
	char program[SPEC_PATH_MAX], name[] = "berth-sampler";
	char *argv[] = { name, NULL };
	AUTO_CLOSE int theirs = -1;
	int pair[2], size = 2 * MSG_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make the sampler's channel");
	engine->sampler = pair[0];
	theirs = pair[1];
	setsockopt(theirs, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	snprintf(program, sizeof program, "%s/berth-sampler", engine->settings->libexec_dir);
	if (fd_set_nonblock(engine->sampler, true, e) < 0 ||
	    spawn_program(program, argv, &(struct spawn_fd){ theirs, SAMPLER_FD }, 1, NULL, &engine->sampler_pid, e) < 0 ||
	    sampler_send_spec(engine, e) < 0)
		return -1;
	engine->sampler_event = event_new(engine->base, engine->sampler, EV_READ | EV_PERSIST, sampler_on_read, engine);
	if (!engine->sampler_event || event_add(engine->sampler_event, NULL) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

static void
sampler_on_respawn(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	struct err e = { 0 };

	if (sampler_spawn(engine, &e) == 0)
		return;
	log_err(&e, "start the sampler");
	sampler_lost(engine);
}

int
sampler_start(struct engine *engine, struct err *e)
{
	engine->sampler_delay_s = SAMPLER_AGAIN_S;
	engine->sampler_respawn = evtimer_new(engine->base, sampler_on_respawn, engine);
	if (!engine->sampler_respawn)
		return err_set(e, ERR_INTERNAL, "out of memory");
	sampler_on_respawn(-1, 0, engine);
	return 0;
}

void
sampler_stop(struct engine *engine)
{
	const struct timespec pause = { .tv_nsec = SAMPLER_END_PAUSE_MS * 1000000L };

	sampler_close(engine);
	if (engine->sampler_respawn)
		event_free(engine->sampler_respawn);
	engine->sampler_respawn = NULL;
	if (engine->sampler_pid <= 0)
		return;
	kill(engine->sampler_pid, SIGTERM);
	for (int i = 0; i < SAMPLER_END_PAUSES && waitpid(engine->sampler_pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}
