/* What the engine saw of a container, taken into the database. */
#ifndef BERTH_MODEL_CONTAINER_OBSERVE_H
#define BERTH_MODEL_CONTAINER_OBSERVE_H

#include "daemon/model/model.h"

/* In a transaction of its own, with the event that it means. One that the database doesn't know is logged and left alone: 0. */
int container_observe(struct model *m, const struct observed *observed, struct err *e);

#endif
