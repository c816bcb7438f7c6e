/* Tenants, plans, tokens, networks and pools of addresses: list, show, create, set, delete of each. */
#ifndef BERTH_TABLE_H
#define BERTH_TABLE_H

#include "client/client.h"

#define TABLE_VERBS(noun)                                                                                                          \
	int noun##_list(struct client *c, const struct args *args, struct err *e);                                                 \
	int noun##_show(struct client *c, const struct args *args, struct err *e);                                                 \
	int noun##_create(struct client *c, const struct args *args, struct err *e);                                               \
	int noun##_set(struct client *c, const struct args *args, struct err *e);                                                  \
	int noun##_delete(struct client *c, const struct args *args, struct err *e);

TABLE_VERBS(tenant)
TABLE_VERBS(plan)
TABLE_VERBS(token)
TABLE_VERBS(ip)
TABLE_VERBS(network)
TABLE_VERBS(webhook)
#undef TABLE_VERBS

#endif
