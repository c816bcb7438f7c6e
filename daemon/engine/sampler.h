/* The process that reads what containers use. One that can't be started is tried again, and is no reason not to run. */
#ifndef BERTH_SAMPLER_H
#define BERTH_SAMPLER_H

#include "daemon/util/err.h"

struct engine;

int sampler_start(struct engine *engine, struct err *e);
void sampler_stop(struct engine *engine);

#endif
