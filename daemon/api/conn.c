#include "daemon/api/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/audit.h"
#include "daemon/api/auth.h"
#include "daemon/api/guard.h"
#include "daemon/api/reply.h"
#include "daemon/util/clock.h"
#include "daemon/util/log.h"

int64_t
http_now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC_COARSE);
}

static struct evbuffer *
conn_input(const struct conn *conn)
{
	return bufferevent_get_input(conn->bev);
}

size_t
conn_unsent(const struct conn *conn)
{
	return conn->mode == CONN_DEAD ? 0 : evbuffer_get_length(bufferevent_get_output(conn->bev));
}

static int64_t
conn_client_ms(const struct conn *conn)
{
	return conn->server->api->settings.client_timeout * 1000;
}

static void
conn_count_output(struct conn *conn)
{
	size_t unsent = conn_unsent(conn);

	if (conn->caller)
		caller_owe(conn->caller, (ptrdiff_t)unsent - (ptrdiff_t)conn->owed);
	conn->owed = conn->caller ? unsent : 0;
}

/* What stays where it is isn't copied for each who doesn't read it. */
static int
conn_queue(struct conn *conn, const void *data, size_t len, bool constant)
{
	return constant ? evbuffer_add_reference(bufferevent_get_output(conn->bev), data, len, NULL, NULL)
	                : bufferevent_write(conn->bev, data, len);
}

/* Straight to the socket while nothing waits before it: most answers fit, and that saves a round of the event loop. */
static void
conn_write(struct conn *conn, struct iovec *iov, int n, bool constant)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	ssize_t sent = 0;

	if (conn->mode == CONN_DEAD)
		return;
	if (conn_unsent(conn) == 0) {
		sent = sendmsg(conn->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			conn->mode = CONN_DEAD;
			return;
		}
		if (sent < 0)
			sent = 0;
	}
	for (int i = 0; i < n; i++) {
		size_t skip = (size_t)sent < iov[i].iov_len ? (size_t)sent : iov[i].iov_len;

		sent -= (ssize_t)skip;
		if (skip < iov[i].iov_len &&
		    conn_queue(conn, (char *)iov[i].iov_base + skip, iov[i].iov_len - skip, constant && i == 1) < 0)
			conn->mode = CONN_DEAD;
	}
	conn_count_output(conn);
}

static void
conn_last_answer(struct conn *conn)
{
	if (conn->mode == CONN_DEAD)
		return;
	conn->mode = CONN_LAST;
	conn->deadline_ms = http_now_ms() + conn_client_ms(conn);
}

static const char *
conn_date(struct http_server *server)
{
	time_t now = time(NULL);
	struct tm tm;

	if (now != server->date_time && gmtime_r(&now, &tm) &&
	    strftime(server->date, sizeof server->date, "Date: %a, %d %b %Y %T GMT\r\n", &tm))
		server->date_time = now;
	return server->date;
}

static const char *
conn_connection_header(const struct conn *conn, bool close)
{
	if (close)
		return "Connection: close\r\n";
	return conn->minor0 ? "Connection: keep-alive\r\n" : "";
}

/* The call is over: it counts no longer. */
static void
conn_leave(struct conn *conn)
{
	if (!conn->admitted)
		return;
	conn->admitted = false;
	caller_end_body(conn->caller, conn->body);
	conn->body = 0;
	if (conn->streaming)
		caller_end_stream(conn->caller);
	conn->streaming = false;
	caller_end(conn->caller);
}

void
conn_respond(struct conn *conn, const struct http_response *r)
{
	bool close = r->close || !conn->keep;
	char head[1024];
	int len = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\n%s%s%s%sContent-Length: %zu\r\n%s%s\r\n", r->status,
	                   http_status_str((enum http_status)r->status), conn_date(conn->server), r->type ? "Content-Type: " : "",
	                   r->type ? r->type : "", r->type ? "\r\n" : "", r->len, conn_connection_header(conn, close),
	                   r->headers ? r->headers : "");
	struct iovec iov[2] = { { head, (size_t)len }, { (char *)(uintptr_t)r->body, r->len } };

	if (len < 0 || (size_t)len >= sizeof head) {
		log_error("a reply's headers are too long");
		conn->mode = CONN_DEAD;
		return;
	}
	conn_write(conn, iov, conn->head || r->len == 0 ? 1 : 2, r->constant);
	conn_leave(conn);
	if (conn->mode == CONN_DEAD)
		return;
	reader_reset(&conn->reader);
	conn->mode = CONN_OPEN;
	conn->continued = false;
	conn->head = false;
	conn->deadline_ms = http_now_ms() + HTTP_IDLE_MS;
	if (close)
		conn_last_answer(conn);
}

