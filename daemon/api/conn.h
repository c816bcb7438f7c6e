/* A connection's inside, for http.c and conn.c alone. */
#ifndef BERTH_API_CONN_H
#define BERTH_API_CONN_H

#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <sys/queue.h>

#include "daemon/api/callers.h"
#include "daemon/api/http.h"
#include "daemon/api/route.h"
#include "daemon/model/token.h"
#include "schema/settings.h"

enum {
	HTTP_HEADER_MS = 10 * 1000,
	HTTP_IDLE_MS = 120 * 1000,
	HTTP_LINGER_MS = 2 * 1000, /* reads on after a last answer, so that the peer gets to see it */
	HTTP_TICK_MS = 1000,
	HTTP_INPUT_MAX = 64 * 1024,
	HTTP_OUTPUT_MAX = 64 * 1024 /* no further request is begun while so much is unsent */
};

enum conn_mode {
	CONN_OPEN,
	CONN_BUSY,   /* a call is under way */
	CONN_STREAM, /* Server-Sent Events */
	CONN_LAST,   /* the last answer is going out */
	CONN_LINGER,
	CONN_DEAD /* to be freed by whoever entered */
};

struct conn {
	TAILQ_ENTRY(conn) link;
	TAILQ_ENTRY(conn) later_link;
	bool later; /* goes on with its next request when the others had their turn */
	struct http_server *server;
	struct bufferevent *bev;
	int fd;
	enum conn_mode mode;
	struct peer peer;
	struct reader reader;
	bool admitted;  /* the call's caller is known, and it counts for him */
	bool streaming; /* a stream of events does as well */
	struct who who; /* of the call */
	struct token_shown shown;
	struct caller *caller; /* of the last call, or NULL */
	size_t body;           /* what of the call's body counts */
	size_t owed;           /* what of the output counts */
	bool head;             /* the call is a HEAD */
	bool keep;             /* keep-alive, of the call */
	bool minor0;           /* the call is HTTP/1.0 */
	bool continued;        /* 100 Continue has been sent */
	bool peer_done;        /* the peer sends no more */
	int64_t deadline_ms;
	size_t unsent;    /* at the last tick */
	int64_t stuck_ms; /* since when it hasn't shrunk */
};

TAILQ_HEAD(conn_list, conn);

struct http_listener {
	struct http_server *server;
	struct evconnlistener *listener;
	bool token_only;
};

struct http_server {
	struct api *api;
	struct event_base *base;
	struct http_listener listeners[1 + TOKEN_LISTEN_MAX];
	size_t nlisteners;
	struct event *tick;
	struct event *rest; /* accepts again after a shortage of descriptors */
	struct event *go_on;
	struct conn_list conns;
	struct conn_list later;
	uint64_t turn; /* of those that are there */
	size_t count;
	char date[40]; /* header line, renewed once a second */
	int64_t date_time;
};

/* fd is taken over. NULL when out of memory. */
struct conn *conn_new(struct http_server *server, int fd, const struct peer *peer);
void conn_free(struct conn *conn);
/* Those that have more requests to be handled go on, one each. */
void conn_go_on(struct http_server *server);
/* Once a second. May free it. */
void conn_tick(struct conn *conn, int64_t now_ms);

#endif
