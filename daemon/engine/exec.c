#include "daemon/engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include "daemon/engine/http_head.h"
#include "daemon/engine/job.h"
#include "daemon/engine/kernel.h"
#include "daemon/engine/monitor_call.h"
#include "daemon/engine/rootfs.h"
#include "daemon/engine/stream_pump.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

enum {
	EXEC_READY_MS = 15000, /* the container's files may lie on something of its own that hangs */
	EXEC_HANGUP_MS = 500,  /* between the hang-up and the kill of what a vanished client ran */
	EXEC_CLONE_TRIES = 64
};

struct exec {
	struct exec_entry entry;
	struct cgroup_subgroup group;
	struct stream_pump pump;
	int sync;    /* our end */
	pid_t first; /* the process that enters; it ends once the command runs */
};

static void
exec_init(struct exec *x, const struct job *job)
{
	*x = (struct exec){ .entry = { .request = &job->request, .groups = { .v2_fd = -1 }, .init = -1, .sync = -1 },
		            .group = { .parent_fd = -1, .fd = -1 },
		            .pump = { .conn = job->fds[0], .in = -1, .out = { -1, -1 }, .child = -1, .pty = job->request.tty },
		            .sync = -1 };
}

static void
exec_close_entry(struct exec *x)
{
	const int fds[] = { x->entry.init, x->entry.sync };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	x->entry.init = x->entry.sync = -1;
	cgroup_entry_close(&x->entry.groups);
	confine_close(&x->entry.confine);
}

static int
exec_open(struct exec *x, const struct job *job, struct err *e)
{
	struct monitor_state state;
	AUTO_CLOSE int monitor = -1;
	int pair[2];

	if (monitor_call_open_running(&job->spec, false, &monitor, &state, e) < 0)
		return -1;
	if (rootfs_open_init(&job->spec, state.pid, &x->entry.init, e) < 0)
		return -1;
	if (confine_open(&job->spec, &x->entry.confine, e) < 0 || cgroup_entry_open(&job->spec, &x->entry.groups, e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	x->sync = pair[0];
	x->entry.sync = pair[1];
	return 0;
}

/* The container may remove the new group before anything is in it: then another is made. */
static int
exec_clone(struct exec *x, const struct job *job, struct err *e)
{
	pid_t pid = -1;

	for (int i = 0; pid < 0 && i < EXEC_CLONE_TRIES; i++) {
		struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };

		cgroup_subgroup_close(&x->group);
		if (cgroup_subgroup_open(&job->spec, &x->group, e) < 0)
			return -1;
		args.cgroup = (uint64_t)x->group.fd;
		pid = kernel_clone3(&args);
		if (pid < 0 && errno != ENODEV && errno != ENOENT)
			break;
	}
	if (pid == 0) {
		close(x->sync);
		exec_enter(&x->entry);
	}
	x->first = pid;
	if (pid < 0 && errno == EAGAIN)
		return err_set(e, ERR_CONFLICT, "The container has reached its limit of processes");
	return pid < 0 ? err_sys(e, "fork into the container's control group") : 0;
}

/* What comes from inside is a stranger's word. */
static int
exec_take_failure(const struct exec_report *report, struct err *e)
{
	enum err_kind kind = report->kind > ERR_NONE && report->kind < ERR_KIND_COUNT ? (enum err_kind)report->kind : ERR_INTERNAL;
	char text[sizeof report->text], param[sizeof report->param];

	snprintf(text, sizeof text, "%.*s", (int)sizeof text - 1, report->text);
	snprintf(param, sizeof param, "%.*s", (int)sizeof param - 1, report->param);
	return param[0] ? err_param(e, param, "%s", text) : err_set(e, kind, "%s", text);
}

static int
exec_take_fds(struct exec *x, const int *fds, size_t nfds, struct err *e)
{
	if (x->pump.child >= 0 || nfds != (x->entry.request->tty ? EXEC_PTY_FDS : EXEC_PIPE_FDS)) {
		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		return err_set(e, ERR_INTERNAL, "the process that entered the container sent %zu descriptors", nfds);
	}
	x->pump.child = fds[0];
	x->pump.in = fds[1];
	x->pump.out[0] = nfds == EXEC_PTY_FDS ? fds[1] : fds[2];
	x->pump.out[1] = nfds == EXEC_PTY_FDS ? -1 : fds[3];
	return 0;
}

/* Both report on one socket; whose message comes first is chance. */
static int
exec_wait_ready(struct exec *x, struct err *e)
{
	struct exec_report report;
	bool ready = false;

	while (!ready || x->pump.child < 0) {
		struct pollfd p = { .fd = x->sync, .events = POLLIN };
		int fds[FD_PASS_MAX], n = poll(&p, 1, EXEC_READY_MS);
		size_t nfds = 0;

		if (n == 0)
			return err_set(e, ERR_TIMEOUT, "The container didn't let the command start within %d s",
			               EXEC_READY_MS / 1000);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || fd_recv(x->sync, &report, sizeof report, fds, &nfds, 0) != sizeof report)
			return err_set(e, ERR_CONFLICT,
			               "The command was killed before it began: out of memory, or the container is stopping");
		if (nfds > 0 && exec_take_fds(x, fds, nfds, e) < 0)
			return -1;
		if (report.stage == EXEC_FAILED)
			return exec_take_failure(&report, e);
		ready |= report.stage == EXEC_READY;
	}
	waitpid(x->first, NULL, 0);
	return 0;
}

