/* Carries out what the api asks for, step by step: each of these is called when one has ended. */
#ifndef BERTH_REQUESTS_H
#define BERTH_REQUESTS_H

#include "daemon/engine/task.h"

/* Takes the message over. -1: the api has broken the protocol. */
int requests_handle(struct engine *engine, struct msg *msg, struct err *e);
bool request_is_stream(const struct task *task);
void requests_job_ended(struct task *task);
/* A new state. */
void requests_monitor_told(struct container *ct);
void requests_monitor_ended(struct engine *engine, struct container *ct);
/* What it was asked for; error: an errno, or 0. */
void requests_monitor_done(struct task *task, int error, const char *text);

#endif
