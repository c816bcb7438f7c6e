/* What the monitor waits for. */
#include "daemon/engine/monitor_state.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/util/clock.h"
#include "daemon/util/fd.h"

int64_t
monitor_now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
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
