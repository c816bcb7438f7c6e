/* One request under way: a job of its own, or what its container's monitor was asked for. */
#ifndef BERTH_TASK_H
#define BERTH_TASK_H

#include <event2/event.h>
#include <sys/queue.h>

#include "schema/protocol.h"

struct container;
struct engine;
struct request_row; /* request_row.h */

struct task {
	LIST_ENTRY(task) link;
	TAILQ_ENTRY(task) queue;
	struct engine *engine;
	enum msg_type type;
	const struct request_row *row;
	struct msg request;   /* owned; its descriptors go to the job */
	struct container *ct; /* or NULL */
	bool exclusive;       /* ct->task is this one */
	bool queued;
	bool awaiting; /* started, which its monitor has yet to say */
	bool lost;     /* its launch ended without a word: the monitor knows how far it came */
	bool stopping; /* in the stop half of restart or of a forced delete */
	bool freezing; /* in the freeze half of a suspension, or past it */
	bool undoing;  /* another job cleans up after one that was killed */
	bool again;    /* a second job goes on where the first was killed */
	bool cancelled;
	bool killed;        /* its job, which hasn't ended yet */
	bool finished;      /* REPLY_DONE has been received from the job */
	bool cut_short;     /* its job ended without having undone what it did */
	struct err failure; /* answered when undoing is done */
	pid_t pid;          /* job's or monitor's; 0: none */
	int pidfd;
	int channel; /* -1: none */
	struct event *channel_event;
	struct event *deadline;
	uint32_t serial;  /* of the monitor command waited for */
	struct done done; /* the job's answer, held until the state is true as well */
};

/* Takes the message over, unless it is NULL: out of memory. */
struct task *task_new(struct engine *engine, struct msg *msg, const struct request_row *row, struct container *ct, bool exclusive);
struct task *task_find(const struct engine *engine, const char *op);
/* Spawns the job for `type`; on failure e says why and the task is still the caller's to end. */
int task_spawn_job(struct task *task, enum msg_type type, struct err *e);
/* Makes the container's run directory and spec, starts its monitor, which launches init; the channel reports as a job's. */
int task_spawn_monitor(struct task *task, struct err *e);
void task_set_deadline(struct task *task, int64_t seconds);
/* Answers the api and frees the task. */
void task_end(struct task *task, const struct err *e);

#endif
