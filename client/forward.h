/* Ports of the host that are a container's. */
#ifndef BERTH_CLIENT_FORWARD_H
#define BERTH_CLIENT_FORWARD_H

#include "client/client.h"

int forward_list(struct client *c, const struct args *args, struct err *e);
int forward_add(struct client *c, const struct args *args, struct err *e);
int forward_delete(struct client *c, const struct args *args, struct err *e);

extern const struct opt forward_list_opts[];

#endif
