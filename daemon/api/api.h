/* What the process holds; one of it, made by main and handed down. */
#ifndef BERTH_API_API_H
#define BERTH_API_API_H

#include <event2/event.h>
#include <sys/types.h>

#include "daemon/api/follow.h"
#include "daemon/api/http.h"
#include "daemon/api/link.h"
#include "daemon/model/model.h"
#include "schema/settings.h"

struct audit;
struct hooks;
struct boot;
struct callers;
struct copier;
struct guard;
struct late;
struct meter;
struct queue;
struct recovery;

/* In the process's directory. */
#define API_DATABASE "berth.db"

struct api {
	struct event_base *base;
	struct settings settings;
	struct model model;
	struct http_server *http; /* NULL until the engine is ready */
	struct link *link;
	struct follow *follow;
	struct boot *boot;
	struct audit *audit;
	struct hooks *hooks;
	struct copier *copier;
	struct late *late;
	struct meter *meter; /* NULL until the engine is ready */
	struct queue *queue;
	struct callers *callers;
	struct guard *guard;
	struct recovery *recovery; /* while the database can't be used; NULL else */
	gid_t admin_gid;
	bool has_admin_group;
	int listen_fd;
	int token_fds[TOKEN_LISTEN_MAX];
	size_t ntokens;
	/* The handshake. */
	bool ready;
	int64_t started_at; /* seconds since the epoch */
	struct strv known; /* UUIDs of the engine's containers */
	char storage[17];
	unsigned char idempotency_key[32];
	char *reference; /* the API's, as JSON; NULL until it is asked for */
};

/* What works on the loop but for the link and the listener. */
int api_make_parts(struct api *api, struct err *e);
void api_free_parts(struct api *api);

/* A connection ends: nothing may answer it any more. */
void api_forget(struct api *api, struct conn *conn);

/* A message of the engine. -1 ends the process. */
int api_receive(struct api *api, struct msg *msg, struct err *e);
/* The same again, of one that couldn't be recorded. */
int api_record(struct api *api, struct msg *msg, struct err *e);

#endif
