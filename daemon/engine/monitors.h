/* Containers' monitors: those that are there, found and spoken to (monitors.c), and new ones (monitor_spawn.c). */
#ifndef BERTH_MONITORS_H
#define BERTH_MONITORS_H

#include "daemon/engine/monitor.h"
#include "daemon/engine/registry.h"

struct engine;

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

/* Starts one in the container's run directory, on `channel` a launch reports; without a template, one to tidy. */
int monitors_spawn(struct engine *engine, const struct container *ct, const struct template *t, int channel, pid_t *pid_out,
                   struct err *e);
/* Whether a monitor that died left something: it is being removed, and that end is told as the monitor's. */
bool monitors_tidy(struct engine *engine, struct container *ct);
/* One that did its work leaves neither its socket nor a control group. */
bool monitors_left_something(const struct engine *engine, const struct container *ct);

#endif
