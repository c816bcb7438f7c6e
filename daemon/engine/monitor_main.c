/* What the engine asks for on the command line, descriptors and signals; the rest is the loop's. */
#include "daemon/engine/monitor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "daemon/util/signals.h"

enum { LAUNCH_FD = 10 };

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
			m->stop_signal = signals_number(optarg);
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
	m->launch_fd = m->init_pidfd = m->log_fd = m->slave = m->epoll = m->root = m->root_lock = -1;
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
	client_end(&m);
	FAULT("monitor.gone");
	monitor_drop_root(&m);
	return 0;
}
