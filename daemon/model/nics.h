/* The interfaces that a container has on networks beside the routed one, and the addresses that it holds there. */
#ifndef BERTH_MODEL_NICS_H
#define BERTH_MODEL_NICS_H

#include "daemon/model/model.h"
#include "schema/network.h"

/*
 * Resolves config->net to config->nics, its addresses written down for the container. `held` are the nics that it has: an interface
 * on the same network keeps its place and what isn't chosen anew. Inside a transaction.
 */
int nics_assign(struct model *m, const struct who *who, struct container_config *config, const struct strv *held, struct err *e);
/* Gives back what the container holds beyond `nics`; also writes down what is theirs where it isn't. */
int nics_settle(struct model *m, const char *container, const struct strv *nics, struct err *e);

/*
 * What a lost database knew: the networks that a container's interfaces are on, made again from what they tell where they are
 * missing; and its addresses.
 */
int nics_rebuild(struct model *m, const struct container_config *config, const struct place *place, struct err *e);

#endif
