/* A blocking HTTP/1.1 client on the daemon's Unix socket, which keeps its connection between requests. */
#ifndef BERTH_HTTP_H
#define BERTH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"

struct http {
	char path[sizeof((struct sockaddr_un *)0)->sun_path];
	const char *token; /* sent with each request; NULL: the socket says who asks */
	int fd;            /* -1 when not connected */
	int interrupt_fd;  /* a signalfd: once it is readable, a wait ends with ERR_CANCELLED, code "ctrl_c"; -1: none */
};

/* A piece of a successful answer's body. 0 to go on; 1 to have enough: the connection is closed. */
typedef int http_sink(void *arg, const char *data, size_t len);

struct http_request {
	const char *method;
	const char *path;
	const char *const *headers; /* further "Name: value", NULL at the end; may be NULL */
	const void *body;
	size_t body_len;
	bool upgrade;    /* to berth-stream/1 */
	int timeout_ms;  /* longest silence; 0: the default; -1: none */
	http_sink *sink; /* NULL: the body is collected */
	void *arg;
};

struct http_reply {
	int status;
	char *location;
	char *type;      /* Content-Type */
	struct buf body; /* collected; after an upgrade the stream's first bytes */
	bool upgraded;   /* the connection now is the stream's: http->fd */
};

enum { HTTP_TIMEOUT_MS = 60000, HTTP_BODY_MAX = 256 << 20 };

/* Fails when the path is too long for a socket. */
int http_init(struct http *http, const char *path, struct err *e);
void http_close(struct http *http);

/*
 * One request and its reply, whatever its status. -1 with ERR_UNAVAILABLE when the daemon can't be reached or hangs up,
 * ERR_TIMEOUT after the silence, ERR_CANCELLED when interrupted. The caller clears *reply in any case.
 */
int http_exchange(struct http *http, const struct http_request *request, struct http_reply *reply, struct err *e);
/* Takes the signal that made interrupt_fd readable; -1 with ERR_CANCELLED. */
int http_interrupted(const struct http *http, struct err *e);
void http_reply_clear(struct http_reply *reply);
#define AUTO_REPLY __attribute__((cleanup(http_reply_clear)))

#endif
