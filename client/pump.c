#include "client/pump.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "client/problem.h"
#include "daemon/util/fd.h"
#include "schema/stream.h"

enum {
	PUMP_HELD = 256 * 1024, /* bytes kept for an output that takes none; past this the daemon has to wait */
	PUMP_PIECE = 4096,      /* PIPE_BUF: poll() promises that so much can be written without blocking */
	PUMP_PIECE_FILE = 1 << 20
};

/* Where output goes: standard output or error. */
struct outlet {
	int fd;
	size_t piece;
	size_t offset; /* what of buf is written */
	struct buf buf;
	bool broken; /* its reader is gone */
};

struct pump {
	int sock;
	struct terminal *terminal;
	const struct pump_options *options;
	struct outlet out, err;
	struct frame_reader reader;
	struct buf control; /* payload of an EXIT or ERROR frame */
	struct buf send;    /* frames for the daemon */
	size_t sent;
	bool stdin_open, sock_open, exited, detached, resized;
	int status;
};

static void
outlet_init(struct outlet *o, int fd)
{
	struct stat st;

	o->fd = fd;
	o->piece = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? PUMP_PIECE_FILE : PUMP_PIECE;
}

static size_t
outlet_held(const struct outlet *o)
{
	return o->buf.len - o->offset;
}

static void
outlet_write(struct outlet *o)
{
	size_t len = outlet_held(o) < o->piece ? outlet_held(o) : o->piece;
	ssize_t n = write(o->fd, o->buf.data + o->offset, len);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		o->broken = true;
		n = (ssize_t)outlet_held(o);
	}
	o->offset += (size_t)n;
	if (outlet_held(o) == 0)
		o->offset = o->buf.len = 0;
}

static void
outlet_add(struct outlet *o, const void *data, size_t len)
{
	if (o->broken)
		return;
	if (o->offset > PUMP_HELD) {
		memmove(o->buf.data, o->buf.data + o->offset, outlet_held(o));
		o->buf.len -= o->offset;
		o->offset = 0;
	}
	buf_add(&o->buf, data, len);
}

static void
pump_add_frame(struct pump *p, enum frame_type type, const void *data, size_t len)
{
	unsigned char header[FRAME_HEADER];

	frame_header(header, type, len);
	buf_add(&p->send, header, sizeof header);
	buf_add(&p->send, data, len);
}

static void
pump_add_resize(struct pump *p)
{
	char text[64];
	int rows, columns;

	if (!p->options->tty || !terminal_size(&rows, &columns))
		return;
	pump_add_frame(p, FRAME_RESIZE, text, (size_t)snprintf(text, sizeof text, "{\"rows\":%d,\"columns\":%d}", rows, columns));
}

/* EXIT: {"exit":N} or {"signal":N}, told as a shell does. */
static int
pump_take_exit(struct pump *p, struct err *e)
{
	struct json_object *json = json_tokener_parse(p->control.data ? p->control.data : "");
	int64_t code = call_int(json, "exit", -1), sig = call_int(json, "signal", 0);

	json_object_put(json);
	p->exited = true;
	p->status = sig > 0 ? (int)(128 + sig) : (int)(code & 0xff);
	if (sig <= 0 && code < 0)
		return err_set(e, ERR_INTERNAL, "The daemon didn't tell how the command ended");
	return 0;
}

static int
pump_take_error(struct pump *p, struct err *e)
{
	struct json_object *json = json_tokener_parse(p->control.data ? p->control.data : "");

	problem_to_err(json, 0, e);
	json_object_put(json);
	return -1;
}

static int
pump_take_control(struct pump *p, const void *data, size_t len, bool end, struct err *e)
{
	int rc = 0;

	buf_add(&p->control, data, len);
	if (!end)
		return 0;
	if (p->reader.type == FRAME_EXIT)
		rc = pump_take_exit(p, e);
	else
		rc = pump_take_error(p, e);
	buf_clear(&p->control);
	return rc;
}

static int
pump_take_bytes(struct pump *p, const void *bytes, size_t len, struct err *e)
{
	const unsigned char *data = bytes, *piece;
	size_t piece_len;
	int end, rc;

	while ((rc = frame_read(&p->reader, &data, &len, &piece, &piece_len, &end, e)) > 0) {
		switch (p->reader.type) {
		case FRAME_STDOUT:
			outlet_add(&p->out, piece, piece_len);
			break;
		case FRAME_STDERR:
			outlet_add(&p->err, piece, piece_len);
			break;
		case FRAME_EXIT:
		case FRAME_ERROR:
			if (pump_take_control(p, piece, piece_len, end, e) < 0)
				return -1;
			break;
		case FRAME_STDIN:
		case FRAME_RESIZE:
		case FRAME_STDIN_END:
		case FRAME_TYPE_COUNT:
			return err_set(e, ERR_BAD_REQUEST, "The daemon sent a frame that only clients send");
		}
	}
	return rc;
}

static int
pump_receive(struct pump *p, struct err *e)
{
	char data[65536];
	ssize_t n = recv(p->sock, data, sizeof data, MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		p->sock_open = false;
		return 0;
	}
	return pump_take_bytes(p, data, (size_t)n, e);
}

