/* The jobs that set up and clean up the host. They run while no loop does, so the wait here is no harm. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/clock.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

/* It may have a pool to make; less than systemd gives a start (TimeoutStartSec). What is taken back may be all volumes of a host.
 */
enum { HOST_SETUP_MS = 300 * 1000 };

static int
host_job_start(const struct engine *engine, const char *verb, int *channel_out, pid_t *pid_out, struct err *e)
{
	char program[SPEC_PATH_MAX], name[] = "berth-job", word[32];
	char *argv[] = { name, word, NULL };
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	int pair[2];

	snprintf(program, sizeof program, "%s/berth-job", engine->settings->libexec_dir);
	snprintf(word, sizeof word, "%s", verb);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a job's channel");
	ours = pair[0];
	theirs = pair[1];
	if (spawn_program(program, argv, &(struct spawn_fd){ theirs, SPAWN_CHANNEL }, 1, NULL, pid_out, e) < 0)
		return -1;
	*channel_out = take_fd(&ours);
	return 0;
}

static int
host_job_ask(const struct engine *engine, int channel, enum msg_type type, bool destroy, struct err *e)
{
	char op[] = "00000000-0000-4000-8000-000000000000";
	struct request request = { .op = op, .force = destroy };
	/* Borrowed, not copied: nothing of it is cleared. */
	struct spec spec = { .settings = *engine->settings, .layout = engine->layout };

	record_mark(&request_schema, &request, "op", true);
	record_mark(&request_schema, &request, "force", destroy);
	record_mark(&spec_schema, &spec, "settings", true);
	record_mark(&spec_schema, &spec, "layout", !record_is_empty(&engine->layout));
	if (msg_send(channel, type, &request, NULL, 0, e) < 0)
		return -1;
	return msg_send(channel, SPEC, &spec, NULL, 0, e);
}

/* Whether there is something to be read before the time has come; 0: there is no such time. */
static bool
host_job_says(int channel, int64_t until_ms)
{
	struct pollfd p = { .fd = channel, .events = POLLIN };

	for (;;) {
		int64_t left_ms = until_ms - clock_ms(CLOCK_MONOTONIC);
		int n = poll(&p, 1, until_ms == 0 ? -1 : left_ms > 0 ? (int)left_ms : 0);

		if (n >= 0 || errno != EINTR)
			return n > 0;
	}
}

static int
host_job_wait(int channel, int64_t until_ms, struct done *done_out, struct err *e)
{
	char step[64] = "its beginning";

	for (;;) {
		AUTO_MSG struct msg msg = { 0 };
		int rc;

		if (!host_job_says(channel, until_ms))
			return err_set(e, ERR_TIMEOUT, "it takes too long and was ended, at the step '%s'", step);
		rc = msg_recv(channel, &msg, e);
		if (rc == 0)
			return err_set(e, ERR_INTERNAL, "the job ended before it was done");
		if (rc < 0)
			return -1;
		if (msg.type == REPLY_PROGRESS)
			snprintf(step, sizeof step, "%s", ((const struct progress *)msg.record)->step);
		if (msg.type != REPLY_DONE)
			continue;
		memcpy(done_out, msg.record, sizeof *done_out);
		memset(msg.record, 0, sizeof *done_out);
		break;
	}
	if (!record_has(&done_schema, done_out, "kind"))
		return 0;
	done_to_err(done_out, e);
	return -1;
}

int
engine_host_job(const struct engine *engine, enum msg_type type, bool destroy, struct done *done_out, struct err *e)
{
	int64_t until_ms = type == REQUEST_HOST_SETUP ? clock_ms(CLOCK_MONOTONIC) + fault_deadline(HOST_SETUP_MS) : 0;
	AUTO_CLOSE int channel = -1;
	pid_t pid;
	int rc;

	if (host_job_start(engine, type == REQUEST_HOST_SETUP ? "host-setup" : "host-cleanup", &channel, &pid, e) < 0)
		return -1;
	rc = host_job_ask(engine, channel, type, destroy, e);
	if (rc == 0)
		rc = host_job_wait(channel, until_ms, done_out, e);
	/* It has said its word, or never will. What failed may wait in the kernel, or for us to go on: nobody waits for it. */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, rc < 0 ? WNOHANG : 0);
	return rc;
}
