/* A container's lists of lines, one by one: each change replaces the list whole, only if nobody has changed the container
 * meanwhile. */
#ifndef BERTH_LINES_H
#define BERTH_LINES_H

#include "client/call.h"

/* The container's revision and these fields; the caller puts it. *id is how it is addressed. */
int lines_fetch(struct client *c, const char *name, const char *fields, struct buf *id, struct json_object **container_out,
                struct err *e);
/* A copy of one of its lists, which the caller puts; empty where there is none. */
struct json_object *lines_copy(struct json_object *container, const char *field);

/* NAME LINE…, with the option `at`. */
int lines_add(struct client *c, const struct args *args, const char *field, struct err *e);
/* NAME NUMBER|LINE… */
int lines_delete(struct client *c, const struct args *args, const char *field, struct err *e);

#endif
