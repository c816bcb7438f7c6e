/* The link to the engine: requests out, in order; replies in; who waits for which. */
#ifndef BERTH_API_LINK_H
#define BERTH_API_LINK_H

#include "daemon/api/route.h"
#include "schema/protocol.h"

struct event_base;
struct json_object;
struct link;

/* fd is taken over. */
struct link *link_new(struct api *api, struct event_base *base, int fd, struct err *e);
void link_free(struct link *link);

/* passed: a descriptor that goes along, taken over in any case, or -1. */
int link_send(struct link *link, enum msg_type type, const struct request *request, int passed, struct err *e);

/* Says that the event loop goes on. */
int link_send_alive(struct link *link, const struct alive *alive, struct err *e);

/* A message of another kind than requests. */
int link_send_record(struct link *link, enum msg_type type, const void *record, struct err *e);

/* Sends a query; the connection is answered when the engine has, or after a deadline. */
struct answered link_query(struct call *c, enum msg_type type, const struct request *request);
/* What is answered is made of the engine's result (JSON) then; NULL with e. */
typedef struct json_object *link_finish(struct api *api, const char *result, struct err *e);
struct answered link_query_then(struct call *c, enum msg_type type, const struct request *request, link_finish *finish);
/* true when someone waited for it. */
bool link_answer(struct link *link, const struct done *done);
/* Answers whoever waits for it with an error of the api's own. */
void link_fail(struct link *link, const char *op, const struct err *why);
void link_forget(struct link *link, const struct conn *conn);

#endif
