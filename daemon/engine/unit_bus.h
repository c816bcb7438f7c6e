/* The system bus, as berth-unit uses it. All calls have deadlines. */
#ifndef BERTH_UNIT_BUS_H
#define BERTH_UNIT_BUS_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "daemon/util/err.h"

struct unit_bus {
	sd_bus *bus;
	/* The job waited for. */
	const char *job;
	char result[32];
	bool there; /* the last refusal was that such a unit is there already */
};

int unit_bus_open(struct unit_bus *u, struct err *e);
void unit_bus_close(struct unit_bus *u);

/* unit_bus.c: sends it, and waits for the job that is its answer, if job is true. The message is taken over. */
int unit_bus_call(struct unit_bus *u, sd_bus_message *m, bool job, struct err *e);
int unit_bus_new(struct unit_bus *u, sd_bus_message **m_out, const char *method, struct err *e);
int unit_bus_stop(struct unit_bus *u, const char *unit, struct err *e);

/* unit_scope.c */
struct unit_scope {
	const char *name;
	const char *slice;
	const char *root; /* the v2 tree's mount point */
	const char *text; /* for people */
	pid_t monitor;
};
/* The monitor in ROOT/SLICE/NAME/monitor, the controllers handed down; nothing to do where it is there already. */
int unit_scope_enter(struct unit_bus *u, const struct unit_scope *scope, struct err *e);

/* unit_machine.c: never more than a word in the log when machined can't or won't. */
struct unit_machine {
	const char *name;
	const char *uuid;
	const char *veth;
	pid_t leader;
	int pidfd;
};
void unit_machine_register(const struct unit_machine *machine);
void unit_machine_unregister(const char *name);

#endif
