/* What containers use, live. */
#ifndef BERTH_CLIENT_TOP_H
#define BERTH_CLIENT_TOP_H

#include "client/client.h"

extern const struct opt top_opts[];
int top_run(struct client *c, const struct args *args, struct err *e);

#endif
