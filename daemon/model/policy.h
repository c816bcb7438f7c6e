/*
 * What may be in a configuration, whoever writes it and by whatever operation: decided on the merged result, against what
 * there was.
 */
#ifndef BERTH_MODEL_POLICY_H
#define BERTH_MODEL_POLICY_H

#include "daemon/model/model.h"
#include "daemon/model/who.h"

/*
 * Adds to e each field that he may not set so. `before` is the configuration that is changed; of a new container the defaults,
 * with its plan's sizes. `after` has its addresses as they were asked for.
 */
void policy_check_fields(const struct who *who, const struct container_config *before, const struct container_config *after,
                         struct err *e);

/*
 * Inside the transaction, after it was written: what the tenant had before may have grown within its totals only. ERR_CONFLICT,
 * "tenant_limit".
 */
int policy_check_totals(struct model *m, const char *tenant, const struct totals *before, struct err *e);

/*
 * Adds to e what the tenant's owner changes though the operator has forbidden it to the tenant. `before` of a new container: the
 * defaults, with its plan's sizes; of another: what it has, also where it is to have another plan.
 */
int policy_check_forbidden(struct model *m, const struct who *who, const struct container_config *before,
                           const struct container_config *after, struct err *e);

/* Whether the tenant is allowed what the operation needs. ERR_DENIED, "forbidden_feature". */
int policy_check_feature(struct model *m, const struct who *who, enum op_id op, struct err *e);

#endif
