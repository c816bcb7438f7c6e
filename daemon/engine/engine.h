/*
 * The engine: the root process that lives long. One event loop; nothing in it blocks once it runs. Layers, top to bottom:
 * requests (what the api asks) → task (one job or monitor command) → container's monitor connection, registry, link.
 */
#ifndef BERTH_ENGINE_H
#define BERTH_ENGINE_H

#include <event2/event.h>
#include <sys/queue.h>

#include "daemon/engine/listen.h"
#include "daemon/engine/child.h"
#include "daemon/engine/registry.h"

struct engine;
struct request_row; /* request_row.h */

/* One request under way. */
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

LIST_HEAD(task_list, task);

struct session; /* sessions.c */
LIST_HEAD(session_list, session);
TAILQ_HEAD(task_queue, task);

struct link_message;
TAILQ_HEAD(link_queue, link_message);

struct engine {
	struct event_base *base;
	const struct settings *settings;
	struct layout layout;
	struct registry registry;
	struct task_list tasks;
	struct task_queue waiting; /* for a free place among max_jobs */
	int64_t running_jobs;
	int64_t streams;
	struct session_list sessions; /* of the daemon before */
	uint32_t last_serial;
	int run_fd; /* RUN_DIR, O_PATH */
	struct listeners listeners;
	bool ready_told;
	int ready_fd; /* the foreground parent waits for a byte here; -1: none */
	int exit_status;

	/* The api process. */
	pid_t api_pid;
	int api_link;
	struct event *api_event;
	struct event *api_write_event;
	struct link_queue api_queue;
	size_t api_queued;
	int64_t api_starts[5]; /* monotonic seconds of the last starts, against a crash loop */
	struct event *api_respawn;

	/* watchdog.c */
	struct event *watchdog;
	int64_t watchdog_ms;  /* how often systemd wants to hear of us; 0: not at all */
	int64_t api_start_ms; /* monotonic */
	int64_t api_alive_ms; /* when it last answered; 0: not yet */
	int64_t alive_serial;
	bool api_hangs; /* said already */

	/* hook.c */
	struct child hook;

	/* sampler.c */
	struct child sampler;
	struct event *sampler_respawn;
	time_t sampler_delay_s;

	struct event *sigchld, *sigterm, *sigint;
};

/* engine.c: runs until told to end. ready_fd: see above. */
int engine_run(const struct settings *settings, int ready_fd, struct err *e);
/* cleanup.c: `berthd --cleanup`. */
int engine_cleanup(const struct settings *settings, bool force, bool destroy, struct err *e);
/* RUN_DIR's lock, held for life: one daemon an instance. *fd_out is RUN_DIR itself. */
int engine_lock(const struct settings *settings, int *run_fd_out, struct err *e);
/* Brings about what a host needs, whatever of it is there, and fills the engine's layout. */
int engine_setup_host(struct engine *engine, struct err *e);

/* host_job.c: runs the host-setup or host-cleanup job and waits for its end. The caller clears *done_out, also on error. */
int engine_host_job(const struct engine *engine, enum msg_type type, bool destroy, struct done *done_out, struct err *e);

/* orphans.c: once no daemon but this one is there. */
int engine_end_orphans(const struct engine *engine, struct err *e);
/* Only root can lock a job's file; still, nothing is told to end but what runs one of our programs. */
bool orphans_is_job(pid_t pid);

/* link.c: the api process and what is said to it. */
int link_start_api(struct engine *engine, struct err *e);
void link_send(struct engine *engine, enum msg_type type, const void *record);
/* With a descriptor, which is taken over (*fd becomes -1); NULL: none. */
void link_send_fd(struct engine *engine, enum msg_type type, const void *record, int *fd);
void link_send_observed(struct engine *engine, const struct container *ct);
void link_stop_api(struct engine *engine);
/* Ends the api, and starts another. */
void link_replace_api(struct engine *engine, const char *why);

