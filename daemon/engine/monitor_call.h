/* A job's talk with a container's monitor, with blocking calls; the engine has its own, which never waits. */
#ifndef BERTH_MONITOR_CALL_H
#define BERTH_MONITOR_CALL_H

#include <sys/types.h>

#include "daemon/engine/monitor.h"
#include "schema/spec.h"

struct monitor_state {
	enum container_state state;
	pid_t pid; /* init's; 0 while there is none */
	uint64_t start_time;
};

/* 1 a monitor answered, 0 there is none: the container is stopped, -1 error. The caller closes *sock_out. */
int monitor_call_open(const struct spec *spec, int *sock_out, struct monitor_state *state_out, struct err *e);
/* Like it for a container that must be running, or frozen too when `frozen`; else ERR_CONFLICT saying what it is. */
int monitor_call_open_running(const struct spec *spec, bool frozen, int *sock_out, struct monitor_state *state_out, struct err *e);

/* Sends a command with a and b, and `fd` unless it is -1; waits for its MONITOR_DONE. */
int monitor_call_do(int sock, enum monitor_verb verb, int64_t a, int64_t b, int fd, struct err *e);

#endif
