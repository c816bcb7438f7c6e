/* Addresses: who holds which, and who held one. Their pools: see table.h. */
#ifndef BERTH_IP_H
#define BERTH_IP_H

#include "client/client.h"

extern const struct opt ip_opts[], ip_history_opts[];
int ip_addresses(struct client *c, const struct args *args, struct err *e);
int ip_history(struct client *c, const struct args *args, struct err *e);

#endif
