/*
 * Idempotency-Key: whoever repeats a POST with the key and the request of the first one gets its answer, and nothing is done twice.
 * The key is committed with what the request does, in one transaction. It is the caller's own, and holds for a day.
 */
#ifndef BERTH_API_IDEMPOTENCY_H
#define BERTH_API_IDEMPOTENCY_H

#include "daemon/api/route.h"

struct api;

/* Reads, or makes, the key of the requests' hashes: a file in the process's directory. */
int idempotency_setup(struct api *api, struct err *e);

/*
 * Before the handler. 0: go on; 1: *answered_out is the first request's answer; -1 with c->err: the key is malformed, was used for
 * another request, or its answer is kept nowhere.
 */
int idempotency_begin(struct call *c, struct answered *answered_out);
/* A success that wasn't an operation: what is answered. secret: it isn't to be kept. */
void idempotency_keep(struct call *c, int status, const char *headers, const char *body, bool secret);
/* Within the first transaction that the call commits. */
int idempotency_last_part(struct call *c, struct err *e);

/* Answers that are too old go. */
int idempotency_purge(struct api *api, struct err *e);

#endif
