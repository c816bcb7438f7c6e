/* Verbs that take several containers: start, stop, restart, freeze, thaw, delete. */
#ifndef BERTH_LIFECYCLE_H
#define BERTH_LIFECYCLE_H

#include "client/client.h"

int lifecycle_start(struct client *c, const struct args *args, struct err *e);
int lifecycle_stop(struct client *c, const struct args *args, struct err *e);
int lifecycle_restart(struct client *c, const struct args *args, struct err *e);
int lifecycle_suspend(struct client *c, const struct args *args, struct err *e);
int lifecycle_unsuspend(struct client *c, const struct args *args, struct err *e);
int lifecycle_freeze(struct client *c, const struct args *args, struct err *e);
int lifecycle_thaw(struct client *c, const struct args *args, struct err *e);
int lifecycle_delete(struct client *c, const struct args *args, struct err *e);
/* All containers of the host. */
int lifecycle_host_boot(struct client *c, const struct args *args, struct err *e);
int lifecycle_host_shutdown(struct client *c, const struct args *args, struct err *e);

extern const struct opt lifecycle_start_opts[];
extern const struct opt lifecycle_stop_opts[];
extern const struct opt lifecycle_suspend_opts[];
extern const struct opt lifecycle_delete_opts[];

#endif
