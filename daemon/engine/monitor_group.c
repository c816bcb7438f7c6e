#include "daemon/engine/monitor_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/util/fd.h"

enum { FREEZE_TIMEOUT_MS = 10000, REMOVE_TIMEOUT_MS = 1000, REMOVE_RETRY_MS = 5 };

static int
group_open(const struct monitor *m, const char *file, int flags)
{
	char path[512];

	if (snprintf(path, sizeof path, "%s/%s", m->kill_dir, file) >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC);
}

static int
group_write(const struct monitor *m, const char *file, const char *value)
{
	AUTO_CLOSE int fd = group_open(m, file, O_WRONLY);

	return fd < 0 || write(fd, value, 1) != 1 ? -1 : 0;
}

void
group_kill(struct monitor *m)
{
	/* It may be gone already; then there is nothing to kill. */
	(void)group_write(m, "cgroup.kill", "1");
}

int
group_freeze(struct monitor *m, bool frozen)
{
	if (!frozen) {
		m->freeze_by = 0;
		monitor_unwatch(m, &m->events);
		client_done(m, MONITOR_FREEZE, ECANCELED, "thawed");
	}
	return group_write(m, "cgroup.freeze", frozen ? "1" : "0");
}

/* Reading it also re-arms the notification. */
static bool
group_event_is(int fd, const char *line)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n < 0)
		return false;
	text[n] = '\0';
	return strstr(text, line) != NULL;
}

static void
group_events_ready(struct monitor *m, struct source *s, uint32_t events)
{
	if (!group_event_is(s->fd, "frozen 1"))
		return;
	monitor_unwatch(m, s);
	m->freeze_by = 0;
	monitor_set_state(m, STATE_FROZEN, "");
	client_done(m, MONITOR_FREEZE, 0, "");
}

void
group_watch_frozen(struct monitor *m)
{
	int fd;

	if (m->events.fd >= 0)
		return;
	fd = group_open(m, "cgroup.events", O_RDONLY);
	m->events.ready = group_events_ready;
	if (fd < 0 || monitor_watch(m, &m->events, fd, EPOLLPRI) < 0) {
		client_done(m, MONITOR_FREEZE, errno, "watch cgroup.events");
		return;
	}
	m->freeze_by = monitor_now_ms() + FREEZE_TIMEOUT_MS;
	group_events_ready(m, &m->events, 0);
}

/* The last processes of an ended container may still be leaving: someone who was entering it, say. */
static void
group_wait_empty(struct monitor *m)
{
	AUTO_CLOSE int fd = group_open(m, "cgroup.events", O_RDONLY);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	int64_t until = monitor_now_ms() + REMOVE_TIMEOUT_MS;

	while (fd >= 0 && group_event_is(fd, "populated 1") && monitor_now_ms() < until) {
		group_kill(m);
		poll(&p, 1, REMOVE_TIMEOUT_MS / 4);
	}
}

static int group_remove(int dirfd, const char *name);

/* Depth is what the kernel allowed the container; names are those of directories alone. */
static void
group_remove_below(int above, const char *name)
{
	DIR *dir = fd_open_dir(above, name, NULL);
	struct dirent *entry;

	if (!dir)
		return;
	while (fd_next_entry(dir, &entry, NULL) == 1)
		if (entry->d_type == DT_DIR)
			group_remove(dirfd(dir), entry->d_name);
	closedir(dir);
}

static int
group_remove(int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	group_remove_below(dirfd, name);
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

void
group_remove_all(struct monitor *m)
{
	struct timespec pause = { .tv_nsec = REMOVE_RETRY_MS * 1000000L };

	group_wait_empty(m);
	for (size_t i = 0; i < m->ngroups; i++) {
		int64_t until = monitor_now_ms() + REMOVE_TIMEOUT_MS;

		while (group_remove(AT_FDCWD, m->groups[i]) < 0 && errno == EBUSY && monitor_now_ms() < until)
			nanosleep(&pause, NULL);
	}
}
