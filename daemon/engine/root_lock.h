/*
 * RUN_DIR/ct/<ctid>/root is locked by the container's monitor as long as the container's root may be mounted. That can be a
 * moment longer than the monitor is there for the engine: overlay's unmount writes back all that the pool's file system has in
 * memory, also of other containers, and nobody who stops a container waits for that. Who mounts the root again, or removes what
 * lies below it, does.
 */
#ifndef BERTH_ROOT_LOCK_H
#define BERTH_ROOT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/util/err.h"
#include "schema/settings.h"

struct job;

/* In dirfd, the container's run directory. 1 taken until *fd_out is closed, 0 it is somebody's, -1 with errno. */
int root_lock(int dirfd, int *fd_out);
/* Until nobody has it: of a container that is stopped. A job's cancelling ends the wait; NULL, NULL where nobody can ask for that.
 */
int root_lock_wait(const struct settings *s, int64_t ctid, bool (*cancelled)(struct job *), struct job *job, struct err *e);

#endif
