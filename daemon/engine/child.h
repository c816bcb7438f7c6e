/* A helper of the engine's: a process of a program of ours, with a channel on which it is first told the settings and the layout.
 */
#ifndef BERTH_CHILD_H
#define BERTH_CHILD_H

#include <event2/event.h>
#include <sys/types.h>

#include "daemon/util/err.h"

struct engine;

/* Zeroed: none. */
struct child {
	pid_t pid; /* 0: none, or buried */
	int channel;
	struct event *event; /* with the channel */
};

bool child_is_there(const struct child *child);
/*
 * Starts LIBEXEC_DIR/<program>, its end of the channel as descriptor 3; what it says comes to on_read(channel, …, engine).
 * buffer: bytes that may wait on their way, in either direction. On failure the caller loses it.
 */
int child_start(struct engine *engine, struct child *child, const char *program, int buffer, event_callback_fn on_read,
                struct err *e);
/* It is of no use any more: killed. */
void child_lose(struct child *child);
/* It is asked to end, and given a second. */
void child_end(struct child *child);

#endif
