/* Init's life: launched, adopted, asked to stop, ended, started again. */
#include "daemon/engine/monitor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/engine/spawn.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum {
	LAUNCH_TIMEOUT_MS = 60000,
	RESTART_WINDOW_MS = 60000,
	BACKOFF_FIRST_MS = 5000,
	BACKOFF_MAX_MS = 300000,
	REAP_TIMEOUT_MS = 5000,
	TERM_TIMEOUT_S = 60, /* systemd kills after 90 */
	ASK_AGAIN_MS = 200,
	ASK_AGAIN_MAX_MS = 6400
};

void
monitor_set_state(struct monitor *m, enum container_state state, const char *text)
{
	m->state = state;
	snprintf(m->text, sizeof m->text, "%s", text);
	client_tell_state(m);
}

void
monitor_kill(struct monitor *m)
{
	m->stopping = true;
	m->killed = true;
	m->kill_at = m->ask_at = 0;
	m->relaunch_at = 0;
	if (m->state != STATE_STOPPING)
		monitor_set_state(m, STATE_STOPPING, "");
	group_kill(m);
	if (m->init_pidfd >= 0)
		pidfd_send_signal(m->init_pidfd, SIGKILL, NULL, 0);
	if (m->job_pid > 0)
		kill(m->job_pid, SIGKILL);
}

/* Before an init has installed its handler the kernel drops the signal: so it is asked again, each time after twice the pause. */
static void
monitor_ask(struct monitor *m)
{
	m->ask_at = monitor_now_ms() + m->ask_again_ms;
	if (m->ask_again_ms < ASK_AGAIN_MAX_MS)
		m->ask_again_ms *= 2;
	pidfd_send_signal(m->init_pidfd, m->stop_signal, NULL, 0);
}

void
monitor_stop(struct monitor *m, int64_t timeout_s)
{
	/* Before init runs there is nobody who could be asked. */
	if (timeout_s <= 0 || m->init_pid == 0) {
		monitor_kill(m);
		return;
	}
	m->stopping = true;
	FAULT("monitor.stopping");
	group_freeze(m, false);
	monitor_set_state(m, STATE_STOPPING, "");
	m->kill_at = monitor_now_ms() + (timeout_s < 86400 ? timeout_s : 86400) * 1000;
	m->ask_again_ms = ASK_AGAIN_MS;
	monitor_ask(m);
}

/* JSON by hand: the text is our own but for what an error says. */
void
monitor_write_exit(const struct monitor *m, enum container_state state, int status, int signal, const char *how)
{
	char text[128], line[512];
	struct err e = { 0 };
	int len;

	snprintf(text, sizeof text, "%s", how);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || strchr("\"\\\x7f", *c))
			*c = '\'';
	len = snprintf(line, sizeof line,
	               "{\"state\":\"%s\",\"exit\":\"%s\",\"exit_status\":%d,\"exit_signal\":%d,\"exited_at\":%lld,"
	               "\"started_at\":%lld,\"restarts\":%lld}\n",
	               state == STATE_CRASHED ? "crashed" : "stopped", text, status, signal, (long long)time(NULL),
	               (long long)m->started_at, (long long)m->restarts);
	if (fd_replace_file(AT_FDCWD, "exit", line, (size_t)len, 0600, false, &e) < 0)
		log_error("%s: %s", m->name, e.message);
}

/* Machined forgets it. Not waited for: the scope, and with it the next start, does. */
static void
monitor_unregister(const struct monitor *m)
{
	char *argv[] = { (char *)(uintptr_t) "berth-unit", (char *)(uintptr_t) "unregister", (char *)(uintptr_t)m->name, NULL };
	struct err e = { 0 };
	pid_t pid;

	if (m->unregister && spawn_program(m->unregister, argv, NULL, 0, NULL, &pid, &e) < 0)
		log_err(&e, "%s", m->name);
}

/* The record before the groups go, the word to clients after: then a new start finds nothing in its way. */
static void
monitor_end(struct monitor *m, enum container_state state, int status, int signal, const char *how)
{
	console_close(m);
	m->init_pid = 0;
	FAULT("monitor.init-ended");
	monitor_write_exit(m, state, status, signal, how);
	FAULT("monitor.exit-written");
	group_remove_all(m);
	FAULT("monitor.groups-removed");
	monitor_unregister(m);
	client_done(m, MONITOR_STOP, 0, how);
	client_done(m, MONITOR_KILL, 0, how);
	client_done(m, 0, ESRCH, how);
	client_tell_exit(m, state, status, signal, how);
	m->ended = true;
}

/* Whatever the failed launch left: the future init, and the job, which has yet to answer its caller if it said what failed. */
static void
monitor_reap_all(struct monitor *m)
{
	int64_t until = monitor_now_ms() + REAP_TIMEOUT_MS;
	struct timespec pause = { .tv_nsec = 1000000 };

	group_kill(m);
	while (waitpid(-1, NULL, WNOHANG) >= 0 || errno == EINTR) {
		if (monitor_now_ms() >= until) {
			if (m->job_pid > 0)
				kill(m->job_pid, SIGKILL);
			break;
		}
		nanosleep(&pause, NULL);
	}
	m->job_pid = 0;
}

