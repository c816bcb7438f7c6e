/*
 * The audit's entries, written in the transaction of what they tell, where there is one. A job and a session have two: when they
 * were asked for, and their end.
 */
#ifndef BERTH_MODEL_AUDIT_H
#define BERTH_MODEL_AUDIT_H

#include "daemon/model/model.h"
#include "schema/audit.h"

/* Inside a transaction. Time and count are filled in where they aren't given. */
int audit_add(struct model *m, struct audit_entry *entry, struct err *e);
/* Inside the transaction that ends it. */
int audit_add_end(struct model *m, const struct operation *operation, struct err *e);
/* 1 a session that the audit knows has ended, 0 it knows none of that name. */
int audit_end_session(struct model *m, const struct done *done, struct err *e);

#endif
