/* Whose a process, uid, address or interface of the host is. */
#ifndef BERTH_WHICH_H
#define BERTH_WHICH_H

#include "schema/protocol.h"

struct engine;

/* *json_out: for the caller to free. */
int which_find_json(const struct engine *engine, const struct request *request, char **json_out, struct err *e);

#endif
