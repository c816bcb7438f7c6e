/* What each request of the api needs, and what the engine does for it beside its job. */
#ifndef BERTH_REQUEST_ROW_H
#define BERTH_REQUEST_ROW_H

#include "daemon/engine/task.h"

enum { MONITOR_GRACE_S = 15 /* a monitor's answer may come so much later than what it was asked for takes */ };

enum request_flag {
	NEEDS_CONTAINER = 1 << 0,
	EXCLUSIVE = 1 << 1, /* one such a container at a time */
	JOB = 1 << 2,       /* counts among max_jobs, waits for a place */
	STREAM = 1 << 3,    /* lives as long as its caller */
	NEEDS_RUNNING = 1 << 4
};

struct request_row {
	enum msg_type type;
	unsigned int flags;
	int (*begin)(struct task *task, struct err *e); /* NULL: the job of that type, and nothing else */
	void (*succeed)(struct task *task);             /* what is true once the job has succeeded; NULL: nothing of the engine's */
	int (*stopped)(struct task *task, struct err *e); /* goes on when its container has stopped; NULL: that is its end */
};

/* NULL: the api may not send it, or it is no request (REQUEST_CANCEL is handled apart). */
const struct request_row *request_row(enum msg_type type);

/* Its end is the monitor's to tell, as a state. */
void request_thaw(struct task *task);

/* Takes a container out of the registry. Streams and queries on it may still be under way: they lose sight of it. */
void request_forget_container(struct engine *engine, struct container *ct);

#endif
