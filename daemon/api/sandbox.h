/* What the api may ask of the kernel. */
#ifndef BERTH_API_SANDBOX_H
#define BERTH_API_SANDBOX_H

#include "daemon/util/err.h"

/* The system calls that an event loop with a database needs, and no others. */
int sandbox_filter(struct err *e);

#endif
