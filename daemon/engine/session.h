/*
 * A stream's job outlives the daemon that began it. In RUN_DIR it keeps a record of who opened the stream, locked for as long as it
 * lives, by which the next daemon finds it again; SIGTERM ends it as if its client had gone.
 */
#ifndef BERTH_SESSION_H
#define BERTH_SESSION_H

#include "daemon/engine/job.h"

/* In RUN_DIR: a file a stream, named by its UUID. */
#define SESSIONS_DIR "sessions"

/* Nothing, unless the job is a stream's. Refuses where the daemon has ended meanwhile: nobody would find it. */
int session_begin(const struct job *job, struct err *e);
void session_forget(const struct job *job);

#endif
