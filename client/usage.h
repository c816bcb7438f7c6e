/* What containers used. */
#ifndef BERTH_CLIENT_USAGE_H
#define BERTH_CLIENT_USAGE_H

#include "client/client.h"

extern const struct opt usage_opts[];
int usage_run(struct client *c, const struct args *args, struct err *e);

#endif
