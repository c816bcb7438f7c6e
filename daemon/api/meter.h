/*
 * What containers use: the sampler's readings, which the engine passes on. The newest of each is in memory; once a usage_interval
 * they are booked in the database, a message's containers in one transaction. It also asks root, now and then, for the sizes of
 * volumes and for the end of counters that are booked for good.
 */
#ifndef BERTH_API_METER_H
#define BERTH_API_METER_H

#include "daemon/api/api.h"
#include "daemon/model/meter.h"

/* A container's newest reading and the one before it, from which rates follow. */
struct meter_now {
	const struct meter_entry *entry; /* newest, and disk; its time_ms may be some hundred ms early: use these */
	int64_t time_ms;
	struct sample before;
	int64_t before_ms; /* 0: there was none */
};

struct meter *meter_new(struct api *api);
void meter_free(struct meter *meter);

/* NULL: nothing was told of it since the api began. */
const struct meter_now *meter_find(const struct meter *meter, int64_t ctid);
/* When the last whole pass began, in ms since the epoch; 0: none yet. */
int64_t meter_last_pass(const struct meter *meter);

/* From the engine. */
int meter_receive(struct meter *meter, const struct samples *samples, struct err *e);
/* Whether it was this one's request that has ended. */
bool meter_ended(struct meter *meter, const struct done *done);
/* The host goes down: from now on each reading is booked at once. NULL is fine. */
void meter_hurry(struct meter *meter);

#endif
