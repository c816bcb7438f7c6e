#include "daemon/engine/monitor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/engine/spawn.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum {
	JOB_CHANNEL = 3,
	JOB_MONITOR = 4,
	LAUNCH_FD = 10,
	LAUNCH_TIMEOUT_MS = 60000,
	RESTART_WINDOW_MS = 60000,
	BACKOFF_FIRST_MS = 5000,
	BACKOFF_MAX_MS = 300000,
	REAP_TIMEOUT_MS = 5000,
	TERM_TIMEOUT_S = 60, /* systemd kills after 90 */
	ASK_AGAIN_MS = 200,
	ASK_AGAIN_MAX_MS = 6400
};

static const struct option options[] = {
	{ "name", required_argument, NULL, 'n' },
	{ "job", required_argument, NULL, 'j' },
	{ "stop", required_argument, NULL, 's' },
	{ "reboot", required_argument, NULL, 'r' },
	{ "console-log", required_argument, NULL, 'c' },
	{ "kill", required_argument, NULL, 'k' },
	{ "group", required_argument, NULL, 'g' },
	{ "launch-fd", required_argument, NULL, 'l' },
	{ "tidy", no_argument, NULL, 't' },
	{ "unregister", required_argument, NULL, 'u' },
	{ "container", required_argument, NULL, 'C' },
	{ "id", required_argument, NULL, 'I' },
	{ "tenant", required_argument, NULL, 'T' },
	{ 0 },
};

int64_t
monitor_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
monitor_watch(struct monitor *m, struct source *s, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = s };

	if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		return -1;
	}
	s->fd = fd;
	return 0;
}

void
monitor_rewatch(struct monitor *m, struct source *s, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = s };

	epoll_ctl(m->epoll, EPOLL_CTL_MOD, s->fd, &event);
}

void
monitor_unwatch(struct monitor *m, struct source *s)
{
	if (s->fd < 0)
		return;
	/* The descriptor may have been sent elsewhere too: closing it alone would leave it in the set. */
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	close(take_fd(&s->fd));
}

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
static void
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
	if (n == (ssize_t)sizeof init && init.magic == MONITOR_MAGIC && init.error == 0 && init.pid > 0 && nfds == 1) {
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
	const struct spawn_fd fds[] = { { handover, JOB_MONITOR }, { m->launch_fd, JOB_CHANNEL } };
	char *argv[] = { (char *)(uintptr_t)m->job, (char *)(uintptr_t) "launch", NULL };

	return spawn_program(m->job, argv, fds, m->launch_fd >= 0 ? 2 : 1, NULL, &m->job_pid, e);
}

static void
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

static void
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

static void
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

static int
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

static void
monitor_loop(struct monitor *m)
{
	while (!m->ended) {
		struct epoll_event event;
		struct source *s;
		/* One at a time: what one event closes can't be the next one's. */
		int n = epoll_wait(m->epoll, &event, 1, monitor_timeout(m));

		if (n == 1) {
			s = event.data.ptr;
			s->ready(m, s, event.events);
		}
		if (!m->ended)
			monitor_deadlines(m);
	}
}

static int
monitor_signal_number(const char *text)
{
	char *end;
	long n;

	for (int i = 1; i < 32; i++)
		if (sigabbrev_np(i) && strcmp(sigabbrev_np(i), text) == 0)
			return i;
	if (strncmp(text, "RTMIN+", 6) == 0) {
		n = strtol(text + 6, &end, 10);
		return *end == '\0' && n >= 0 && n <= SIGRTMAX - SIGRTMIN ? SIGRTMIN + (int)n : 0;
	}
	n = strtol(text, &end, 10);
	return *end == '\0' && n > 0 && n <= SIGRTMAX ? (int)n : 0;
}

