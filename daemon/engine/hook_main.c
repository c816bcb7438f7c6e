/*
 * berth-hook: posts what it is told to, and tells what became of it. Started by the engine with the channel on descriptor 3, where
 * SPEC comes first. It belongs to a user who owns nothing; each attempt is a child of its own, so that one that hangs, or that an
 * answer brings down, is nobody else's concern.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/engine/helper.h"
#include "daemon/engine/hook_post.h"
#include "daemon/engine/hook_sandbox.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/clock.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"
#include "schema/protocol.h"

enum { HOOK_CHILD_MS = 20 * 1000, HOOK_ENDING_MS = 100 };

struct attempt {
	char op[UUID_SIZE];
	pid_t pid; /* 0: the place is free */
	int pipe;
	int64_t deadline_ms;
};

struct sender {
	struct spec spec;
	struct attempt attempts[WEBHOOKS_AT_ONCE];
};

static int
sender_tell(const char *op, const struct hook_result *result, struct err *e)
{
	struct hook_end end = { .status = result->status };
	int rc = -1;

	record_mark(&hook_end_schema, &end, "status", true);
	if (record_set_text(&hook_end_schema, &end, "op", op, e) == 0 &&
	    (!result->error[0] || record_set_text(&hook_end_schema, &end, "error", result->error, e) == 0))
		rc = msg_send(SPAWN_CHANNEL, HOOK_ENDED, &end, NULL, 0, e);
	record_clear(&hook_end_schema, &end);
	return rc;
}

static void __attribute__((noreturn)) sender_child(const struct sender *s, const struct hook *hook, int out)
{
	struct hook_result result;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close(SPAWN_CHANNEL);
	for (size_t i = 0; i < WEBHOOKS_AT_ONCE; i++)
		if (s->attempts[i].pid)
			close(s->attempts[i].pipe);
	hook_post(&s->spec.settings, hook, &result);
	FAULT("hook.posted");
	if (fd_write_all(out, &result, sizeof result) < 0)
		_exit(1);
	FAULT("hook.said");
	_exit(0);
}

static struct attempt *
sender_place(struct sender *s)
{
	for (size_t i = 0; i < WEBHOOKS_AT_ONCE; i++)
		if (!s->attempts[i].pid)
			return &s->attempts[i];
	return NULL;
}

static int
sender_begin(struct sender *s, const struct hook *hook, struct err *e)
{
	const struct hook_result busy = { .error = "the host can't send more at once" };
	struct attempt *a = sender_place(s);
	int ends[2] = { -1, -1 };
	pid_t pid = -1;

	if (a && pipe2(ends, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		sender_child(s, hook, ends[1]);
	if (ends[1] >= 0)
		close(ends[1]);
	if (pid < 0) {
		if (ends[0] >= 0)
			close(ends[0]);
		return sender_tell(hook->op, &busy, e);
	}
	*a = (struct attempt){ .pid = pid, .pipe = ends[0], .deadline_ms = clock_ms(CLOCK_MONOTONIC) + HOOK_CHILD_MS };
	snprintf(a->op, sizeof a->op, "%s", hook->op);
	return 0;
}

static int
sender_end(struct attempt *a, bool late, struct err *e)
{
	struct hook_result result = { .error = "the attempt broke off" };
	struct pollfd end = { .fd = a->pipe };
	ssize_t n = late ? 0 : read(a->pipe, &result, sizeof result);

	if (n != (ssize_t)sizeof result)
		result = (struct hook_result){ .error = "the attempt broke off" };
	result.error[sizeof result.error - 1] = '\0';
	/* With its word said it ends; not if an answer has taken it over. */
	if (!late)
		poll(&end, 1, HOOK_ENDING_MS);
	else
		snprintf(result.error, sizeof result.error, "there was no answer in time");
	close(a->pipe);
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
	a->pid = 0;
	FAULT("hook.ended");
	return sender_tell(a->op, &result, e);
}

static int
sender_settle(struct sender *s, const struct pollfd *polls, struct err *e)
{
	int64_t now_ms = clock_ms(CLOCK_MONOTONIC);

	for (size_t i = 0; i < WEBHOOKS_AT_ONCE; i++) {
		struct attempt *a = &s->attempts[i];
		bool said = a->pid && polls[i].fd == a->pipe && polls[i].revents;

		if (a->pid && (said || a->deadline_ms <= now_ms) && sender_end(a, !said, e) < 0)
			return -1;
	}
	return 0;
}

/* 1: go on, 0: the engine has gone. */
static int
sender_receive(struct sender *s, struct err *e)
{
	AUTO_MSG struct msg msg = { 0 };
	int rc = msg_recv(SPAWN_CHANNEL, &msg, e);

	if (rc <= 0)
		return rc;
	if (msg.type != HOOK_SEND)
		return err_set(e, ERR_BAD_REQUEST, "the engine sent %s", msg_info(msg.type)->name);
	FAULT("hook.asked");
	return sender_begin(s, msg.record, e) < 0 ? -1 : 1;
}

static int
sender_loop(struct sender *s, struct err *e)
{
	for (;;) {
		struct pollfd polls[WEBHOOKS_AT_ONCE + 1];
		int rc;

		for (size_t i = 0; i < WEBHOOKS_AT_ONCE; i++)
			polls[i] = (struct pollfd){ .fd = s->attempts[i].pid ? s->attempts[i].pipe : -1, .events = POLLIN };
		polls[WEBHOOKS_AT_ONCE] = (struct pollfd){ .fd = SPAWN_CHANNEL, .events = POLLIN };
		rc = poll(polls, WEBHOOKS_AT_ONCE + 1, 1000);
		if (rc < 0 && errno != EINTR)
			return err_sys(e, "wait");
		if (rc >= 0 && sender_settle(s, polls, e) < 0)
			return -1;
		if (rc > 0 && polls[WEBHOOKS_AT_ONCE].revents && (rc = sender_receive(s, e)) <= 0)
			return rc;
	}
}

int
main(void)
{
	static struct sender s;
	struct err e = { 0 };
	int rc;

	if (!helper_begin("berth-hook"))
		return 2;
	hook_post_setup();
	rc = helper_receive_spec(&s.spec, &e);
	if (rc == 0)
		rc = hook_drop(s.spec.settings.hook_user, &e) < 0 || hook_filter(&e) < 0 ? -1 : sender_loop(&s, &e);
	if (rc < 0 && e.kind != ERR_UNAVAILABLE)
		log_err(&e, "berth-hook ends");
	record_clear(&spec_schema, &s.spec);
	return rc < 0;
}
