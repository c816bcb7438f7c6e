/*
 * Named places at which a fault build (configure --enable-fault) can be made to die, to stand still or to fail; nothing in any
 * other build. fault.def names those that must be passed by some operation; one that isn't there is entered in the plan when it
 * is passed first: so a test over the table and the plan is a test over all of them.
 *
 * BERTH_FAULT names a file (struct fault_plan) that each of the daemon's processes maps when it starts: from then on neither a
 * sandbox nor another root hides it, and a test arms points while the daemon runs. It may shorten deadlines as well: what hangs is
 * to be ended by them, and a test can't wait for minutes.
 */
#ifndef BERTH_FAULT_H
#define BERTH_FAULT_H

#include <stdint.h>

#include "daemon/util/err.h"

#ifdef BERTH_FAULT

enum { FAULT_MAGIC = 0x46415553, FAULT_SLOTS = 4, FAULT_POINTS_MAX = 256, FAULT_NAME_MAX = 48, FAULT_EXTRA_MAX = 64 };

enum fault_action {
	FAULT_NONE,
	FAULT_KILL,  /* the process dies on the spot */
	FAULT_FAIL,  /* the step fails, where it can */
	FAULT_PAUSE, /* it stands still until the slot is given back (FAULT_NONE) */
};

struct fault_slot {
	char point[FAULT_NAME_MAX];
	uint32_t action; /* written last; a kill or a failure disarms itself */
	uint32_t skip;   /* so many passes are let through first */
	uint32_t hit;    /* how often it has acted */
};

struct fault_plan {
	uint32_t magic;
	struct fault_slot slots[FAULT_SLOTS];
	uint32_t passed[FAULT_POINTS_MAX]; /* how often each point was passed: those of fault.def, then extra */
	uint32_t extras;
	char extra[FAULT_EXTRA_MAX][FAULT_NAME_MAX];
	uint32_t deadline_ms; /* no deadline is longer; 0: as usual */
};

/* 0, or -1 with e set when the point is to fail. e may be NULL where nothing can fail. */
int fault_at(const char *point, struct err *e);
/* The point "PREFIX.STEP", blanks as dashes. */
int fault_at_step(const char *prefix, const char *step, struct err *e);
/* A deadline, or the plan's where that is shorter. */
int64_t fault_deadline(int64_t usual_ms);
/* A pause before what died is started again, which a plan leaves out: a test kills a process more often than chance does. */
int64_t fault_delay(int64_t usual_ms);
/* The table, a line a point. */
void fault_print_list(void);

#else

static inline int
fault_at(const char *point, struct err *e)
{
	return 0;
}

static inline int
fault_at_step(const char *prefix, const char *step, struct err *e)
{
	return 0;
}

static inline int64_t
fault_deadline(int64_t usual_ms)
{
	return usual_ms;
}

static inline int64_t
fault_delay(int64_t usual_ms)
{
	return usual_ms;
}

#endif

#define FAULT(point) ((void)fault_at((point), NULL))

#endif