int
conn_stream_begin(struct conn *conn, struct err *e)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
	                           /* nginx would hold it back until it has a buffer full. */
	                           "X-Accel-Buffering: no\r\n"
	                           "Connection: close\r\n\r\n";

	if (caller_begin_stream(conn->server->api->callers, conn->caller, e) < 0)
		return -1;
	conn->streaming = true;
	conn_stream_write(conn, head, sizeof head - 1);
	if (conn->mode != CONN_DEAD)
		conn->mode = CONN_STREAM;
	return 0;
}

void
conn_stream_write(struct conn *conn, const void *data, size_t len)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };

	conn_write(conn, &iov, 1, false);
}

void
conn_stream_end(struct conn *conn)
{
	conn_last_answer(conn);
}

int
conn_share(struct conn *conn)
{
	if (conn->mode == CONN_DEAD || evbuffer_get_length(conn_input(conn)) > 0 || conn_unsent(conn) > 0)
		return -1;
	return fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);
}

void
conn_abandon(struct conn *conn)
{
	/* The events go before anything more is read from it. */
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	conn->mode = CONN_DEAD;
	conn_leave(conn);
}

static int
conn_identify(struct conn *conn, struct err *e)
{
	const struct http_request *request = &conn->reader.request;
	struct api *api = conn->server->api;

	store_hold(api->model.store);
	if (request->authorization[0] && api->model.store &&
	    token_is_shown_again(&api->model, &conn->shown, request->authorization))
		return 0;
	conn->shown.until = 0;
	if (auth_who(api, conn->fd, &conn->peer, request, &conn->who, e) == 0) {
		if (request->authorization[0])
			token_remember_shown(&api->model, &conn->shown, request->authorization, &conn->who);
		return 0;
	}
	if (e->kind == ERR_UNAUTHORIZED)
		audit_unauthorized(api, &conn->peer, request);
	/* Who has the right secret of a token that has ended guesses nothing. */
	if (e->kind == ERR_UNAUTHORIZED && request->authorization[0] && !conn->who.credential[0])
		guard_count(api->guard, &conn->peer, request->authorization, http_now_ms(), e);
	return -1;
}

/* As soon as the headers are there: what a stranger sends besides isn't kept. */
static int
conn_admit(struct conn *conn, struct err *e)
{
	struct callers *callers = conn->server->api->callers;
	struct caller *caller;

	if (conn->admitted)
		return 0;
	if (conn_identify(conn, e) < 0)
		return -1;
	caller = caller_take(callers, &conn->who);
	if (!caller)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (conn->caller)
		caller_owe(conn->caller, -(ptrdiff_t)conn->owed);
	conn->owed = 0;
	caller_put(callers, conn->caller);
	conn->caller = caller;
	conn_count_output(conn);
	if (caller_begin(callers, caller, e) < 0)
		return -1;
	conn->admitted = true;
	return 0;
}

static int
conn_count_body(struct conn *conn, struct err *e)
{
	size_t more = conn->reader.request.body.len - conn->body;

	if (caller_add_body(conn->server->api->callers, conn->caller, more, e) < 0)
		return -1;
	conn->body += more;
	return 0;
}

static void
conn_dispatch(struct conn *conn)
{
	const struct http_request *request = &conn->reader.request;
	struct err e = { 0 };

	conn->keep = request->keep_alive;
	conn->minor0 = request->minor == 0;
	conn->head = strcmp(request->method, "HEAD") == 0;
	conn->mode = CONN_BUSY;
	if (conn_admit(conn, &e) < 0) {
		reply_problem(conn, 0, &e, e.kind == ERR_TOO_MANY);
		return;
	}
	log_debug("%s: %s %s", conn->who.actor, request->method, request->path);
	route_dispatch(conn->server->api, conn, request, &conn->peer, &conn->who);
}

