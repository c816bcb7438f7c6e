/* Operations: journalled before the first side effect, ended in one transaction with what they changed. */
#ifndef BERTH_MODEL_OPERATION_H
#define BERTH_MODEL_OPERATION_H

#include "daemon/model/model.h"

enum { OPERATION_KIND_MAX = 40, OPERATION_KEPT_S = 7 * 24 * 3600 };

/* "container_create" and back; OP_COUNT for none. */
const char *operation_kind(enum op_id op, char buf[OPERATION_KIND_MAX]);
enum op_id operation_op(const struct operation *operation);

/* Whether it changes a configuration: its undo is the former one. */
bool operation_is_change(enum op_id op);

int operation_find(struct model *m, const struct who *who, const char *id, struct operation *operation_out, struct err *e);

/* A new one, queued. container and template may be NULL. */
int operation_make(struct operation *out, enum op_id op, const struct container_view *container, const char *template,
                   const struct who *who, struct err *e);
/*
 * Inside a transaction: refuses with ERR_LOCKED while another one is open on the container. To a tenant also for a while after one
 * of the host's roles was refused for an operation of the tenant's: else whoever keeps his container busy keeps the operator out.
 */
int operation_check_lock(struct model *m, const struct who *who, const char *container, struct err *e);
/* Whether he may cancel it: ERR_CONFLICT "already_ended"; ERR_DENIED "operators_operation", which a tenant has no say in. */
int operation_check_cancel(const struct who *who, const struct operation *operation, struct err *e);
int operation_insert(struct model *m, const struct operation *operation, struct err *e);
/* Before it is asked for: from here on a crash interrupts it. */
int operation_started(struct model *m, const char *id, struct err *e);
/* It has to wait: a crash before its turn leaves it waiting. */
int operation_keep_request(struct model *m, const char *id, const char *request, struct err *e);

/*
 * Its end: the row, its container, an event, in one transaction. 1 ended, 0 when no open operation has that id (a stream's,
 * a query's).
 */
int operation_end(struct model *m, const struct done *done, struct err *e);
/* The same for an error of the api's own. */
int operation_fail(struct model *m, const char *id, const struct err *why, struct err *e);
/* What it did isn't undone; another operation will. */
int operation_fail_cut_short(struct model *m, const char *id, const struct err *why, struct err *e);

int operation_template_delete(struct model *m, const struct who *who, const char *ref, bool dry_run,
                              struct operation *operation_out, struct err *e);
/* On the host as a whole: HOST_BOOT, HOST_SHUTDOWN, DOCTOR_FIX. */
int operation_host(struct model *m, const struct who *who, enum op_id op, bool dry_run, struct operation *operation_out,
                   struct err *e);
int operation_template_build(struct model *m, const struct who *who, const char *template, bool dry_run,
                             struct operation *operation_out, struct err *e);

/* What is asked of the engine after a restart. */
struct work {
	enum msg_type type;
	struct request request;
};
struct works {
	struct work *v;
	size_t n;
};
void works_clear(struct works *works);
#define AUTO_WORKS __attribute__((cleanup(works_clear)))

/* The end of one whose job was cut short: as operation_end(), and what the job may have done is undone by works_out. */
int operation_end_cut_short(struct model *m, const struct done *done, struct works *works_out, struct err *e);

/* What its success calls for: a container that is no longer suspended starts where that was wanted. */
int operation_follow_up(struct model *m, const struct done *done, struct works *works_out, struct err *e);

/*
 * After the handshake: ends what the engine no longer carries out, rolls creations back and deletions forward, and settles
 * the states of containers that the engine hasn't told of. `known` lists the UUIDs that it has.
 */
int operation_reconcile(struct model *m, const struct strv *known, const struct ready *ready, struct works *works_out,
                        struct err *e);

#endif