static int
monitor_options(struct monitor *m, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			m->name = optarg;
			break;
		case 'j':
			m->job = optarg;
			break;
		case 's':
			m->stop_signal = monitor_signal_number(optarg);
			break;
		case 'r': /* who reboots from inside knows its own signal */
			break;
		case 'c':
			m->log_max = strtoll(optarg, NULL, 10);
			break;
		case 'k':
			m->kill_dir = optarg;
			break;
		case 'g':
			if (m->ngroups == MONITOR_GROUPS)
				return -1;
			m->groups[m->ngroups++] = optarg;
			break;
		case 'l':
			m->launch_fd = (int)strtol(optarg, NULL, 10);
			break;
		case 'u':
			m->unregister = optarg;
			break;
		case 'C':
			m->subject.container = optarg;
			break;
		case 'I':
			m->subject.container_id = optarg;
			break;
		case 'T':
			m->subject.tenant = optarg;
			break;
		case 't':
			m->tidy = true;
			break;
		case '?':
			return -1;
		}
	}
	return m->name && m->job && m->kill_dir && m->stop_signal > 0 && m->log_max > 0 && optind == argc ? 0 : -1;
}

/* Descriptors: 0 and 1 to nowhere, 2 the log, the launch channel out of the way of those that a job is given. */
static int
monitor_descriptors(struct monitor *m)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return -1;
	if (m->launch_fd < 0)
		return close_range(3, ~0U, 0);
	if (m->launch_fd != LAUNCH_FD && dup2(m->launch_fd, LAUNCH_FD) < 0)
		return -1;
	m->launch_fd = LAUNCH_FD;
	if (fcntl(LAUNCH_FD, F_SETFD, FD_CLOEXEC) < 0 || close_range(3, LAUNCH_FD - 1, 0) < 0)
		return -1;
	return close_range(LAUNCH_FD + 1, ~0U, 0);
}

/* Best effort: the last that the host gives up. What it starts takes that off again. */
static void
monitor_protect(void)
{
	AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "-900", 4) < 0)
		return;
}

static int
monitor_signals(struct monitor *m)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t set;
	int fd;

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	m->signals.ready = monitor_signals_ready;
	return fd < 0 ? -1 : monitor_watch(m, &m->signals, fd, EPOLLIN);
}

static void
monitor_init_struct(struct monitor *m)
{
	memset(m, 0, sizeof *m);
	m->launch_fd = m->init_pidfd = m->log_fd = m->slave = m->epoll = -1;
	m->signals.fd = m->listener.fd = m->handover.fd = m->events.fd = m->console.fd = -1;
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		m->clients[i].source.fd = -1;
	for (size_t i = 0; i < MONITOR_VIEWERS; i++)
		m->viewers[i].source.fd = -1;
}

/* The engine is the one client; to it this is the monitor until the groups are gone, and then an end like any other. */
static void
monitor_tidy(struct monitor *m)
{
	m->clients[0].source.fd = take_fd(&m->launch_fd);
	monitor_set_state(m, STATE_STOPPING, "");
	group_kill(m);
	if (access("exit", F_OK) < 0)
		monitor_write_exit(m, STATE_CRASHED, 0, SIGKILL, "its monitor died");
	group_remove_all(m);
	unlink("monitor");
}

int
main(int argc, char **argv)
{
	struct monitor m;

	monitor_init_struct(&m);
	log_init("berth-monitor", LOG_LEVEL_INFO);
	if (monitor_options(&m, argc, argv) < 0) {
		fprintf(stderr, "berth-monitor is run by berthd alone\n");
		return 2;
	}
	log_about(&m.subject);
	setsid();
	umask(077);
	monitor_protect();
	if (m.tidy && monitor_descriptors(&m) == 0) {
		monitor_tidy(&m);
		return 0;
	}
	unlink("exit");
	if (monitor_descriptors(&m) < 0 || (m.epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || monitor_signals(&m) < 0 ||
	    client_listen(&m) < 0) {
		log_error("%s: %s", m.name, strerror(errno));
		return 1;
	}
	FAULT("monitor.listening");
	monitor_launch(&m);
	monitor_loop(&m);
	FAULT("monitor.ending");
	unlink("monitor");
	return 0;
}
