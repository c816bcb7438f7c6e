#include "daemon/engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/engine/job.h"
#include "daemon/engine/kernel.h"
#include "daemon/engine/monitor.h"
#include "daemon/engine/root_lock.h"
#include "daemon/engine/rootfs.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { INIT_TIMEOUT_MS = 30000, ROOT_TIMEOUT_MS = 45000, ROOT_RETRY_MS = 2 };

struct launch_step {
	const char *name;
	int (*up)(struct launch *l, struct err *e);
	void (*down)(struct launch *l);
};

static int
launch_up_host(struct launch *l, struct err *e)
{
	/* Also after a reboot from inside in the moment of its suspension. */
	if (l->spec->config.suspended)
		return err_set(e, ERR_CONFLICT, "The container is suspended");
	if (confine_open(l->spec, &l->confine, e) < 0 || confine_host(e) < 0)
		return -1;
	l->home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	l->home_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	l->run_dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->home < 0 || l->home_net < 0 || l->run_dir < 0)
		return err_sys(e, "open the host's namespaces");
	return 0;
}

static int
launch_up_cgroup(struct launch *l, struct err *e)
{
	if (launch_unit_wait(l, e) < 0 || cgroup_create(l->spec, e) < 0)
		return -1;
	if (cgroup_delegate(l->spec, e) == 0 && cgroup_entry_open(l->spec, &l->entry, e) == 0)
		return 0;
	cgroup_remove(l->spec, NULL);
	return -1;
}

static void
launch_down_cgroup(struct launch *l)
{
	cgroup_remove(l->spec, NULL);
}

/* The child shares this mount namespace until all is mounted; its parent is the monitor. */
static int
launch_up_clone(struct launch *l, struct err *e)
{
	struct clone_args args = { .flags = CLONE_PARENT | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		                            CLONE_NEWUTS | CLONE_INTO_CGROUP | CLONE_PIDFD,
		                   .cgroup = (uint64_t)l->entry.v2_fd,
		                   .pidfd = (uint64_t)(uintptr_t)&l->pidfd };
	int ends[2];

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "make a mount namespace");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "make a socketpair");
	l->pid = kernel_clone3(&args);
	if (l->pid == 0) {
		close(ends[0]);
		l->sync = ends[1];
		launch_init(l);
	}
	close(ends[1]);
	l->sync = ends[0];
	if (l->pid < 0)
		return err_sys(e, "make the container's namespaces");
	return 0;
}

/* Dead, not reaped: that is for the monitor. */
static void
launch_down_clone(struct launch *l)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };

	pidfd_send_signal(l->pidfd, SIGKILL, NULL, 0);
	poll(&p, 1, INIT_TIMEOUT_MS);
}

