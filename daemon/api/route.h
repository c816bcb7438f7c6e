/* A call: one request, matched to its operation, decoded by the operation's tables. */
#ifndef BERTH_API_ROUTE_H
#define BERTH_API_ROUTE_H

#include <sys/types.h>

#include "daemon/api/request.h"
#include "daemon/model/model.h"
#include "daemon/model/who.h"
#include "daemon/store/store.h"
#include "schema/ops.h"

struct api;
struct conn;

/* The other end of a connection, as the socket says. */
struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* a hint for the audit; 0: none */
	bool admin;
	bool token_only; /* his credentials count for nothing: a proxy's, say */
	bool tcp;        /* there are none */
};

struct call {
	struct api *api;
	struct conn *conn;
	const struct http_request *request;
	const struct peer *peer;
	struct who who;
	const struct op *op;
	enum op_id id;
	char arg[256]; /* {id} */
	struct op_args query;
	void *body;                /* a record of op->body, or NULL when it has none */
	bool head;                 /* HEAD: as GET, without the body */
	int status;                /* of an error whose kind doesn't tell it; else 0 */
	unsigned int allowed;      /* of a 405: methods, as bits */
	struct subject subject;    /* what the call turns out to be about */
	bool audited;              /* the audit has it, in the transaction that was committed */
	int answered;              /* the answer's status, once there is one */
	bool keeps;                /* it has an Idempotency-Key, and does something */
	struct answer_row keeping; /* of its first answer */
	bool keeping_done;         /* it is committed */
	struct err err;
};

/*
 * Every handler answers: only the functions of reply.h, link.h and follow.h make one of these.
 */
struct answered {
	enum { ANSWERED_NOW, ANSWERED_LATER, ANSWERED_AWAY } how;
};

typedef struct answered call_handler(struct call *c);

/*
 * Fills in op, id, arg, query and body from the request; c must be zeroed else. -1 with c->err. Needs no socket, no database.
 * Wrong fields of the body leave what could be read, so that whoever wants can add what else is wrong.
 */
int call_decode(struct call *c, const struct http_request *request);
void call_clear(struct call *c);

/* Decodes, authorises, runs the handler. */
struct answered route_dispatch(struct api *api, struct conn *conn, const struct http_request *request, const struct peer *peer,
                               const struct who *who);

#endif