/* watchdog.c: systemd's watchdog is fed while this loop and the api's go on; without one an api that hangs is replaced. */
int watchdog_start(struct engine *engine, struct err *e);
void watchdog_api_started(struct engine *engine);
void watchdog_api_alive(struct engine *engine);

/* hook.c: what the api asks to be posted; started when it is needed, and again. */
void hook_send(struct engine *engine, const struct hook *hook);
void hook_stop(struct engine *engine);

/* sampler.c: one that can't be started is tried again, and is no reason not to run. */
int sampler_start(struct engine *engine, struct err *e);
void sampler_stop(struct engine *engine);

/* sessions.c: streams that outlived the daemon that began them, found again and ended as those of this one. */
int sessions_adopt(struct engine *engine, struct err *e);
/* To an api that has just come. */
void sessions_tell(struct engine *engine);
bool sessions_end(struct engine *engine, const char *op);
/* The record of one whose job may have been killed. */
void sessions_forget(const struct engine *engine, const char *op);
void sessions_clear(struct engine *engine);

/* requests.c: carries out a request of the api; takes the message over. -1: the api has broken the protocol. */
int requests_handle(struct engine *engine, struct msg *msg, struct err *e);
bool request_is_stream(const struct task *task);
/* Called when a step that a task waited for has ended. */
void requests_job_ended(struct task *task);
/* A new state. */
void requests_monitor_told(struct container *ct);
void requests_monitor_ended(struct engine *engine, struct container *ct);
void requests_monitor_done(struct task *task, int error, const char *text);

/* repair.c: whether another job is under way for the task, whose end is told as the first one's; after one that only removed. */
bool repair_begin(struct task *task);
void repair_end(struct task *task);

/* task.c */
struct task *task_new(struct engine *engine, struct msg *msg, const struct request_row *row, struct container *ct, bool exclusive);
struct task *task_find(const struct engine *engine, const char *op);
/* Spawns the job for `type`; on failure e says why and the task is still the caller's to end. */
int task_spawn_job(struct task *task, enum msg_type type, struct err *e);
/* Makes the container's run directory and spec, starts its monitor, which launches init; the channel reports as a job's. */
int task_spawn_monitor(struct task *task, struct err *e);
void task_set_deadline(struct task *task, int64_t seconds);
/* Answers the api and frees the task. */
void task_end(struct task *task, const struct err *e);

/* monitor_spawn.c: starts a monitor in the container's run directory, on `channel` a launch reports; without a template, one to
 * tidy. */
int monitors_spawn(struct engine *engine, const struct container *ct, const struct template *t, int channel, pid_t *pid_out,
                   struct err *e);
/* Whether a monitor that died left something: it is being removed, and that end is told as the monitor's. */
bool monitors_tidy(struct engine *engine, struct container *ct);
/* One that did its work leaves neither its socket nor a control group. */
bool monitors_left_something(const struct engine *engine, const struct container *ct);

/* monitors.c: connections to containers' monitors. */
/* The connection is the container's from now on. */
int monitors_attach(struct engine *engine, struct container *ct, int fd, struct err *e);
/*
 * The container's monitor, or the one that tidies up after it, is connected; false: there is none. One that is there and can't be
 * reached just now is tried again, and isn't taken for dead: nothing may be done to its container until then.
 */
bool monitors_find(struct engine *engine, struct container *ct);
bool monitors_is_unreached(const struct container *ct);
/* Waits a moment for the first state of each connected one; reads exit records of the others. */
void monitors_adopt(struct engine *engine);
/* On its way up; not one that waits before it starts again. */
bool monitors_is_starting(const struct container *ct);
int monitors_command(struct engine *engine, struct container *ct, enum monitor_verb verb, int64_t a, uint32_t *serial_out,
                     struct err *e);
void monitors_read_exit(struct engine *engine, struct container *ct);

/* which.c */
int which_find_json(const struct engine *engine, const struct request *request, char **json_out, struct err *e);

#endif
