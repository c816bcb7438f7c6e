/* Starting the daemon's own programs: posix_spawn, never a forked copy. */
#ifndef BERTH_SPAWN_H
#define BERTH_SPAWN_H

#include <sys/types.h>

#include "daemon/util/err.h"

/* What a program that the engine, a monitor or a job starts finds on its descriptors. */
enum {
	SPAWN_CHANNEL = 3, /* a job, a launch, a helper: the engine */
	SPAWN_MONITOR = 4, /* a launch: its monitor */
	SPAWN_LAUNCH = 4,  /* the job for a launch's network: the launch */
	SPAWN_UNIT = 4     /* berth-unit: the job that wants a group */
};

struct spawn_fd {
	int from; /* ours */
	int to;   /* the number in the child */
};

/*
 * Starts `path` with argv, a clean environment, default signals, /dev/null as standard input, our standard error as output and
 * error, the descriptors of `fds` and no others. cwd may be NULL.
 */
int spawn_program(const char *path, char *const argv[], const struct spawn_fd *fds, size_t nfds, const char *cwd, pid_t *pid_out,
                  struct err *e);

#endif
