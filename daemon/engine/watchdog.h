/* systemd's watchdog is fed while this loop and the api's go on; without one an api that hangs is replaced. */
#ifndef BERTH_WATCHDOG_H
#define BERTH_WATCHDOG_H

#include "daemon/util/err.h"

struct engine;

int watchdog_start(struct engine *engine, struct err *e);
void watchdog_api_started(struct engine *engine);
void watchdog_api_alive(struct engine *engine);

#endif