static void
monitor_launch_failed(struct monitor *m, const char *why)
{
	char how[160];

	m->launch_by = 0;
	monitor_unwatch(m, &m->handover);
	monitor_reap_all(m);
	if (m->killed) {
		monitor_end(m, STATE_STOPPED, 0, SIGKILL, "killed");
		return;
	}
	snprintf(how, sizeof how, "start failed: %s", why);
	log_error("%s: %s", m->name, how);
	monitor_end(m, m->restarts > 0 ? STATE_CRASHED : STATE_STOPPED, 0, 0, how);
}

/* Field 22 of a stat line, counted from behind the name, which may hold anything. */
static uint64_t
monitor_start_time(pid_t pid)
{
	char path[32], text[1024];
	AUTO_CLOSE int fd = -1;
	ssize_t n;
	char *at;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

static void monitor_init_ended(struct monitor *m, int status);

void
monitor_drop_root(struct monitor *m)
{
	fd_auto_close(&m->root);
	fd_auto_close(&m->root_lock);
	m->root = m->root_lock = -1;
}

static void
monitor_adopt(struct monitor *m, pid_t pid, int master)
{
	bool early = pid == m->early_pid;

	fd_auto_close(&m->init_pidfd);
	/* This is its parent, and it isn't reaped before this returns: the pid is its own. */
	m->init_pidfd = early ? -1 : pidfd_open(pid, 0);
	m->init_pid = pid;
	m->start_time = monitor_start_time(pid);
	m->started_at = time(NULL);
	m->launch_by = 0;
	monitor_unwatch(m, &m->handover);
	m->early_pid = 0;
	if (early) {
		if (console_open(m, master) < 0)
			log_warning("%s: its last words are lost", m->name);
		monitor_init_ended(m, m->early_status);
		return;
	}
	if (m->init_pidfd < 0 || console_open(m, master) < 0) {
		log_error("%s: can't take init over: %s", m->name, strerror(errno));
		monitor_kill(m);
		return;
	}
	FAULT("monitor.init-taken");
	monitor_set_state(m, STATE_RUNNING, "");
	FAULT("monitor.running");
}

static void
monitor_handover_ready(struct monitor *m, struct source *s, uint32_t events)
{
	struct monitor_init init = { 0 };
	int fds[FD_PASS_MAX];
	size_t nfds = 0;
	ssize_t n = fd_recv(s->fd, &init, sizeof init, fds, &nfds, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	init.text[sizeof init.text - 1] = '\0';
	if (n == (ssize_t)sizeof init && init.magic == MONITOR_MAGIC && init.error == 0 && init.pid > 0 &&
	    nfds == MONITOR_INIT_FDS) {
		m->root = take_fd(&fds[1]);
		m->root_lock = take_fd(&fds[2]);
		monitor_adopt(m, init.pid, take_fd(&fds[0]));
		return;
	}
	for (size_t i = 0; i < nfds; i++)
		close(fds[i]);
	monitor_launch_failed(m, n == (ssize_t)sizeof init && init.error != 0 ? init.text : "the launch job died");
}

static int
monitor_spawn(struct monitor *m, int handover, struct err *e)
{
	const struct spawn_fd fds[] = { { handover, SPAWN_MONITOR }, { m->launch_fd, SPAWN_CHANNEL } };
	char *argv[] = { (char *)(uintptr_t)m->job, (char *)(uintptr_t) "launch", (char *)(uintptr_t) "root", NULL };

	return spawn_program(m->job, argv, fds, m->launch_fd >= 0 ? 2 : 1, NULL, &m->job_pid, e);
}

void
monitor_launch(struct monitor *m)
{
	struct err e = { 0 };
	int ends[2], rc;

	m->relaunch_at = 0;
	m->state = STATE_STARTING;
	m->text[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		monitor_launch_failed(m, strerror(errno));
		return;
	}
	m->handover.ready = monitor_handover_ready;
	rc = monitor_watch(m, &m->handover, ends[0], EPOLLIN) < 0 ? err_sys(&e, "watch the launch") : monitor_spawn(m, ends[1], &e);
	close(ends[1]);
	fd_auto_close(&m->launch_fd);
	m->launch_fd = -1;
	m->launch_by = monitor_now_ms() + fault_deadline(LAUNCH_TIMEOUT_MS);
	FAULT("monitor.launching");
	if (rc < 0) {
		m->job_pid = 0;
		monitor_launch_failed(m, e.message);
		return;
	}
	client_tell_state(m);
}

/* Every restart is remembered; the fifth within a minute makes the next ones wait, longer each time, until a quiet minute. */
static int64_t
monitor_backoff(struct monitor *m)
{
	int64_t now = monitor_now_ms(), oldest = m->restart_ms[0];

	memmove(m->restart_ms, m->restart_ms + 1, sizeof m->restart_ms - sizeof *m->restart_ms);
	m->restart_ms[MONITOR_RESTARTS - 1] = now;
	if (oldest == 0 || now - oldest > RESTART_WINDOW_MS + MONITOR_RESTARTS * m->backoff_ms)
		m->backoff_ms = 0;
	else if (m->backoff_ms == 0)
		m->backoff_ms = BACKOFF_FIRST_MS;
	else if (m->backoff_ms < BACKOFF_MAX_MS)
		m->backoff_ms = m->backoff_ms * 2 < BACKOFF_MAX_MS ? m->backoff_ms * 2 : BACKOFF_MAX_MS;
	return m->backoff_ms;
}

static void
monitor_restart(struct monitor *m)
{
	int64_t wait = monitor_backoff(m);
	char text[64];

	console_close(m);
	group_remove_all(m);
	monitor_drop_root(m);
	FAULT("monitor.restarting");
	m->restarts++;
	if (wait == 0) {
		monitor_launch(m);
		return;
	}
	snprintf(text, sizeof text, "restarting too fast: waiting %lld s", (long long)wait / 1000);
	log_warning("%s: %s", m->name, text);
	console_note(m, text);
	m->relaunch_at = monitor_now_ms() + wait;
	monitor_set_state(m, STATE_STARTING, text);
}

static void
monitor_init_ended(struct monitor *m, int status)
{
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	enum container_state state = m->stopping ? STATE_STOPPED : STATE_CRASHED;
	const char *abbreviation = signal ? sigabbrev_np(signal) : NULL;
	char how[64];

	m->init_pid = 0;
	fd_auto_close(&m->init_pidfd);
	m->init_pidfd = -1;
	m->kill_at = m->ask_at = 0;
	m->freeze_by = 0;
	monitor_unwatch(m, &m->events);
	if (signal == SIGHUP && !m->stopping) {
		monitor_restart(m);
		return;
	}
	if (signal == SIGINT || (signal == SIGHUP && m->stopping))
		monitor_end(m, STATE_STOPPED, 0, 0, "poweroff");
	else if (signal == SIGKILL && m->killed)
		monitor_end(m, STATE_STOPPED, 0, SIGKILL, "killed");
	else {
		if (signal)
			snprintf(how, sizeof how, "signal %d (%s)", signal, abbreviation ? abbreviation : "?");
		else
			snprintf(how, sizeof how, "exit status %d", code);
		monitor_end(m, state, code, signal, how);
	}
}

void
monitor_signals_ready(struct monitor *m, struct source *s, uint32_t events)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(s->fd, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	/* The host goes down, or somebody stopped the scope: the container ends as by `stop`. */
	if (info.ssi_signo == SIGTERM && !m->stopping)
		monitor_stop(m, TERM_TIMEOUT_S);
	/* The handover first: an init that ended at once must be known as such. */
	if (m->handover.fd >= 0)
		monitor_handover_ready(m, &m->handover, EPOLLIN);
	while (!m->ended && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->job_pid)
			m->job_pid = 0;
		else if (pid == m->init_pid)
			monitor_init_ended(m, status);
		else {
			m->early_pid = pid;
			m->early_status = status;
		}
	}
	if (!m->ended && m->job_pid == 0 && m->init_pid == 0 && m->handover.fd >= 0)
		monitor_launch_failed(m, "the launch job died");
}

/* Killed while it waited for its next start. */
static bool
monitor_killed_idle(const struct monitor *m)
{
	return m->killed && m->init_pid == 0 && m->job_pid == 0 && m->handover.fd < 0;
}

void
monitor_deadlines(struct monitor *m)
{
	int64_t now = monitor_now_ms();

	if (m->launch_by && now >= m->launch_by) {
		kill(m->job_pid, SIGKILL);
		monitor_launch_failed(m, "it took more than a minute");
	}
	if (m->kill_at && now >= m->kill_at)
		monitor_kill(m);
	if (m->ask_at && now >= m->ask_at)
		monitor_ask(m);
	if (m->freeze_by && now >= m->freeze_by) {
		client_done(m, MONITOR_FREEZE, ETIMEDOUT, "some process can't be frozen");
		group_freeze(m, false);
	}
	if (m->relaunch_at && now >= m->relaunch_at)
		monitor_launch(m);
	if (m->console_at && now >= m->console_at)
		console_resume(m);
	if (!m->ended && monitor_killed_idle(m))
		monitor_end(m, STATE_STOPPED, 0, SIGKILL, "killed");
}

int
monitor_timeout(const struct monitor *m)
{
	const int64_t deadlines[] = { m->launch_by, m->kill_at, m->ask_at, m->freeze_by, m->relaunch_at, m->console_at };
	int64_t now = monitor_now_ms(), next = -1;

	if (monitor_killed_idle(m))
		return 0;
	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++) {
		int64_t wait = deadlines[i] > now ? deadlines[i] - now : 0;

		if (deadlines[i] && (next < 0 || wait < next))
			next = wait;
	}
	return (int)next;
}
