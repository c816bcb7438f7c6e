#include "daemon/engine/monitor_call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "daemon/util/fd.h"

enum { MONITOR_TIMEOUT_S = 5 };

static int
call_connect(const struct spec *spec, int *sock_out, struct err *e)
{
	const struct timeval timeout = { .tv_sec = MONITOR_TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char dir[SPEC_PATH_MAX];

	if (sock < 0)
		return err_sys(e, "make a socket");
	if (snprintf(address.sun_path, sizeof address.sun_path, "%s/monitor", spec_run_dir(spec, dir)) >=
	    (int)sizeof address.sun_path)
		return err_set(e, ERR_INTERNAL, "the path of '%s/monitor' is too long for a socket", dir);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
		return err_sys(e, "set a socket's timeout");
	if (connect(sock, (struct sockaddr *)&address, sizeof address) < 0)
		return errno == ENOENT || errno == ECONNREFUSED ? 0
		       : errno == EAGAIN                        ? err_set(e, ERR_TIMEOUT, "the container's monitor doesn't answer")
		                                                : err_sys(e, "connect to '%s'", address.sun_path);
	*sock_out = take_fd(&sock);
	return 1;
}

/* 1 a message, 0 the monitor has gone, -1 error. */
static int
call_receive(int sock, struct monitor_msg *msg_out, struct err *e)
{
	int fds[FD_PASS_MAX];
	size_t nfds = 0;
	ssize_t n = fd_recv(sock, msg_out, sizeof *msg_out, fds, &nfds, 0);

	while (nfds > 0)
		close(fds[--nfds]);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return errno == EAGAIN ? err_set(e, ERR_TIMEOUT, "the container's monitor doesn't answer")
		                       : err_sys(e, "hear the monitor");
	if (n != sizeof *msg_out || msg_out->magic != MONITOR_MAGIC || msg_out->version != MONITOR_VERSION)
		return err_set(e, ERR_INTERNAL, "the container's monitor speaks another protocol");
	msg_out->text[sizeof msg_out->text - 1] = '\0';
	return 1;
}

int
monitor_call_open(const struct spec *spec, int *sock_out, struct monitor_state *state_out, struct err *e)
{
	struct monitor_msg msg = { 0 };
	AUTO_CLOSE int sock = -1;
	int rc = call_connect(spec, &sock, e);

	while (rc == 1 && msg.verb != MONITOR_STATE)
		rc = call_receive(sock, &msg, e);
	if (rc != 1)
		return rc;
	if (msg.a < 0 || msg.a >= STATE_COUNT)
		return err_set(e, ERR_INTERNAL, "the container's monitor told an unknown state");
	*state_out = (struct monitor_state){ (enum container_state)msg.a, msg.pid, msg.start_time };
	*sock_out = take_fd(&sock);
	return 1;
}

int
monitor_call_open_running(const struct spec *spec, bool frozen, int *sock_out, struct monitor_state *state_out, struct err *e)
{
	struct monitor_state state = { .state = STATE_STOPPED };
	AUTO_CLOSE int sock = -1;

	if (monitor_call_open(spec, &sock, &state, e) < 0)
		return -1;
	if (state.state == STATE_FROZEN && !frozen) {
		err_set(e, ERR_CONFLICT, "The container is frozen; thaw it first");
		return err_code(e, "frozen");
	}
	if (sock < 0 || state.pid <= 0 ||
	    (state.state != STATE_RUNNING && state.state != STATE_FROZEN && state.state != STATE_STOPPING)) {
		err_set(e, ERR_CONFLICT, "The container is %s; start it first", container_state_name(state.state));
		return err_code(e, "not_running");
	}
	*state_out = state;
	*sock_out = take_fd(&sock);
	return 0;
}

int
monitor_call_do(int sock, enum monitor_verb verb, int64_t a, int64_t b, int fd, struct err *e)
{
	struct monitor_msg msg = {
		.magic = MONITOR_MAGIC, .version = MONITOR_VERSION, .verb = (uint16_t)verb, .serial = 1, .a = a, .b = b
	};
	int rc;

	if (fd_send(sock, &msg, sizeof msg, &fd, fd >= 0 ? 1 : 0, 0) < 0)
		return err_sys(e, "tell the monitor");
	/* States that change meanwhile come between. */
	do
		rc = call_receive(sock, &msg, e);
	while (rc == 1 && !(msg.verb == MONITOR_DONE && msg.serial == 1));
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_CONFLICT, "The container stopped meanwhile");
	if (msg.a == EUSERS)
		return err_set(e, ERR_BUSY, "The container's console has as many viewers as it can have: one has to leave first");
	if (msg.a != 0)
		return err_set(e, msg.a == ENOTSUP ? ERR_UNSUPPORTED : ERR_INTERNAL, "the monitor refused: %s",
		               msg.text[0] ? msg.text : strerror((int)msg.a));
	return 0;
}
