/* A container's firewall rules, one by one. */
#ifndef BERTH_CLIENT_FIREWALL_H
#define BERTH_CLIENT_FIREWALL_H

#include "client/client.h"

int firewall_list(struct client *c, const struct args *args, struct err *e);
int firewall_add(struct client *c, const struct args *args, struct err *e);
int firewall_delete(struct client *c, const struct args *args, struct err *e);

extern const struct opt firewall_add_opts[];
extern const struct opt firewall_delete_opts[];

#endif