/* Also proves that the pid is that of the child: its namespace is taken while it waits. */
static int
launch_up_map(struct launch *l, struct err *e)
{
	char path[64];

	if (rootfs_userns_map(l->spec, l->pid, e) < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/ns/net", l->pid);
	l->netns = open(path, O_RDONLY | O_CLOEXEC);
	return l->netns < 0 ? err_sys(e, "open the network namespace") : 0;
}

static int
launch_init_failed(const struct init_report *report, struct err *e)
{
	errno = report->error;
	if (report->error == ENOENT || report->error == EACCES || report->error == ENOEXEC || report->error == ENOTDIR ||
	    report->error == ELOOP) {
		err_set(e, ERR_CONFLICT, "The container's init can't be run: %s: %s; a start with a rescue template can repair it",
		        report->what, strerror(report->error));
		return err_code(e, "init_unusable");
	}
	return err_sys(e, "the container's init: %s", report->what);
}

/* 1 a report, 0 the socket's end. */
static int
launch_hear(struct launch *l, struct init_report *report_out, struct err *e)
{
	struct pollfd p = { .fd = l->sync, .events = POLLIN };
	struct init_report report = { 0 };
	ssize_t n;
	int ready;

	do
		ready = poll(&p, 1, INIT_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return err_set(e, ERR_TIMEOUT, "The container's init didn't get ready in %d s", INIT_TIMEOUT_MS / 1000);
	n = recv(l->sync, &report, sizeof report, 0);
	if (n < 0 && errno != ECONNRESET)
		return err_sys(e, "hear from the container's init");
	if (n != (ssize_t)sizeof report)
		return 0;
	report.what[sizeof report.what - 1] = '\0';
	*report_out = report;
	return 1;
}

static int
launch_hear_stage(struct launch *l, enum init_stage stage, struct err *e)
{
	struct init_report report = { 0 };
	int rc = launch_hear(l, &report, e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_INTERNAL, "the container's init died before it ran");
	if (report.stage == stage)
		return 0;
	return launch_init_failed(&report, e);
}

static int
launch_up_join(struct launch *l, struct err *e)
{
	return launch_hear_stage(l, INIT_JOINED, e);
}

/* After its word that exec comes next, the end of the socket says that it came. */
static int
launch_up_exec(struct launch *l, struct err *e)
{
	struct init_report report = { 0 };
	int rc;

	if (send(l->sync, "g", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "tell init to go on");
	if (launch_hear_stage(l, INIT_EXEC, e) < 0)
		return -1;
	rc = launch_hear(l, &report, e);
	return rc > 0 ? launch_init_failed(&report, e) : rc;
}

/* Its monitor alone could tie init to itself: without it nothing may run. */
bool
launch_monitor_gone(void)
{
	struct pollfd p = { .fd = SPAWN_MONITOR };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

/* The volume has one mount at a time: that of a stop a moment ago may still be on its way out. */
static int
launch_up_root_lock(struct launch *l, struct err *e)
{
	const struct timespec pause = { .tv_nsec = ROOT_RETRY_MS * 1000000L };

	for (int i = 0; i < ROOT_TIMEOUT_MS / ROOT_RETRY_MS; i++) {
		int rc = root_lock(l->run_dir, &l->root_lock);

		if (rc < 0)
			return err_sys(e, "lock the container's root");
		if (rc > 0)
			return 0;
		if (launch_monitor_gone())
			return err_set(e, ERR_UNAVAILABLE, "the container's monitor has gone");
		if (job_cancelled(l->job))
			return err_set(e, ERR_CANCELLED, "The operation was cancelled");
		nanosleep(&pause, NULL);
	}
	return err_set(e, ERR_TIMEOUT, "The container's earlier root is still being unmounted: the pool's disk is slow");
}

static const struct launch_step steps[] = {
	{ "scope", launch_unit_begin, NULL },
	{ "network helper", launch_net_begin, launch_net_detach },
	{ "prepare", launch_up_host, NULL },
	{ "control groups", launch_up_cgroup, launch_down_cgroup },
	{ "namespaces", launch_up_clone, launch_down_clone },
	{ "ids", launch_up_map, NULL },
	{ "network", launch_net_attach, NULL },
	{ "earlier root", launch_up_root_lock, NULL },
	{ "root", launch_mount_tree, NULL },
	{ "devices", launch_mount_dev, NULL },
	{ "proc and sys", launch_mount_kernel, NULL },
	{ "network's end", launch_net_wait, NULL },
	{ "init", launch_up_join, NULL },
	{ "cgroup view", launch_mount_cgroup, NULL },
	{ "pivot", launch_pivot, NULL },
	{ "exec", launch_up_exec, NULL },
};

/* What is undone is the host's: a step may have failed inside the container's namespaces. */
static void
launch_go_home(struct launch *l)
{
	if (setns(l->home, CLONE_NEWNS) < 0 || setns(l->home_net, CLONE_NEWNET) < 0 || fchdir(l->run_dir) < 0)
		log_error("can't go back to the host's namespaces: %s", strerror(errno));
}

static int
launch_run_steps(struct launch *l, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (launch_monitor_gone()) {
			err_set(e, ERR_UNAVAILABLE, "the container's monitor has gone");
		} else if (job_cancelled(l->job)) {
			err_set(e, ERR_CANCELLED, "The operation was cancelled");
		} else if (steps[i].up(l, e) == 0) {
			if (fault_at_step("launch", steps[i].name, e) == 0)
				continue;
			i++;
		}
		if (l->run_dir >= 0)
			launch_go_home(l);
		while (i-- > 0)
			if (steps[i].down)
				steps[i].down(l);
		return -1;
	}
	return 0;
}

/* The monitor has set a deadline for this word; without it, it cleans up by itself. */
static int
launch_tell_monitor(const struct launch *l, const struct err *failed, struct err *e)
{
	struct monitor_init init = { .magic = MONITOR_MAGIC, .pid = l->pid };
	const int fds[MONITOR_INIT_FDS] = { l->master, l->root, l->root_lock };
	size_t nfds = failed ? 0 : l->gives_root ? MONITOR_INIT_FDS : 1;

	if (failed) {
		init.error = failed->sys ? failed->sys : EINVAL;
		snprintf(init.text, sizeof init.text, "%.*s", (int)sizeof init.text - 1, failed->message);
	}
	if (fd_send(SPAWN_MONITOR, &init, sizeof init, fds, nfds, 0) < 0)
		return err_sys(e, "hand init over to its monitor");
	return 0;
}

static void
launch_clear(struct launch *l)
{
	int *const fds[] = { &l->home, &l->home_net, &l->run_dir, &l->sync,      &l->netns, &l->net,
		             &l->unit, &l->pidfd,    &l->root,    &l->root_lock, &l->dev,   &l->master };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		fd_auto_close(fds[i]);
	if (l->entry.v2_fd >= 0)
		cgroup_entry_close(&l->entry);
	confine_close(&l->confine);
}

int
launch_run(struct job *job, bool gives_root, struct err *e)
{
	struct launch l = { .job = job,
		            .spec = &job->spec,
		            .gives_root = gives_root,
		            .home = -1,
		            .home_net = -1,
		            .run_dir = -1,
		            .sync = -1,
		            .netns = -1,
		            .unit = -1,
		            .pid = -1,
		            .pidfd = -1,
		            .root = -1,
		            .root_lock = -1,
		            .dev = -1,
		            .master = -1,
		            .entry = { .v2_fd = -1 } };
	int rc;

	if (fcntl(SPAWN_MONITOR, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, "find the monitor on descriptor %d", SPAWN_MONITOR);
	rc = launch_run_steps(&l, e);
	if (rc < 0)
		launch_tell_monitor(&l, e, NULL);
	else
		rc = launch_tell_monitor(&l, NULL, e);
	FAULT("launch.told");
	if (rc == 0)
		launch_unit_register(&l);
	launch_clear(&l);
	return rc;
}
