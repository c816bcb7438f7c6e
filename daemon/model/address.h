/* Which addresses a container gets. */
#ifndef BERTH_MODEL_ADDRESS_H
#define BERTH_MODEL_ADDRESS_H

#include "daemon/model/model.h"

/*
 * Resolves config->ip: a pool's name becomes its lowest free address, auto that of the tenant's automatic pools and then of the
 * private subnets; chosen ones are checked to be the host's to give and free; all are written for `container`, in canonical form.
 * `held` (or NULL) lists those that it has already: what isn't chosen keeps them. Inside a transaction.
 */
int address_assign(struct model *m, const struct who *who, const char *container, struct container_config *config,
                   const struct strv *held, struct err *e);
/* Gives back what the container holds beyond `kept`. */
int address_release_others(struct model *m, const char *container, const struct strv *kept, struct err *e);

#endif
