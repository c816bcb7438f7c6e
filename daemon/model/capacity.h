/* What there is for containers beside what was promised to them. */
#ifndef BERTH_MODEL_CAPACITY_H
#define BERTH_MODEL_CAPACITY_H

#include "daemon/model/model.h"
#include "schema/capacity.h"

/* Adds what was promised, and what is left, to what the engine says there is. */
int capacity_add_promised(struct model *m, struct capacity *capacity, struct err *e);
/* Calls each() with a struct capacity_addresses: the host's private subnets, then pools. */
int capacity_list_addresses(struct model *m, store_each *each, void *arg, struct err *e);

#endif
