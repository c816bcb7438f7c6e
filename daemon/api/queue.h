/*
 * Between the journal and the link: operations wait here for their turn. So many jobs run at once on the host, so many of one
 * tenant's callers; who is next is told by turns.h. What waits is in the journal with its request, and goes on waiting after a
 * restart; its deadline begins when it runs. Streams, queries and what only speaks to a monitor pass by.
 */
#ifndef BERTH_API_QUEUE_H
#define BERTH_API_QUEUE_H

#include <json-c/json_types.h>

#include "daemon/api/route.h"
#include "schema/operation.h"
#include "schema/protocol.h"

struct api;
struct queue;

struct queue *queue_new(struct api *api);
void queue_free(struct queue *queue);

/* Before anything is journalled: ERR_BUSY when too many wait for the caller's to join them. */
int queue_check_room(const struct queue *queue, enum op_id op, const struct who *who, struct err *e);

/* A journalled operation's request, its `op`: sent at once, or when its turn comes. What can't be sent then ends as failed. */
int queue_add(struct queue *queue, enum msg_type type, const struct request *request, struct err *e);

/* After the handshake: those of the journal that waited do so again, and those in `under_way` hold their places. */
int queue_restore(struct queue *queue, const struct strv *under_way, struct err *e);

/* Ends one that waits as cancelled. 1 done, 0 it doesn't wait, -1. */
int queue_cancel(struct queue *queue, const char *operation, struct err *e);
/* Ends all that waits, for that reason. */
void queue_empty(struct queue *queue, const struct err *why);

/* The engine has told an operation's end: its place is free. */
void queue_ended(struct queue *queue, const char *operation);

/* Adds `position` to one that waits: 1 is the next of its lane, which holds nothing of other tenants. */
void queue_add_position(const struct queue *queue, const struct operation *operation, struct json_object *json);

#endif
