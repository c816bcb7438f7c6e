#include "daemon/engine/monitor_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

/* How many may wait to be let in. To those beyond the monitor seems busy, never dead. */
enum { CLIENT_BACKLOG = 128 };

static const char socket_name[] = "monitor";

static void
client_leave(struct monitor *m, struct client *c)
{
	monitor_unwatch(m, &c->source);
	/* A place is free for who waits at the door. */
	if (m->listener.fd >= 0)
		monitor_rewatch(m, &m->listener, EPOLLIN);
}

/* A client that doesn't take its messages is let go: the monitor waits for nobody. */
static void
client_send(struct monitor *m, struct client *c, const struct monitor_msg *msg)
{
	if (send(c->source.fd, msg, sizeof *msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		client_leave(m, c);
}

static struct monitor_msg
client_message(const struct monitor *m, uint16_t verb, const char *text)
{
	struct monitor_msg msg = {
		.magic = MONITOR_MAGIC, .version = MONITOR_VERSION, .verb = verb, .pid = m->init_pid, .start_time = m->start_time
	};

	snprintf(msg.text, sizeof msg.text, "%s", text);
	return msg;
}

static void
client_send_state(struct monitor *m, struct client *c)
{
	struct monitor_msg msg = client_message(m, MONITOR_STATE, m->text);

	msg.a = m->state;
	msg.b = m->restarts;
	msg.c = m->started_at;
	client_send(m, c, &msg);
}

void
client_tell_state(struct monitor *m)
{
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].source.fd >= 0)
			client_send_state(m, &m->clients[i]);
}

static void
client_finish(struct monitor *m, struct client *c, uint32_t serial, int error, const char *text)
{
	struct monitor_msg msg = client_message(m, MONITOR_DONE, text);

	msg.serial = serial;
	msg.a = error;
	client_send(m, c, &msg);
}

void
client_done(struct monitor *m, uint16_t verb, int error, const char *text)
{
	for (size_t i = 0; i < MONITOR_CLIENTS; i++) {
		struct client *c = &m->clients[i];

		if (c->source.fd < 0 || c->verb == 0 || (verb != 0 && c->verb != verb))
			continue;
		c->verb = 0;
		client_finish(m, c, c->serial, error, text);
	}
}

void
client_tell_exit(struct monitor *m, enum container_state state, int status, int signal, const char *how)
{
	struct monitor_msg msg = client_message(m, MONITOR_EXIT, how);

	msg.a = state;
	msg.b = status;
	msg.c = signal;
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].source.fd >= 0)
			client_send(m, &m->clients[i], &msg);
}

static void
client_freeze(struct monitor *m, struct client *c, uint32_t serial)
{
	if (m->state == STATE_FROZEN) {
		client_finish(m, c, serial, 0, "");
		return;
	}
	if (m->state != STATE_RUNNING) {
		client_finish(m, c, serial, ESRCH, "it isn't running");
		return;
	}
	if (group_freeze(m, true) < 0) {
		client_finish(m, c, serial, errno, "write cgroup.freeze");
		return;
	}
	FAULT("monitor.freezing");
	c->verb = MONITOR_FREEZE;
	c->serial = serial;
	group_watch_frozen(m);
}

static void
client_thaw(struct monitor *m, struct client *c, uint32_t serial)
{
	if (group_freeze(m, false) < 0) {
		client_finish(m, c, serial, errno, "write cgroup.freeze");
		return;
	}
	FAULT("monitor.thawing");
	if (m->state == STATE_FROZEN)
		monitor_set_state(m, STATE_RUNNING, "");
	client_finish(m, c, serial, 0, "");
}

static void
client_command(struct monitor *m, struct client *c, const struct monitor_msg *msg, int *fds, size_t nfds)
{
	switch (msg->verb) {
	case MONITOR_STOP:
	case MONITOR_KILL:
		c->verb = msg->verb;
		c->serial = msg->serial;
		if (msg->verb == MONITOR_STOP)
			monitor_stop(m, msg->a);
		else
			monitor_kill(m);
		return;
	case MONITOR_FREEZE:
		client_freeze(m, c, msg->serial);
		return;
	case MONITOR_THAW:
		client_thaw(m, c, msg->serial);
		return;
	case MONITOR_ATTACH:
		if (nfds != 1)
			client_finish(m, c, msg->serial, EINVAL, "one descriptor is wanted");
		else if (console_attach(m, take_fd(&fds[0]), msg->a, msg->b) < 0)
			client_finish(m, c, msg->serial, errno, "");
		else
			client_finish(m, c, msg->serial, 0, "");
		return;
	case MONITOR_RESIZE:
		console_resize(m, msg->a, msg->b);
		client_finish(m, c, msg->serial, 0, "");
		return;
	}
	client_finish(m, c, msg->serial, ENOSYS, "unknown command");
}

static void
client_ready(struct monitor *m, struct source *s, uint32_t events)
{
	struct client *c = (struct client *)s;
	struct monitor_msg msg;
	int fds[FD_PASS_MAX];
	size_t nfds = 0;
	ssize_t n = fd_recv(s->fd, &msg, sizeof msg, fds, &nfds, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n != (ssize_t)sizeof msg || msg.magic != MONITOR_MAGIC || msg.version != MONITOR_VERSION)
		client_leave(m, c);
	else
		client_command(m, c, &msg, fds, nfds);
	for (size_t i = 0; i < nfds; i++)
		fd_auto_close(&fds[i]);
}

static bool
client_is_root(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

static struct client *
client_free_place(struct monitor *m)
{
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		if (m->clients[i].source.fd < 0)
			return &m->clients[i];
	return NULL;
}

/* With all places taken the next one waits at the door: a connection that ended at once would mean that the monitor is gone. */
static void
client_accept(struct monitor *m, struct source *s, uint32_t events)
{
	struct client *c = client_free_place(m);
	int fd;

	if (!c) {
		monitor_rewatch(m, s, 0);
		return;
	}
	fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (!client_is_root(fd)) {
		close(fd);
		return;
	}
	c->verb = 0;
	c->source.ready = client_ready;
	if (monitor_watch(m, &c->source, fd, EPOLLIN) == 0)
		client_send_state(m, c);
}

int
client_listen(struct monitor *m)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask;
	int rc;

	if (fd < 0)
		return -1;
	memcpy(address.sun_path, socket_name, sizeof socket_name);
	unlink(socket_name);
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&address, sizeof address);
	umask(mask);
	if (rc < 0 || listen(fd, CLIENT_BACKLOG) < 0) {
		close(fd);
		return -1;
	}
	m->listener.ready = client_accept;
	return monitor_watch(m, &m->listener, fd, EPOLLIN);
}

void
client_end(struct monitor *m)
{
	unlink(socket_name);
	monitor_unwatch(m, &m->listener);
	for (size_t i = 0; i < MONITOR_CLIENTS; i++)
		monitor_unwatch(m, &m->clients[i].source);
}
