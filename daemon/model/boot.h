/* Which containers come up with their host, and in which order. */
#ifndef BERTH_MODEL_BOOT_H
#define BERTH_MODEL_BOOT_H

#include "daemon/model/model.h"
#include "daemon/util/uuid.h"

struct boot_item {
	char id[UUID_SIZE];
	int64_t priority;
	int64_t delay_s;
};

struct boot_plan {
	struct boot_item *v; /* owned */
	size_t n;
};

/*
 * up: those at rest that belong up, the highest priority first: those whose owner wants it at every boot, and those without such a
 * wish that were up before. Else: all that run, the lowest first. Within a priority the older first, or last.
 */
int boot_plan(struct model *m, bool up, struct boot_plan *plan_out, struct err *e);

/* 1: this boot of the host hasn't brought its containers up yet; 0: it has, or the database is new; -1 error. */
int boot_is_due(struct model *m, struct err *e);
/* It has. */
int boot_note(struct model *m, struct err *e);

#endif
