/* exec, enter, console: bytes both ways over berth-stream/1. logs: bytes one way. */
#ifndef BERTH_CLIENT_STREAM_H
#define BERTH_CLIENT_STREAM_H

#include "client/client.h"

int stream_exec(struct client *c, const struct args *args, struct err *e);
int stream_enter(struct client *c, const struct args *args, struct err *e);
int stream_console(struct client *c, const struct args *args, struct err *e);
int stream_logs(struct client *c, const struct args *args, struct err *e);

extern const struct opt stream_exec_opts[];
extern const struct opt stream_enter_opts[];
extern const struct opt stream_logs_opts[];

#endif
