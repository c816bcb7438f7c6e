/* Streams that outlived the daemon that began them, found again and ended as those of this one. */
#ifndef BERTH_SESSIONS_H
#define BERTH_SESSIONS_H

#include "daemon/util/err.h"

struct engine;

int sessions_adopt(struct engine *engine, struct err *e);
/* To an api that has just come. */
void sessions_tell(struct engine *engine);
/* Whether there is one of that operation, which is asked to end. */
bool sessions_end(struct engine *engine, const char *op);
/* The record of one whose job may have been killed. */
void sessions_forget(const struct engine *engine, const char *op);
void sessions_clear(struct engine *engine);

#endif
