/* What the hook sender gives up before it hears of any URL. */
#ifndef BERTH_HOOK_SANDBOX_H
#define BERTH_HOOK_SANDBOX_H

#include "daemon/util/err.h"

int hook_drop(const char *user, struct err *e);
/* Sockets to reach others, files to read, children to do it in; nothing that listens, runs a program or becomes code. */
int hook_filter(struct err *e);

#endif
