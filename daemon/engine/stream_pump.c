#include "daemon/engine/stream_pump.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/engine/http_head.h"
#include "daemon/util/fd.h"

enum {
	PUMP_STALL_MS = 30000,       /* a client that reads nothing more after the end */
	PUMP_TAIL_MAX = 1024 * 1024, /* what a pipe can hold at most: written before the command's end, so still its output */
	PUMP_NOTE_MAX = 256,         /* a RESIZE frame */
	END_OF_FILE = 4              /* a terminal's VEOF */
};

enum slot { SLOT_CONN, SLOT_IN, SLOT_OUT, SLOT_ERR, SLOT_CHILD, SLOT_COUNT };

/* Static: one a process, and too large for its stack. */
static struct pump {
	struct stream_pump *s;
	struct frame_reader reader;
	unsigned char received[FRAME_HEADER + FRAME_MAX];
	const unsigned char *data; /* received, not yet taken apart */
	size_t len;
	const unsigned char *piece; /* of a STDIN frame, not yet written */
	size_t piece_len;
	char note[PUMP_NOTE_MAX]; /* of a RESIZE frame */
	size_t note_len;
	unsigned char frame[FRAME_HEADER + FRAME_MAX]; /* on its way to the client */
	size_t frame_at, frame_len;
	size_t tail[2]; /* still to be sent of each after the command's end */
	bool ended;
	bool gone;
	struct pump_status status;
} pump;

static void
pump_close_in(struct stream_pump *s)
{
	if (s->in >= 0 && s->in != s->out[0])
		close(s->in);
	s->in = -1;
}

static void
pump_close_out(struct stream_pump *s, size_t i)
{
	if (s->out[i] < 0)
		return;
	if (s->in == s->out[i])
		s->in = -1;
	close(s->out[i]);
	s->out[i] = -1;
}

void
stream_pump_close(struct stream_pump *s)
{
	pump_close_in(s);
	pump_close_out(s, 0);
	pump_close_out(s, 1);
}

/* A wrong size is no reason to end a session. */
static void
pump_resize(struct pump *p)
{
	struct json_object *json, *rows = NULL, *columns = NULL;

	p->note[p->note_len] = '\0';
	p->note_len = 0;
	json = json_tokener_parse(p->note);
	if (json_object_is_type(json, json_type_object) && json_object_object_get_ex(json, "rows", &rows) &&
	    json_object_object_get_ex(json, "columns", &columns) && p->s->resize) {
		int r = json_object_get_int(rows), c = json_object_get_int(columns);

		if (r > 0 && r <= UINT16_MAX && c > 0 && c <= UINT16_MAX)
			p->s->resize(p->s->arg, r, c);
	}
	json_object_put(json);
}

static void
pump_stdin_end(struct pump *p)
{
	static const unsigned char end = END_OF_FILE;

	if (!p->s->pty)
		pump_close_in(p->s);
	else if (p->s->in >= 0) {
		p->piece = &end;
		p->piece_len = 1;
	}
}

static int
pump_take_piece(struct pump *p, const unsigned char *piece, size_t len, bool end, struct err *e)
{
	switch (p->reader.type) {
	case FRAME_STDIN:
		p->piece = piece;
		p->piece_len = p->s->in >= 0 ? len : 0;
		return 0;
	case FRAME_RESIZE:
		if (len >= sizeof p->note - p->note_len)
			return err_set(e, ERR_BAD_REQUEST, "a resize frame is at most %d bytes", PUMP_NOTE_MAX - 1);
		memcpy(p->note + p->note_len, piece, len);
		p->note_len += len;
		if (end)
			pump_resize(p);
		return 0;
	case FRAME_STDIN_END:
		if (end)
			pump_stdin_end(p);
		return 0;
	case FRAME_STDOUT:
	case FRAME_STDERR:
	case FRAME_EXIT:
	case FRAME_ERROR:
	case FRAME_TYPE_COUNT:
		break;
	}
	return err_set(e, ERR_BAD_REQUEST, "a client sends no frame of type %d", (int)p->reader.type);
}

/* Takes frames apart until there are bytes for stdin, or none left. */
static int
pump_parse(struct pump *p, struct err *e)
{
	while (p->piece_len == 0 && p->len > 0) {
		const unsigned char *piece;
		size_t len;
		int end, rc = frame_read(&p->reader, &p->data, &p->len, &piece, &len, &end, e);

		if (rc < 0)
			return -1;
		if (rc > 0 && pump_take_piece(p, piece, len, end, e) < 0)
			return -1;
	}
	return 0;
}

