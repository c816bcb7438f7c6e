/* What takes time: started, followed to its end, shown. */
#ifndef BERTH_OPERATION_H
#define BERTH_OPERATION_H

#include "client/call.h"

/*
 * Sends a request that answers with an operation. With c->wait it is followed until its end: 0 when it succeeded, else -1
 * with its error; without, its id is printed. label stands before its progress. *end_out (may be NULL) is the operation at
 * its end, put by the caller; NULL when it wasn't waited for.
 */
int operation_run(struct client *c, enum op_id op, const char *id, const char *query, struct json_object *body, const char *label,
                  struct json_object **end_out, struct err *e);

#endif
