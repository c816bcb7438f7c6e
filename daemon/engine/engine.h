/*
 * The engine: the root process that lives long. One event loop; nothing in it blocks once it runs. Layers, top to bottom:
 * requests (what the api asks) → task (one job or monitor command) → container's monitor connection, registry, link.
 */
#ifndef BERTH_ENGINE_H
#define BERTH_ENGINE_H

#include <event2/event.h>
#include <sys/queue.h>

#include "daemon/engine/child.h"
#include "daemon/engine/listen.h"
#include "daemon/engine/registry.h"

struct task; /* task.h */
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

#endif
