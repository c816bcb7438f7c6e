/* What the parts of the monitor share: monitor.c (init's life), monitor_client.c, _console.c, _group.c, _loop.c, _main.c. */
#ifndef BERTH_MONITOR_STATE_H
#define BERTH_MONITOR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/engine/monitor.h"
#include "daemon/util/log.h"
#include "schema/container.h"

enum { MONITOR_CLIENTS = 16, MONITOR_VIEWERS = 8, MONITOR_GROUPS = 20, MONITOR_RESTARTS = 5 };

struct monitor;

/* Something that the loop waits for. fd -1: unused. */
struct source {
	int fd;
	void (*ready)(struct monitor *m, struct source *s, uint32_t events);
};

struct client {
	struct source source;
	uint16_t verb; /* of the command under way, 0: none */
	uint32_t serial;
};

/* Who looks at the console. */
struct viewer {
	struct source source;
	uint64_t skipped; /* bytes that it was too slow for */
};

struct monitor {
	const char *name;
	bool tidy; /* nothing is launched: what a killed monitor left is removed */
	const char *job;
	const char *unregister; /* berth-unit, or NULL */
	const char *kill_dir;
	const char *groups[MONITOR_GROUPS];
	size_t ngroups;
	struct log_subject subject;
	int stop_signal;
	int64_t log_max;
	int launch_fd;
	int root;      /* the mount of init's root: it is unmounted no sooner than this is closed */
	int root_lock; /* held as long (root_lock.h) */

	int epoll;
	struct source signals;
	struct source listener;
	struct source handover; /* of the launch job */
	struct source events;   /* cgroup.events, while a freeze is under way */
	struct source console;
	struct client clients[MONITOR_CLIENTS];
	struct viewer viewers[MONITOR_VIEWERS];

	enum container_state state;
	char text[64]; /* said with the state */
	pid_t job_pid;
	pid_t init_pid; /* 0: none */
	int init_pidfd;
	pid_t early_pid; /* one that ended before it was handed over, and how */
	int early_status;
	uint64_t start_time;
	int64_t started_at;
	int64_t restarts;
	int64_t restart_ms[MONITOR_RESTARTS]; /* when the last ones were */
	int64_t backoff_ms;
	int64_t ask_again_ms;
	bool stopping;
	bool killed;
	bool ended;

	/* Deadlines, CLOCK_MONOTONIC in ms; 0: none. */
	int64_t launch_by;
	int64_t kill_at;
	int64_t ask_at; /* for the stop signal, once more */
	int64_t freeze_by;
	int64_t relaunch_at;
	int64_t console_at;

	int log_fd;
	int64_t log_size;
	int slave; /* keeps the pty from hanging up while nobody inside has it open */
	int64_t window_ms;
	size_t window_bytes;
	size_t input_len;
	char input[512]; /* typed, not yet taken by the pty */
};

/* monitor_loop.c */
int64_t monitor_now_ms(void); /* CLOCK_MONOTONIC */
/* The source has fd from now on; on failure it is closed: -1 with errno. */
int monitor_watch(struct monitor *m, struct source *s, int fd, uint32_t events);
void monitor_rewatch(struct monitor *m, struct source *s, uint32_t events);
void monitor_unwatch(struct monitor *m, struct source *s); /* closes it too */
/* Until m->ended. */
void monitor_loop(struct monitor *m);

/* monitor.c */
void monitor_launch(struct monitor *m);
void monitor_set_state(struct monitor *m, enum container_state state, const char *text);
void monitor_stop(struct monitor *m, int64_t timeout_s);
void monitor_kill(struct monitor *m);
/* Where init has ended this unmounts, and blocks until what the pool's file system has in memory is written. */
void monitor_drop_root(struct monitor *m);
/* A child has ended, or the host wants the container to. */
void monitor_signals_ready(struct monitor *m, struct source *s, uint32_t events);
/* Does what is due. */
void monitor_deadlines(struct monitor *m);
/* Milliseconds until something is due, -1: nothing. */
int monitor_timeout(const struct monitor *m);
/* The record by which a daemon that comes later learns how init ended. */
void monitor_write_exit(const struct monitor *m, enum container_state state, int status, int signal, const char *how);

/* monitor_client.c */
int client_listen(struct monitor *m);
/* Nobody finds it any more, and whoever was connected knows that it has ended. */
void client_end(struct monitor *m);
void client_tell_state(struct monitor *m);
/* Ends every command under way of that verb, 0 for all. */
void client_done(struct monitor *m, uint16_t verb, int error, const char *text);
void client_tell_exit(struct monitor *m, enum container_state state, int status, int signal, const char *how);

/* monitor_console.c */
int console_open(struct monitor *m, int master);
void console_close(struct monitor *m); /* after taking what is still there */
/* Takes fd over. -1 with errno: EUSERS when MONITOR_VIEWERS look already. */
int console_attach(struct monitor *m, int fd, int64_t rows, int64_t columns);
/* Nothing happens unless both make sense. */
void console_resize(struct monitor *m, int64_t rows, int64_t columns);
void console_resume(struct monitor *m);
/* A line of the monitor's own in the log. */
void console_note(struct monitor *m, const char *text);

/* monitor_group.c */
void group_kill(struct monitor *m);
int group_freeze(struct monitor *m, bool frozen); /* -1 with errno */
void group_watch_frozen(struct monitor *m);
void group_remove_all(struct monitor *m);

#endif
