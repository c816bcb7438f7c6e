/*
 * What the last change of a container was to make of its network, written down beside its launch spec before the first step: the
 * process may be killed at any moment up to its answer, and what the container is then put back to doesn't tell what was added.
 */
#ifndef BERTH_CHANGE_H
#define BERTH_CHANGE_H

#include "schema/spec.h"

/* place and config as they are to be. */
int change_begin(const struct spec *meant, struct err *e);
/* Undone. One that succeeded stays: it tells what is so. */
int change_end(const struct spec *spec, struct err *e);
bool change_is_left(const struct spec *spec);
/* Takes away what one that was cut short has added, and puts back what it took. `now`: place and config as they are. netns_fd as
 * for net_update(). Nothing to do is success. */
int change_settle(const struct spec *now, int netns_fd, struct err *e);

#endif
