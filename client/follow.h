/* An operation followed to its end. */
#ifndef BERTH_FOLLOW_H
#define BERTH_FOLLOW_H

#include "client/call.h"

/*
 * Waits for the end of the operation at `location` (a path), showing its progress on a terminal. 0 when it succeeded, with
 * it in *end_out (may be NULL); -1 with its error, ERR_TIMEOUT after timeout_ms (-1: none), or ERR_CANCELLED with code
 * "ctrl_c" after Ctrl-C, while the operation goes on.
 */
int follow_operation(struct client *c, const char *location, const char *label, int timeout_ms, struct json_object **end_out,
                     struct err *e);

#endif
