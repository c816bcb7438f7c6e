/*
 * Server-Sent Events. A follower is a cursor: it pulls what it hasn't seen once its peer has taken what was sent, so a slow
 * one costs nothing.
 */
#ifndef BERTH_API_FOLLOW_H
#define BERTH_API_FOLLOW_H

#include "daemon/api/route.h"
#include "daemon/store/store.h"
#include "schema/operation.h"
#include "schema/protocol.h"

struct event_base;
struct follow;

struct follow *follow_new(struct api *api, struct event_base *base);
void follow_free(struct follow *follow);

/* Its state, each progress, then its end. */
struct answered follow_operation(struct call *c, const struct operation *operation);
/* The journal after `since`. follow: go on with what comes. */
struct answered follow_events(struct call *c, int64_t since, const struct event_filter *filter, bool follow);

/* Progress is kept here while an operation is open, not in the journal. */
void follow_progress(struct follow *follow, const struct progress *progress);
/* Fills in step, percent and text of an open operation. */
void follow_add_progress(const struct follow *follow, struct operation *operation);
void follow_end_progress(struct follow *follow, const char *operation);

/* Something changed: followers pull, after the event in hand. Also the model's hook. */
void follow_kick(void *follow);
void follow_drained(struct follow *follow, struct conn *conn);
/* Ends those whose credential has ended; look: or has been revoked. */
void follow_end_revoked(struct follow *follow, bool look);
void follow_forget(struct follow *follow, const struct conn *conn);

#endif