static void
conn_refuse(struct conn *conn, int status, const struct err *e)
{
	conn->keep = false;
	conn->minor0 = false;
	reply_problem(conn, status, e, true);
}

static void
conn_arm(struct conn *conn, enum reader_phase before, int64_t now_ms)
{
	enum reader_phase phase = conn->reader.phase;

	if (phase == before || conn->mode != CONN_OPEN)
		return;
	if (phase == READER_HEADERS)
		conn->deadline_ms = now_ms + (conn_client_ms(conn) < HTTP_HEADER_MS ? conn_client_ms(conn) : HTTP_HEADER_MS);
	else if (phase == READER_BODY)
		conn->deadline_ms = now_ms + conn_client_ms(conn);
}

static void
conn_continue(struct conn *conn)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (conn->reader.phase != READER_BODY || conn->continued || conn->reader.request.minor == 0 ||
	    strcasecmp(conn->reader.request.expect, "100-continue") != 0)
		return;
	conn->continued = true;
	conn_stream_write(conn, go_on, sizeof go_on - 1);
}

/* One request a turn: who sends many at once doesn't keep the others waiting for all of them. */
static void
conn_go_on_later(struct conn *conn)
{
	static const struct timeval at_once = { 0, 0 };

	if (conn->later)
		return;
	conn->later = true;
	TAILQ_INSERT_TAIL(&conn->server->later, conn, later_link);
	evtimer_add(conn->server->go_on, &at_once);
}

static bool
conn_can_go_on(const struct conn *conn)
{
	return conn->mode == CONN_OPEN && conn_unsent(conn) <= HTTP_OUTPUT_MAX && evbuffer_get_length(conn_input(conn)) > 0;
}

static void
conn_serve(struct conn *conn)
{
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);

	conn_dispatch(conn);
	if (conn->caller)
		caller_spend(conn->caller, conn->server->turn, clock_us(CLOCK_MONOTONIC) - begin_us);
}

static void
conn_pump(struct conn *conn)
{
	enum reader_phase before = conn->reader.phase;
	struct evbuffer_iovec piece;
	struct err e = { 0 };

	/* Who it was last is most likely who it is. */
	if (conn->caller && conn_can_go_on(conn) && !caller_has_time(conn->caller, conn->server->turn)) {
		conn_go_on_later(conn);
		return;
	}
	while (before != READER_DONE && conn_can_go_on(conn) && evbuffer_peek(conn_input(conn), -1, NULL, &piece, 1) > 0) {
		size_t used;
		enum reader_phase phase = reader_feed(&conn->reader, piece.iov_base, piece.iov_len, &used);

		/* Bodies may hold secrets. */
		explicit_bzero(piece.iov_base, used);
		evbuffer_drain(conn_input(conn), used);
		if (phase == READER_DONE) {
			conn_serve(conn);
			before = READER_DONE;
		} else if (phase == READER_FAILED) {
			conn_refuse(conn, conn->reader.status, &conn->reader.err);
		} else if (phase == READER_BODY && (conn_admit(conn, &e) < 0 || conn_count_body(conn, &e) < 0)) {
			conn_refuse(conn, 0, &e);
		}
	}
	if (before == READER_DONE && conn_can_go_on(conn))
		conn_go_on_later(conn);
	conn_continue(conn);
	conn_arm(conn, before == READER_DONE ? READER_IDLE : before, http_now_ms());
}

/* What each entry from the event loop ends with. May free the connection. */
static void
conn_settle(struct conn *conn)
{
	/* What he sent before he shut his side down may still wait for its turn. */
	if (conn->mode == CONN_OPEN && conn->peer_done && conn_unsent(conn) == 0 && !conn_can_go_on(conn))
		conn->mode = CONN_DEAD;
	if (conn->mode == CONN_LAST && conn_unsent(conn) == 0) {
		conn->mode = conn->peer_done ? CONN_DEAD : CONN_LINGER;
		conn->deadline_ms = http_now_ms() + HTTP_LINGER_MS;
		shutdown(conn->fd, SHUT_WR);
	}
	if (conn->mode == CONN_DEAD)
		conn_free(conn);
}

