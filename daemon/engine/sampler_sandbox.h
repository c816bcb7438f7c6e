/* What the sampler gives up before it reads anything of a container's. */
#ifndef BERTH_SAMPLER_SANDBOX_H
#define BERTH_SAMPLER_SANDBOX_H

#include "daemon/util/err.h"

/* Becomes that user, with CAP_NET_ADMIN and nothing else; dies with the engine. */
int sampler_drop(const char *user, struct err *e);
/* From now on: open and read files, use the descriptors that are there. */
int sampler_filter(struct err *e);

#endif
