/* Calls of the API by its table's rows. */
#ifndef BERTH_CALL_H
#define BERTH_CALL_H

#include "client/client.h"
#include "schema/ops.h"

struct json_object;

/*
 * Sends op with {id} and query ("a=1&b=2", or NULL) and body (or NULL). A problem becomes an error. The caller clears
 * *reply in any case.
 */
int call_send(struct client *c, enum op_id id, const char *arg, const char *query, struct json_object *body,
              struct http_reply *reply, struct err *e);

/* The same for a JSON answer; the caller puts *json_out. */
int call_json(struct client *c, enum op_id op, const char *id, const char *query, struct json_object *body,
              struct json_object **json_out, struct err *e);

/* All pages of a list (of what {id} names, or NULL) as one array; the caller puts it. */
int call_list(struct client *c, enum op_id op, const char *id, const char *query, struct json_object **items_out, struct err *e);

/* Adds "&name=value", percent-encoded; without the '&' at the beginning. A NULL value adds nothing. */
void call_query_add(struct buf *query, const char *name, const char *value);

/* A text member of an object, or NULL. */
const char *call_text(struct json_object *json, const char *name);
/* A member that is a number, or `otherwise`. */
int64_t call_int(struct json_object *json, const char *name, int64_t otherwise);

#endif