void
conn_go_on(struct http_server *server)
{
	struct conn *conn, *last = TAILQ_LAST(&server->later, conn_list);
	bool more = last != NULL;

	server->turn++;
	/* Those that come to stand behind the last one wait for another turn. */
	while (more && (conn = TAILQ_FIRST(&server->later))) {
		more = conn != last;
		TAILQ_REMOVE(&server->later, conn, later_link);
		conn->later = false;
		conn_resume(conn);
	}
}

void
conn_resume(struct conn *conn)
{
	conn_pump(conn);
	conn_settle(conn);
}

static void
conn_on_read(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	if (conn->mode == CONN_LINGER || conn->mode == CONN_LAST || conn->mode == CONN_STREAM)
		evbuffer_drain(conn_input(conn), evbuffer_get_length(conn_input(conn)));
	conn_resume(conn);
}

static void
conn_on_write(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	conn_count_output(conn);
	if (conn->mode == CONN_STREAM)
		follow_drained(conn->server->api->follow, conn);
	conn_resume(conn);
}

static void
conn_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *conn = arg;

	conn->peer_done = true;
	/* Whoever has shut down his sending side alone may still wait for an answer; a follower has left. */
	if ((what & BEV_EVENT_ERROR) || conn->mode == CONN_STREAM || conn->mode == CONN_LINGER)
		conn->mode = CONN_DEAD;
	else
		conn_pump(conn);
	conn_settle(conn);
}

static void
conn_time_out(struct conn *conn)
{
	struct err e = { 0 };

	if (conn->mode != CONN_OPEN || conn->reader.phase == READER_IDLE) {
		conn->mode = CONN_DEAD;
		return;
	}
	err_set(&e, ERR_TIMEOUT, "The request didn't arrive in time");
	err_code(&e, "request_timeout");
	conn_refuse(conn, 408, &e);
}

static bool
conn_is_stuck(struct conn *conn, int64_t now_ms)
{
	size_t unsent = conn_unsent(conn);

	if (unsent == 0 || unsent < conn->unsent)
		conn->stuck_ms = now_ms;
	conn->unsent = unsent;
	conn_count_output(conn);
	return unsent > 0 && now_ms - conn->stuck_ms > conn_client_ms(conn);
}

void
conn_tick(struct conn *conn, int64_t now_ms)
{
	if (conn_is_stuck(conn, now_ms))
		conn->mode = CONN_DEAD;
	else if (conn->mode != CONN_BUSY && conn->mode != CONN_STREAM && now_ms > conn->deadline_ms)
		conn_time_out(conn);
	conn_settle(conn);
}

struct conn *
conn_new(struct http_server *server, int fd, const struct peer *peer)
{
	struct conn *conn = calloc(1, sizeof *conn);

	if (!conn)
		return NULL;
	conn->bev = bufferevent_socket_new(server->base, fd, 0);
	if (!conn->bev) {
		free(conn);
		return NULL;
	}
	conn->server = server;
	conn->fd = fd;
	conn->peer = *peer;
	conn->deadline_ms = http_now_ms() + HTTP_IDLE_MS;
	conn->stuck_ms = http_now_ms();
	reader_init(&conn->reader, (size_t)server->api->settings.max_body);
	bufferevent_setcb(conn->bev, conn_on_read, conn_on_write, conn_on_event, conn);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, HTTP_INPUT_MAX);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
	TAILQ_INSERT_TAIL(&server->conns, conn, link);
	server->count++;
	return conn;
}

void
conn_free(struct conn *conn)
{
	api_forget(conn->server->api, conn);
	conn_leave(conn);
	if (conn->caller)
		caller_owe(conn->caller, -(ptrdiff_t)conn->owed);
	caller_put(conn->server->api->callers, conn->caller);
	TAILQ_REMOVE(&conn->server->conns, conn, link);
	conn->server->count--;
	if (conn->later)
		TAILQ_REMOVE(&conn->server->later, conn, later_link);
	reader_clear(&conn->reader);
	bufferevent_free(conn->bev);
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn);
}
