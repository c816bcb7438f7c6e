/* The way from root to a user with nothing to lose. */
#ifndef BERTH_API_SANDBOX_H
#define BERTH_API_SANDBOX_H

#include <sys/types.h>

#include "daemon/util/err.h"

/* All groups, ids, capabilities and the bounding set go, for good; no new privileges, not dumpable. */
int sandbox_drop(uid_t uid, gid_t gid, struct err *e);
/* The system calls that an event loop with a database needs, and no others. */
int sandbox_filter(struct err *e);

#endif
