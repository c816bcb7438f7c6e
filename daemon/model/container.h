/* Containers: what may be done to one, and what is recorded before the engine is asked to. */
#ifndef BERTH_MODEL_CONTAINER_H
#define BERTH_MODEL_CONTAINER_H

#include "daemon/model/model.h"

/*
 * {id} of a path: a UUID, TENANT:NAME, a name of his tenant (the default one for the host's roles), or, for these, a CTID.
 * ERR_NOT_FOUND, the same for what isn't there and what isn't his.
 */
int container_find(struct model *m, const struct who *who, const char *text, struct container_view *view_out, struct err *e);

/*
 * Checks everything and records the container and its operation in one transaction; with dry_run nothing is kept. e may hold
 * wrong parameters of the body already: what is found here is added to them. *view_out and *operation_out must be zeroed.
 */
int container_create(struct model *m, const struct who *who, const struct container_config *body, bool dry_run,
                     struct container_view *view_out, struct operation *operation_out, struct err *e);

/*
 * Merges the patch into *view, records it and the operation; *changed_out lists the fields that really change. When none does
 * the operation has succeeded already.
 */
int container_change(struct model *m, const struct who *who, struct container_view *view, const struct container_config *patch,
                     bool dry_run, struct strv *changed_out, struct operation *operation_out, struct err *e);

/*
 * CONTAINER_SUSPEND with a reason, CONTAINER_UNSUSPEND without: recorded as a change of the configuration; view and changed_out
 * as in container_change().
 */
int container_suspend(struct model *m, const struct who *who, enum op_id op, struct container_view *view, const char *reason,
                      bool dry_run, struct strv *changed_out, struct operation *operation_out, struct err *e);

/* Whether it is throttled: recorded as a change of the configuration, which only the daemon makes. */
int container_throttle(struct model *m, const struct who *who, struct container_view *view, bool throttled,
                       struct strv *changed_out, struct operation *operation_out, struct err *e);

/* Records that start, stop, restart, freeze, thaw or delete is asked of it. */
int container_begin(struct model *m, const struct who *who, enum op_id op, struct container_view *view, bool force, bool dry_run,
                    struct operation *operation_out, struct err *e);

/* The same for the host's boot and end: what is wanted of the container stays as it was. */
int container_begin_host(struct model *m, const struct who *who, enum op_id op, struct container_view *view,
                         struct operation *operation_out, struct err *e);

#endif