static void
pump_receive(struct pump *p)
{
	ssize_t n = recv(p->s->conn, p->received, sizeof p->received, MSG_DONTWAIT);

	if (n > 0) {
		p->data = p->received;
		p->len = (size_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		p->gone = true;
	}
}

/* A command that has closed its stdin doesn't want the rest. */
static void
pump_feed(struct pump *p)
{
	ssize_t n = write(p->s->in, p->piece, p->piece_len);

	if (n > 0) {
		p->piece += n;
		p->piece_len -= (size_t)n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		p->piece_len = 0;
		pump_close_in(p->s);
	}
}

static void
pump_flush(struct pump *p)
{
	ssize_t n = send(p->s->conn, p->frame + p->frame_at, p->frame_len - p->frame_at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		p->frame_at += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		p->gone = true;
	if (p->frame_at == p->frame_len)
		p->frame_at = p->frame_len = 0;
}

static void
pump_collect(struct pump *p, size_t i)
{
	ssize_t n;
	size_t want = FRAME_MAX;

	if (p->ended && p->tail[i] < want)
		want = p->tail[i];
	n = read(p->s->out[i], p->frame + FRAME_HEADER, want);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* EIO: nobody has a terminal's other side open any more. */
	if (n <= 0) {
		pump_close_out(p->s, i);
		return;
	}
	p->tail[i] -= p->ended ? (size_t)n : 0;
	frame_header(p->frame, i == 0 ? FRAME_STDOUT : FRAME_STDERR, (size_t)n);
	p->frame_at = 0;
	p->frame_len = FRAME_HEADER + (size_t)n;
	pump_flush(p);
}

/* At once, whatever else waits: a process that isn't reaped would hold up the end of its pid namespace. */
static void
pump_reap(struct pump *p)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)p->s->child, &info, WEXITED) < 0 && errno == EINTR)
		return;
	p->status.signaled = info.si_code != CLD_EXITED;
	p->status.number = info.si_status;
	p->ended = true;
	p->tail[0] = p->tail[1] = PUMP_TAIL_MAX;
	p->len = p->piece_len = 0;
	/* A terminal's master serves both ways. */
	if (p->s->in != p->s->out[0])
		pump_close_in(p->s);
}

static void
pump_set(struct pollfd *slot, int fd, short events)
{
	slot->fd = events ? fd : -1;
	slot->events = events;
	slot->revents = 0;
}

/* A descriptor without use now is left out: poll() would report its hang-up again and again. */
static void
pump_watch(const struct pump *p, struct pollfd slots[SLOT_COUNT])
{
	const struct stream_pump *s = p->s;
	bool idle = p->len == 0 && p->piece_len == 0 && !p->ended;
	bool room = p->frame_len == 0;

	pump_set(&slots[SLOT_CONN], s->conn, (short)(POLLRDHUP | (idle ? POLLIN : 0) | (room ? 0 : POLLOUT)));
	pump_set(&slots[SLOT_IN], s->in, p->piece_len > 0 ? POLLOUT : 0);
	for (size_t i = 0; i < 2; i++)
		pump_set(&slots[SLOT_OUT + i], s->out[i], room && !(p->ended && p->tail[i] == 0) ? POLLIN : 0);
	pump_set(&slots[SLOT_CHILD], s->child, p->ended ? 0 : POLLIN);
}

static void
pump_serve(struct pump *p, const struct pollfd slots[SLOT_COUNT])
{
	if (slots[SLOT_CHILD].revents)
		pump_reap(p);
	if (slots[SLOT_CONN].revents & POLLIN)
		pump_receive(p);
	if (slots[SLOT_CONN].revents & (POLLHUP | POLLRDHUP | POLLERR))
		p->gone = true;
	if ((slots[SLOT_CONN].revents & POLLOUT) && p->frame_len > 0)
		pump_flush(p);
	if (slots[SLOT_IN].revents && p->piece_len > 0 && p->s->in >= 0)
		pump_feed(p);
	for (size_t i = 0; i < 2; i++)
		if (slots[SLOT_OUT + i].revents && p->frame_len == 0 && p->s->out[i] >= 0)
			pump_collect(p, i);
}

/* After the command's end: whether nothing is left to send. */
static bool
pump_drained(const struct pump *p, const struct pollfd slots[SLOT_COUNT])
{
	return p->frame_len == 0 && !slots[SLOT_OUT].revents && !slots[SLOT_ERR].revents;
}

static int
pump_loop(struct pump *p, struct err *e)
{
	struct pollfd slots[SLOT_COUNT];

	for (;;) {
		bool ended = p->ended, looked = p->frame_len == 0;
		int n;

		if (pump_parse(p, e) < 0)
			return -1;
		pump_watch(p, slots);
		n = poll(slots, SLOT_COUNT, !ended ? -1 : p->frame_len > 0 ? PUMP_STALL_MS : 0);
		if (n < 0 && errno != EINTR)
			return err_sys(e, "wait for a stream");
		if (n == 0 && p->frame_len > 0)
			p->gone = true;
		if (n >= 0)
			pump_serve(p, slots);
		if (p->gone || (ended && looked && pump_drained(p, slots)))
			return 0;
		if (p->s->child < 0 && p->s->out[0] < 0 && p->frame_len == 0)
			return 0;
	}
}

int
stream_pump_run(struct stream_pump *s, enum pump_end *end_out, struct pump_status *status_out, struct err *e)
{
	const int fds[] = { s->in, s->out[0], s->out[1] };

	memset(&pump, 0, sizeof pump);
	pump.s = s;
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0 && fd_set_nonblock(fds[i], true, e) < 0)
			return -1;
	if (pump_loop(&pump, e) < 0) {
		/* The frame under way is finished, or the one that tells the reason couldn't be read. */
		http_write(s->conn, pump.frame + pump.frame_at, pump.frame_len - pump.frame_at, NULL);
		return -1;
	}
	*end_out = pump.gone ? PUMP_CLIENT_GONE : PUMP_ENDED;
	*status_out = pump.status;
	return 0;
}

int
stream_pump_send(int conn, enum frame_type type, const char *text, struct err *e)
{
	unsigned char header[FRAME_HEADER];
	size_t len = strlen(text);

	frame_header(header, type, len);
	return http_write(conn, header, sizeof header, e) < 0 ? -1 : http_write(conn, text, len, e);
}
