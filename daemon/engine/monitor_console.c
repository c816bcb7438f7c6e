#include "daemon/engine/monitor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/util/fd.h"

/* A console is no bulk channel: whoever floods it waits, so that neither the log's disk nor a CPU is the container's. */
enum { WINDOW_MS = 1000, WINDOW_BYTES = 1 << 20, REOPEN_MS = 100, DRAIN_MAX = 64 << 10, CHUNK = 4096 };

static const char log_name[] = "console.log", log_old[] = "console.log.1";

static void
console_open_log(struct monitor *m)
{
	struct stat st;

	m->log_fd = open(log_name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	m->log_size = m->log_fd >= 0 && fstat(m->log_fd, &st) == 0 ? st.st_size : 0;
}

/* A full disk costs log, nothing else. */
static void
console_log(struct monitor *m, const char *data, size_t len)
{
	if (m->log_fd >= 0 && m->log_size > 0 && m->log_size + (int64_t)len > m->log_max) {
		close(take_fd(&m->log_fd));
		rename(log_name, log_old);
	}
	if (m->log_fd < 0)
		console_open_log(m);
	if (m->log_fd >= 0 && fd_write_all(m->log_fd, data, len) == 0)
		m->log_size += (int64_t)len;
}

void
console_note(struct monitor *m, const char *text)
{
	char line[128];
	int len = snprintf(line, sizeof line, "\r\n[berth: %s]\r\n", text);

	console_log(m, line, len < (int)sizeof line ? (size_t)len : sizeof line - 1);
}

/* What a slow viewer can't take is lost to it, and it is told so; the container never waits for a viewer. */
static void
console_show(struct monitor *m, struct viewer *v, const char *data, size_t len)
{
	char note[64];
	ssize_t n;

	if (v->skipped > 0) {
		snprintf(note, sizeof note, "\r\n[berth: %llu bytes skipped]\r\n", (unsigned long long)v->skipped);
		n = send(v->source.fd, note, strlen(note), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			v->skipped += len;
			return;
		}
		v->skipped = 0;
	}
	n = send(v->source.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		monitor_unwatch(m, &v->source);
	else
		v->skipped = len - (n > 0 ? (size_t)n : 0);
}

/* 0 when there is no more for now, -1 when nobody inside has it open. */
static ssize_t
console_take(struct monitor *m)
{
	char data[CHUNK];
	ssize_t n = read(m->console.fd, data, sizeof data);

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	console_log(m, data, (size_t)n);
	for (size_t i = 0; i < MONITOR_VIEWERS; i++)
		if (m->viewers[i].source.fd >= 0)
			console_show(m, &m->viewers[i], data, (size_t)n);
	return n;
}

static uint32_t
console_events(const struct monitor *m)
{
	return (m->console_at ? 0U : (uint32_t)EPOLLIN) | (m->input_len > 0 ? (uint32_t)EPOLLOUT : 0U);
}

static void
console_pause(struct monitor *m, int64_t until)
{
	m->console_at = until;
	/* Not watched at all: a hung-up pty would be reported for ever. */
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, m->console.fd, NULL);
}

static void
console_hold_slave(struct monitor *m)
{
	fd_auto_close(&m->slave);
	m->slave = ioctl(m->console.fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void
console_resume(struct monitor *m)
{
	struct epoll_event event;

	m->console_at = 0;
	if (m->console.fd < 0)
		return;
	event = (struct epoll_event){ .events = console_events(m), .data.ptr = &m->console };
	epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->console.fd, &event);
}

/* Viewers are read only while nothing waits to be typed. */
static void
console_watch_viewers(struct monitor *m)
{
	for (size_t i = 0; i < MONITOR_VIEWERS; i++)
		if (m->viewers[i].source.fd >= 0)
			monitor_rewatch(m, &m->viewers[i].source, m->input_len > 0 ? 0 : EPOLLIN);
}

static void
console_type(struct monitor *m)
{
	ssize_t n = write(m->console.fd, m->input, m->input_len);

	/* A pty that refuses for another reason than being full has no reader: the keys are lost. */
	if (n < 0 && errno != EAGAIN)
		n = (ssize_t)m->input_len;
	if (n > 0) {
		m->input_len -= (size_t)n;
		memmove(m->input, m->input + n, m->input_len);
	}
	if (!m->console_at)
		monitor_rewatch(m, &m->console, console_events(m));
	console_watch_viewers(m);
}

static void
console_ready(struct monitor *m, struct source *s, uint32_t events)
{
	int64_t now = monitor_now_ms();
	ssize_t n;

	if ((events & EPOLLOUT) && m->input_len > 0)
		console_type(m);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = console_take(m);
	if (n < 0) {
		console_hold_slave(m);
		console_pause(m, now + REOPEN_MS);
		return;
	}
	if (now - m->window_ms >= WINDOW_MS) {
		m->window_ms = now;
		m->window_bytes = 0;
	}
	m->window_bytes += (size_t)n;
	if (m->window_bytes >= WINDOW_BYTES)
		console_pause(m, m->window_ms + WINDOW_MS);
}

static void
console_viewer_ready(struct monitor *m, struct source *s, uint32_t events)
{
	ssize_t n;

	if (m->input_len > 0 && !(events & (EPOLLHUP | EPOLLERR)))
		return;
	n = recv(s->fd, m->input + m->input_len, sizeof m->input - m->input_len, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		monitor_unwatch(m, s);
		return;
	}
	m->input_len += (size_t)n;
	if (m->console.fd >= 0)
		console_type(m);
	else
		m->input_len = 0;
}

int
console_open(struct monitor *m, int master)
{
	if (fd_set_nonblock(master, true, NULL) < 0) {
		close(master);
		return -1;
	}
	m->console_at = 0;
	m->input_len = 0;
	m->console.ready = console_ready;
	if (monitor_watch(m, &m->console, master, EPOLLIN) < 0)
		return -1;
	console_hold_slave(m);
	return 0;
}

void
console_close(struct monitor *m)
{
	size_t taken = 0;
	ssize_t n;

	while (m->console.fd >= 0 && taken < DRAIN_MAX && (n = console_take(m)) > 0)
		taken += (size_t)n;
	fd_auto_close(&m->slave);
	m->slave = -1;
	m->console_at = 0;
	monitor_unwatch(m, &m->console);
}

void
console_resize(struct monitor *m, int64_t rows, int64_t columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	if (rows > 0 && columns > 0 && rows < 65536 && columns < 65536 && m->console.fd >= 0)
		ioctl(m->console.fd, TIOCSWINSZ, &size);
}

int
console_attach(struct monitor *m, int fd, int64_t rows, int64_t columns)
{
	for (size_t i = 0; i < MONITOR_VIEWERS; i++) {
		struct viewer *v = &m->viewers[i];

		if (v->source.fd >= 0)
			continue;
		console_resize(m, rows, columns);
		v->skipped = 0;
		v->source.ready = console_viewer_ready;
		return monitor_watch(m, &v->source, fd, EPOLLIN);
	}
	close(fd);
	errno = EUSERS;
	return -1;
}