static void
pump_send(struct pump *p)
{
	ssize_t n = send(p->sock, p->send.data + p->sent, p->send.len - p->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* The daemon reads no more, but what it wrote before is still to be read. */
	if (n < 0) {
		n = (ssize_t)(p->send.len - p->sent);
		p->stdin_open = false;
	}
	p->sent += (size_t)n;
	if (p->sent == p->send.len)
		p->sent = p->send.len = 0;
}

static void
pump_end_stdin(struct pump *p)
{
	p->stdin_open = false;
	if (p->options->end_stdin)
		pump_add_frame(p, FRAME_STDIN_END, "", 0);
}

static void
pump_read_stdin(struct pump *p)
{
	char data[FRAME_MAX];
	ssize_t n = read(STDIN_FILENO, data, sizeof data);
	const char *escape;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		pump_end_stdin(p);
		return;
	}
	escape = p->options->escape >= 0 ? memchr(data, p->options->escape, (size_t)n) : NULL;
	if (escape) {
		n = escape - data;
		p->detached = true;
		p->stdin_open = false;
	}
	if (n > 0)
		pump_add_frame(p, FRAME_STDIN, data, (size_t)n);
}

static void
pump_take_signal(struct pump *p)
{
	int sig = terminal_signal(p->terminal);

	if (sig == SIGWINCH)
		pump_add_resize(p);
	else if (sig != 0)
		terminal_die(p->terminal, sig);
}

static bool
pump_may_receive(const struct pump *p)
{
	return p->sock_open && !p->exited && outlet_held(&p->out) < PUMP_HELD && outlet_held(&p->err) < PUMP_HELD;
}

static int
pump_turn(struct pump *p, struct err *e)
{
	bool sending = p->send.len > 0;
	struct pollfd fds[] = {
		{ p->sock_open ? p->sock : -1, (short)((pump_may_receive(p) ? POLLIN : 0) | (sending ? POLLOUT : 0)), 0 },
		{ p->stdin_open && !sending ? STDIN_FILENO : -1, POLLIN, 0 },
		{ outlet_held(&p->out) > 0 ? p->out.fd : -1, POLLOUT, 0 },
		{ outlet_held(&p->err) > 0 ? p->err.fd : -1, POLLOUT, 0 },
		{ p->terminal->signal_fd, POLLIN, 0 },
	};

	/* Without interest in it, a hang-up would wake the loop for ever. */
	if (fds[0].events == 0)
		fds[0].fd = -1;
	if (poll(fds, sizeof fds / sizeof *fds, -1) < 0)
		return errno == EINTR ? 0 : err_sys(e, "wait for the stream");
	if (fds[4].revents)
		pump_take_signal(p);
	if (fds[2].revents)
		outlet_write(&p->out);
	if (fds[3].revents)
		outlet_write(&p->err);
	if (fds[1].revents)
		pump_read_stdin(p);
	if (fds[0].revents & POLLOUT)
		pump_send(p);
	if (fds[0].revents & ~POLLOUT)
		return pump_receive(p, e);
	return 0;
}

static bool
pump_is_done(const struct pump *p)
{
	bool told = p->send.len == 0 || !p->sock_open;

	/* Nobody reads what the command prints: to hang up ends it, as SIGPIPE would. */
	if (p->out.broken)
		return true;
	if (p->detached && told)
		return true;
	return (p->exited || !p->sock_open) && outlet_held(&p->out) == 0 && outlet_held(&p->err) == 0;
}

static int
pump_loop(struct pump *p, const struct buf *first, struct err *e)
{
	if (first->len > 0 && pump_take_bytes(p, first->data, first->len, e) < 0)
		return -1;
	while (!pump_is_done(p)) {
		if (pump_turn(p, e) < 0)
			return -1;
		if (p->out.buf.failed || p->err.buf.failed || p->send.failed)
			return err_set(e, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

int
pump_run(int sock, const struct buf *first, struct terminal *terminal, const struct pump_options *options, enum pump_end *end_out,
         int *status_out, struct err *e)
{
	struct pump p = { .sock = sock, .terminal = terminal, .options = options, .stdin_open = true, .sock_open = true };
	int rc;

	outlet_init(&p.out, STDOUT_FILENO);
	outlet_init(&p.err, STDERR_FILENO);
	if (options->no_stdin)
		pump_end_stdin(&p);
	/* Between the request, which told it, and now nobody listened for a change. */
	pump_add_resize(&p);
	rc = pump_loop(&p, first, e);
	/* What came before an error is shown before it. */
	while (rc < 0 && outlet_held(&p.out) > 0)
		outlet_write(&p.out);
	*status_out = p.out.broken && !p.exited ? 128 + SIGPIPE : p.status;
	*end_out = p.detached ? PUMP_DETACHED : p.exited || p.out.broken ? PUMP_EXITED : PUMP_CLOSED;
	buf_clear(&p.out.buf);
	buf_clear(&p.err.buf);
	buf_clear(&p.control);
	buf_clear(&p.send);
	return rc;
}
