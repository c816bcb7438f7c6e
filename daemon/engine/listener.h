/* What keeps a port of the host from being forwarded. */
#ifndef BERTH_LISTENER_H
#define BERTH_LISTENER_H

#include "schema/spec.h"

/*
 * Whether the host lets go of the ports that `place` has forwarded and `old` (or NULL) hasn't: none of its services is there
 * (ERR_CONFLICT, "port_taken", names it), and the address, where one is named, is its own. Reads /proc: not for a loop.
 */
int listener_check_forwards(const struct place *old, const struct place *place, struct err *e);

#endif
