/* A copy of the database goes to the pool every copy_interval seconds: what `berth recover` builds on. */
#ifndef BERTH_API_COPIER_H
#define BERTH_API_COPIER_H

#include "schema/protocol.h"

struct api;
struct copier;

/* The first copy is due a minute after. NULL when out of memory. */
struct copier *copier_new(struct api *api);
void copier_free(struct copier *copier);
/* true when it was a copy that ended. */
bool copier_ended(struct copier *copier, const struct done *done);

#endif
