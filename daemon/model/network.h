/* Networks beside the routed one: whose they are, who may attach to them, and the addresses that containers hold on them. */
#ifndef BERTH_NETWORK_H
#define BERTH_NETWORK_H

#include "daemon/model/model.h"
#include "schema/network.h"

enum { NETWORKS_MAX = 250 /* a tenant's */ };

/* NAME of the caller's tenant or else of the host, TENANT:NAME, or the UUID. ERR_NOT_FOUND also for what isn't his. */
int network_find(struct model *m, const struct who *who, const char *text, struct network *network_out, struct err *e);
int network_create(struct model *m, const struct who *who, const struct network *body, bool dry_run, struct network *network_out,
                   struct err *e);
int network_change(struct model *m, const struct who *who, struct network *network, const struct network *patch, bool dry_run,
                   struct err *e);
int network_delete(struct model *m, const struct who *who, const struct network *network, bool dry_run, struct err *e);

/*
 * Resolves config->net to config->nics, its addresses written down for the container. `held` are the nics that it has: an interface
 * on the same network keeps its place and what isn't chosen anew. Inside a transaction.
 */
int network_assign(struct model *m, const struct who *who, struct container_config *config, const struct strv *held, struct err *e);
/* Gives back what the container holds beyond `nics`; also writes down what is theirs where it isn't. */
int network_settle(struct model *m, const char *container, const struct strv *nics, struct err *e);

/*
 * What a lost database knew: the networks that a container's interfaces are on, made again from what they tell where they are
 * missing; and its addresses.
 */
int network_rebuild(struct model *m, const struct container_config *config, const struct place *place, struct err *e);

#endif
