/*
 * Tenants, plans and credentials: rows that change nothing but themselves. find: ERR_NOT_FOUND, the same for what isn't there and
 * what isn't his. Records given out must be zeroed; the caller clears them in any case.
 */
#ifndef BERTH_MODEL_TENANT_H
#define BERTH_MODEL_TENANT_H

#include "daemon/model/model.h"
#include "daemon/model/who.h"

int tenant_find(struct model *m, const struct who *who, const char *name, struct tenant *tenant_out, struct err *e);
int tenant_create(struct model *m, const struct who *who, const struct tenant *body, bool dry_run, struct tenant *tenant_out,
                  struct err *e);
int tenant_change(struct model *m, const struct who *who, struct tenant *tenant, const struct tenant *patch, bool dry_run,
                  struct err *e);
/* One that has containers is refused. Its credentials end; its history goes on under the name NAME~NUMBER. */
int tenant_delete(struct model *m, const struct who *who, const struct tenant *tenant, bool dry_run, struct err *e);

int plan_find(struct model *m, const struct who *who, const char *name, struct plan *plan_out, struct err *e);
int plan_create(struct model *m, const struct who *who, const struct plan *body, bool dry_run, struct plan *plan_out,
                struct err *e);
/* Containers that have it stay as they are. */
int plan_change(struct model *m, const struct who *who, struct plan *plan, const struct plan *patch, bool dry_run, struct err *e);
int plan_delete(struct model *m, const struct who *who, const struct plan *plan, bool dry_run, struct err *e);

/* NAME of config->plan becomes NAME@VERSION, and its sizes go into config. ERR_INVALID on "plan". */
int plan_apply(struct model *m, struct container_config *config, struct err *e);

#endif
