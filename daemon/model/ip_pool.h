/* Pools of addresses: see schema/ip.h. As tenant.h says of its nouns. */
#ifndef BERTH_MODEL_IP_POOL_H
#define BERTH_MODEL_IP_POOL_H

#include "daemon/model/model.h"

/* How long it is kept who held an address. */
enum { HOLDINGS_KEPT_S = 400 * 24 * 3600 };

bool ip_pool_is_granted(const struct ip_pool *pool, const char *tenant);

int ip_pool_find(struct model *m, const struct who *who, const char *name, struct ip_pool *pool_out, struct err *e);
/* ERR_INVALID for what isn't this host's to give, ERR_CONFLICT for what another pool has. */
int ip_pool_create(struct model *m, const struct who *who, const struct ip_pool *body, bool dry_run, struct ip_pool *pool_out,
                   struct err *e);
/* Addresses that are held stay where they are. */
int ip_pool_change(struct model *m, const struct who *who, struct ip_pool *pool, const struct ip_pool *patch, bool dry_run,
                   struct err *e);
int ip_pool_delete(struct model *m, const struct who *who, const struct ip_pool *pool, bool dry_run, struct err *e);
/* How many of its addresses are held. */
int ip_pool_count_used(struct model *m, const struct ip_pool *pool, int64_t *used_out, struct err *e);

#endif
