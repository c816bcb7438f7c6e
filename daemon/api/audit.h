/*
 * The audit of requests: each one that changes something, or would have. A success is committed with what it does; what is refused
 * is written by itself, of one caller only so many, and the rest of them counted.
 */
#ifndef BERTH_API_AUDIT_H
#define BERTH_API_AUDIT_H

#include "daemon/api/route.h"

struct api;
struct audit;

struct audit *audit_new(struct api *api);
/* What was counted and not yet written is. */
void audit_free(struct audit *audit);

/* Whether a call is one to be told of. */
bool audit_applies(const struct call *c);
/* Within the first transaction that the call commits. */
int audit_last_part(struct call *c, struct err *e);
/* Before a session is handed to its job, `id` is its name: written, with what else the call commits, or nothing is opened. */
int audit_session(struct call *c, const char *id);
/* Once the call is answered, with c->answered. */
void audit_end(struct call *c);
/* A request whose credential is none. */
void audit_unauthorized(struct api *api, const struct peer *peer, const struct http_request *request);

#endif
