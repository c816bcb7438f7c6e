#ifndef BERTH_CLIENT_RECOVER_H
#define BERTH_CLIENT_RECOVER_H

#include "client/client.h"

int recover_run(struct client *c, const struct args *args, struct err *e);

extern const struct opt recover_opts[];

#endif
