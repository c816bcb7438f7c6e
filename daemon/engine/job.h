/*
 * berth-job: one operation, with blocking calls, then the end. `berth-job VERB`, with the channel to the engine on
 * descriptor 3: first the request message, then the SPEC. A start is berth-launch's, a program of its own, so that no library
 * but what it needs is loaded on the way to init; it and `berth-job net`, its helper, read ./spec instead.
 */
#ifndef BERTH_JOB_H
#define BERTH_JOB_H

#include "schema/protocol.h"

/* In RUN_DIR: jobs that change something hold a lock on it. */
#define JOB_LOCK "jobs.lock"

struct job {
	int channel; /* -1 when nobody listens */
	const char *verb;
	enum msg_type type;
	struct request request;
	struct spec spec;
	int fds[8]; /* the request's descriptors */
	size_t nfds;
	bool cut_short; /* it failed after a step that is final */
	char *result;   /* JSON text for REPLY_DONE; set by the verb, owned */
};

/* The frame of a program that does one job: what the engine sends is taken; at the end it is answered. */
int job_open(struct job *job, const char *program, const char *verb, enum msg_type type, struct err *e);
/* Returns the exit status. */
int job_close(struct job *job, int rc, const struct err *e);

/* One row a verb, in job.c. Each lives in the file named for its noun and fills e on failure. */
int create_run(struct job *job, struct err *e);
int delete_run(struct job *job, struct err *e);
int net_run(struct job *job, struct err *e);
int set_run(struct job *job, struct err *e);
int limits_run(struct job *job, struct err *e);
int doctor_run(struct job *job, struct err *e);
int capacity_run(struct job *job, struct err *e);
int recover_run(struct job *job, struct err *e);
int copy_run(struct job *job, struct err *e);
int meter_run(struct job *job, struct err *e);
int exec_run(struct job *job, struct err *e);
int console_run(struct job *job, struct err *e);
int logs_run(struct job *job, struct err *e);
int template_build_run(struct job *job, struct err *e);
int template_delete_run(struct job *job, struct err *e);
int host_setup_run(struct job *job, struct err *e);
int host_cleanup_run(struct job *job, struct err *e);

/* Sends REPLY_PROGRESS; never fails: progress may be lost. */
void job_progress(struct job *job, const char *step, int percent, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whether the engine has gone or asked to cancel (it closes the channel's other end for writing). Checked between steps. */
bool job_cancelled(struct job *job);

/* Steps with their undo: on a failure those done are undone in reverse. */
struct step {
	const char *name;
	int (*up)(struct job *job, struct err *e);
	void (*down)(struct job *job); /* or NULL */
	bool final;                    /* from its beginning on there is no way back, only the same again */
};
int job_run_steps(struct job *job, const struct step *steps, size_t n, struct err *e);

#endif
