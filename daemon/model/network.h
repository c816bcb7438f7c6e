/* Networks beside the routed one: whose they are and who may attach to them. */
#ifndef BERTH_NETWORK_H
#define BERTH_NETWORK_H

#include "daemon/model/model.h"
#include "schema/network.h"

/* NAME of the caller's tenant or else of the host, TENANT:NAME, or the UUID. ERR_NOT_FOUND also for what isn't his. */
int network_find(struct model *m, const struct who *who, const char *text, struct network *network_out, struct err *e);
int network_create(struct model *m, const struct who *who, const struct network *body, bool dry_run, struct network *network_out,
                   struct err *e);
int network_change(struct model *m, const struct who *who, struct network *network, const struct network *patch, bool dry_run,
                   struct err *e);
int network_delete(struct model *m, const struct who *who, const struct network *network, bool dry_run, struct err *e);

/* A tenant's network of that name, else the host's: 1 found, 0 absent, -1. NULL: the host's alone. */
int network_look_up(struct model *m, const char *tenant, const char *name, struct network *network_out, struct err *e);

bool network_is_bridge(const struct network *n);
/* Whether the host's network is granted to the tenant. */
bool network_is_granted(const struct network *n, const char *tenant);
/* Whether the address is one of its routers'. */
bool network_is_gateway(const struct network *n, const struct address *a);
/* The one of its prefixes that holds the address, in *out; false when none does. */
bool network_prefix_of(const struct network *n, const struct address *a, struct prefix *out);

#endif
