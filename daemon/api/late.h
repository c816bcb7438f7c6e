/*
 * What the database couldn't take when it was told: a full disk, no descriptor, no memory. It is kept in its order and tried again
 * until it can, so that no operation stays open and no state wrong once there is room. What comes after it waits behind it.
 */
#ifndef BERTH_API_LATE_H
#define BERTH_API_LATE_H

#include <stdbool.h>

#include "schema/protocol.h"

struct api;
struct late;

struct late *late_new(struct api *api);
void late_free(struct late *late);
/* Whether something waits, so that what is to be recorded now has to wait as well. */
bool late_waits(const struct late *late);
/* Takes over what *msg holds. -1 where no more can be kept: a new process asks the engine anew. */
int late_keep(struct late *late, struct msg *msg, struct err *e);

/* An operation's end that the api itself decides on: recorded now, or as soon as that can be. */
void late_end(struct late *late, const struct done *done);
void late_fail(struct late *late, const char *operation, const struct err *why);

#endif
