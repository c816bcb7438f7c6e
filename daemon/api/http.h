/*
 * HTTP on the listeners: connections, their limits and deadlines. Requests of one connection are handled one after
 * another. What is in them is route.h's.
 */
#ifndef BERTH_API_HTTP_H
#define BERTH_API_HTTP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/util/err.h"

struct api;
struct conn;
struct http_server;

/* Accepts nothing yet. */
struct http_server *http_server_new(struct api *api, struct event_base *base);
/* Accepts at once. listen_fd is taken over on success. token_only: peers' credentials don't count. */
bool http_listen(struct http_server *server, int listen_fd, bool token_only);
void http_server_free(struct http_server *server);

struct http_response {
	int status;
	const char *type;    /* media type, or NULL where there is no body */
	const char *headers; /* further lines, each with its CRLF, or NULL */
	const char *body;
	size_t len;
	bool close;
	bool constant; /* the body stays where it is as long as the process */
};

/* Sends it, and goes on with the connection's next request once the current one's handler has returned. */
void conn_respond(struct conn *conn, const struct http_response *response);

/* For one whose handler answered ANSWERED_LATER: after conn_respond(), may free the connection. */
void conn_resume(struct conn *conn);

/*
 * To hand the connection away: a copy of its descriptor, or -1 when bytes lie there that no one asked for; and once it is
 * handed, the end of ours, of which the other side notices nothing.
 */
int conn_share(struct conn *conn);
void conn_abandon(struct conn *conn);

/* Server-Sent Events: after the head, what is written goes out as it is. -1 when the caller has too many streams. */
int conn_stream_begin(struct conn *conn, struct err *e);
void conn_stream_write(struct conn *conn, const void *data, size_t len);
/* Ends it once all has been sent. */
void conn_stream_end(struct conn *conn);
/* Bytes that the peer hasn't taken yet. */
size_t conn_unsent(const struct conn *conn);

/* Milliseconds of a clock that never jumps. */
int64_t http_now_ms(void);

/*
 * For fuzzing: reads requests from the bytes, matches and decodes each as the server does, without socket, database or
 * handler. Returns how many requests were read.
 */
int http_fuzz(const void *data, size_t len);

#endif
