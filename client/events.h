/* events, which, query, version. */
#ifndef BERTH_CLIENT_EVENTS_H
#define BERTH_CLIENT_EVENTS_H

#include "client/client.h"

int events_show(struct client *c, const struct args *args, struct err *e);
int which_show(struct client *c, const struct args *args, struct err *e);
int query_send(struct client *c, const struct args *args, struct err *e);
int version_show(struct client *c, const struct args *args, struct err *e);

extern const struct opt events_opts[];
extern const struct opt query_opts[];

/* What `which` was asked for: the query's parameter, its value in *value_out. pid_max: the kernel's. NULL when it is nothing known.
 */
const char *which_kind(const char *text, int64_t pid_max, const char **value_out);

#endif
