/*
 * Bare: a server of one constant answer, on the libraries of the api (libevent's listener and bufferevents, http-parser) and
 * with its way of sending straight to the socket: what is to be compared is all that the api does besides.
 *   bare SOCKET BYTES
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <http_parser.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct bare {
	struct event_base *base;
	char *answer;
	size_t len;
};

struct bare_conn {
	struct bare *bare;
	struct bufferevent *bev;
	http_parser parser;
};

static int
bare_on_end(http_parser *parser)
{
	struct bare_conn *conn = parser->data;
	ssize_t sent = send(bufferevent_getfd(conn->bev), conn->bare->answer, conn->bare->len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		sent = 0;
	if ((size_t)sent < conn->bare->len)
		bufferevent_write(conn->bev, conn->bare->answer + sent, conn->bare->len - (size_t)sent);
	return 0;
}

static const http_parser_settings bare_settings = { .on_message_complete = bare_on_end };

static void
bare_on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct bare_conn *conn = arg;
	struct evbuffer_iovec piece;

	while (evbuffer_get_length(input) > 0 && evbuffer_peek(input, -1, NULL, &piece, 1) > 0) {
		http_parser_execute(&conn->parser, &bare_settings, piece.iov_base, piece.iov_len);
		evbuffer_drain(input, piece.iov_len);
	}
}

static void
bare_on_event(struct bufferevent *bev, short what, void *arg)
{
	struct bare_conn *conn = arg;

	bufferevent_free(conn->bev);
	free(conn);
}

static void
bare_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	struct bare_conn *conn = calloc(1, sizeof *conn);
	struct bare *bare = arg;

	if (!conn)
		exit(1);
	conn->bare = bare;
	conn->bev = bufferevent_socket_new(bare->base, fd, BEV_OPT_CLOSE_ON_FREE);
	http_parser_init(&conn->parser, HTTP_REQUEST);
	conn->parser.data = conn;
	bufferevent_setcb(conn->bev, bare_on_read, NULL, bare_on_event, conn);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct bare bare = { .base = event_base_new(), .answer = malloc(bytes + 200) };

	if (bytes == 0 || !bare.base || !bare.answer || strlen(argv[1]) >= sizeof address.sun_path) {
		fprintf(stderr, "usage: bare SOCKET BYTES\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	bare.len = (size_t)snprintf(bare.answer, 200,
	                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", bytes);
	memset(bare.answer + bare.len, 'x', bytes);
	bare.len += bytes;
	memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
	unlink(argv[1]);
	if (!evconnlistener_new_bind(bare.base, bare_on_accept, &bare, LEV_OPT_CLOSE_ON_FREE, 128, (struct sockaddr *)&address,
	                             sizeof address)) {
		perror(argv[1]);
		return 1;
	}
	return event_base_dispatch(bare.base);
}
