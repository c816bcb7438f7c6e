#include "daemon/api/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/auth.h"
#include "daemon/api/conn.h"
#include "daemon/api/reply.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

static size_t
http_count_of(const struct http_server *server, uid_t uid)
{
	const struct conn *conn;
	size_t n = 0;

	TAILQ_FOREACH(conn, &server->conns, link)
	n += conn->peer.uid == uid;
	return n;
}

/* Nobody but root may use up what is there for all. */
static bool
http_is_full(const struct http_server *server, const struct peer *peer)
{
	size_t max = (size_t)server->api->settings.max_connections;

	if (peer->uid == 0 && !peer->token_only)
		return server->count >= max + max / 8;
	return server->count >= max || http_count_of(server, peer->uid) >= max / 2;
}

static void
http_turn_away(struct http_server *server, int fd)
{
	static const char body[] = "{\"type\":\"about:blank\",\"title\":\"Too busy\",\"status\":503,\"detail\":\"There are too "
	                           "many connections: try again later\","
	                           "\"code\":\"too_many_connections\",\"retryable\":true}";
	char answer[512];
	int len = snprintf(answer, sizeof answer,
	                   "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
	                   "Retry-After: 1\r\nContent-Length: %zu\r\n\r\n%s",
	                   sizeof body - 1, body);

	if (send(fd, answer, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("a connection over the limit was closed without an answer");
	close(fd);
}

static void
http_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	const struct http_listener *from = arg;
	struct http_server *server = from->server;
	struct err e = { 0 };
	struct peer peer;

	if (auth_identify(server->api, fd, from->token_only, &peer, &e) < 0) {
		log_err(&e, "accept a connection");
		close(fd);
		return;
	}
	if (http_is_full(server, &peer)) {
		http_turn_away(server, fd);
		return;
	}
	if (!conn_new(server, fd, &peer)) {
		log_error("out of memory for a connection");
		close(fd);
	}
}

static void
http_on_accept_error(struct evconnlistener *listener, void *arg)
{
	const struct timeval second = { 1, 0 };
	const struct http_listener *from = arg;
	struct http_server *server = from->server;

	log_error("accept: %s", strerror(errno));
	/* Out of descriptors: the pending connection would wake us at once again. */
	evconnlistener_disable(listener);
	evtimer_add(server->rest, &second);
}

static void
http_on_rest(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	for (size_t i = 0; i < server->nlisteners; i++)
		evconnlistener_enable(server->listeners[i].listener);
}

static void
http_on_go_on(evutil_socket_t fd, short what, void *arg)
{
	conn_go_on(arg);
}

static void
http_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	int64_t now_ms = http_now_ms();
	struct conn *conn, *next;

	store_let_go(server->api->model.store);
	for (conn = TAILQ_FIRST(&server->conns); conn; conn = next) {
		next = TAILQ_NEXT(conn, link);
		conn_tick(conn, now_ms);
	}
}

struct http_server *
http_server_new(struct api *api, struct event_base *base)
{
	const struct timeval tick = { HTTP_TICK_MS / 1000, 0 };
	struct http_server *server = calloc(1, sizeof *server);

	if (!server)
		return NULL;
	TAILQ_INIT(&server->conns);
	TAILQ_INIT(&server->later);
	server->api = api;
	server->base = base;
	server->tick = event_new(base, -1, EV_PERSIST, http_on_tick, server);
	server->rest = evtimer_new(base, http_on_rest, server);
	server->go_on = evtimer_new(base, http_on_go_on, server);
	if (!server->tick || !server->rest || !server->go_on || event_add(server->tick, &tick) < 0) {
		http_server_free(server);
		return NULL;
	}
	return server;
}

bool
http_listen(struct http_server *server, int listen_fd, bool token_only)
{
	struct http_listener *listener = &server->listeners[server->nlisteners];

	listener->server = server;
	listener->token_only = token_only;
	listener->listener = evconnlistener_new(server->base, http_on_accept, listener,
	                                        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listen_fd);
	if (!listener->listener)
		return false;
	evconnlistener_set_error_cb(listener->listener, http_on_accept_error);
	server->nlisteners++;
	return true;
}

void
http_server_free(struct http_server *server)
{
	struct conn *conn;

	if (!server)
		return;
	while ((conn = TAILQ_FIRST(&server->conns)))
		conn_free(conn);
	while (server->nlisteners > 0)
		evconnlistener_free(server->listeners[--server->nlisteners].listener);
	if (server->tick)
		event_free(server->tick);
	if (server->rest)
		event_free(server->rest);
	if (server->go_on)
		event_free(server->go_on);
	free(server);
}

int
http_fuzz(const void *data, size_t len)
{
	const unsigned char *at = data;
	struct reader reader;
	int requests = 0;
	size_t used;

	reader_init(&reader, 64 * 1024);
	while (len > 0) {
		enum reader_phase phase = reader_feed(&reader, at, len, &used);

		at += used;
		len -= used;
		if (phase == READER_FAILED)
			break;
		if (phase == READER_DONE) {
			struct call c = { 0 };

			call_decode(&c, &reader.request);
			call_clear(&c);
			reader_reset(&reader);
			requests++;
		}
	}
	reader_clear(&reader);
	return requests;
}