static int
exec_resize(void *arg, int rows, int columns)
{
	struct exec *x = arg;
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	return x->pump.out[0] < 0 ? 0 : ioctl(x->pump.out[0], TIOCSWINSZ, &size);
}

/* Everything the command started, and itself; then all our children are reaped. */
static void
exec_kill(struct exec *x)
{
	if (x->pump.child >= 0)
		pidfd_send_signal(x->pump.child, SIGKILL, NULL, 0);
	cgroup_subgroup_kill(&x->group);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

/* As when a terminal goes away: a shell may still save its history. */
static void
exec_hang_up(struct exec *x)
{
	struct pollfd p = { .fd = x->pump.child, .events = POLLIN };

	stream_pump_close(&x->pump);
	pidfd_send_signal(x->pump.child, SIGHUP, NULL, 0);
	poll(&p, 1, EXEC_HANGUP_MS);
	exec_kill(x);
}

static int
exec_send_end(struct exec *x, const struct pump_status *status, struct err *e)
{
	char text[48];

	snprintf(text, sizeof text, "{\"%s\":%d}", status->signaled ? "signal" : "exit", status->number);
	return stream_pump_send(x->pump.conn, FRAME_EXIT, text, e);
}

static int
exec_stream(struct exec *x, const struct job *job, struct err *e)
{
	struct pump_status status;
	enum pump_end end;

	if (stream_pump_run(&x->pump, &end, &status, e) < 0) {
		AUTO_FREE char *text = http_problem_text(e, job->request.op);

		if (text)
			stream_pump_send(x->pump.conn, FRAME_ERROR, text, NULL);
		exec_kill(x);
		return -1;
	}
	switch (end) {
	case PUMP_CLIENT_GONE:
		exec_hang_up(x);
		return 0;
	case PUMP_ENDED:
		return exec_send_end(x, &status, e);
	}
	return 0;
}

static void
exec_close(struct exec *x)
{
	exec_close_entry(x);
	stream_pump_close(&x->pump);
	cgroup_subgroup_close(&x->group);
	if (x->pump.child >= 0)
		close(x->pump.child);
	if (x->sync >= 0)
		close(x->sync);
}

int
exec_run(struct job *job, struct err *e)
{
	struct exec x;
	int rc;

	exec_init(&x, job);
	x.pump.resize = exec_resize;
	x.pump.arg = &x;
	/* Before anything of it is inside: what is cloned inherits it. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	rc = exec_open(&x, job, e) < 0 ? -1 : exec_clone(&x, job, e);
	exec_close_entry(&x);
	FAULT("exec.entered");
	if (rc == 0)
		rc = exec_wait_ready(&x, e);
	FAULT("exec.ready");
	if (rc < 0) {
		exec_kill(&x);
		http_problem(job->fds[0], e, job->request.op);
	} else if (http_switch(job->fds[0], e) < 0) {
		exec_kill(&x);
		rc = -1;
	} else {
		rc = exec_stream(&x, job, e);
		FAULT("exec.ended");
	}
	exec_close(&x);
	return rc;
}
