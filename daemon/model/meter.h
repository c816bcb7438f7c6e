/* From readings of counters to sums by period. */
#ifndef BERTH_MODEL_METER_H
#define BERTH_MODEL_METER_H

#include "daemon/model/model.h"

/* What a container's readings have told since they were last booked. */
struct meter_entry {
	struct sample newest;
	char generation[37]; /* of its traffic counters */
	int64_t time_ms;     /* of the newest */
	int64_t disk;        /* bytes of its volume; SAMPLE_UNKNOWN */
	bool dirty;          /* there is something to book */
	/* Levels: what no counter tells. */
	struct usage_sums levels;
};

/* A reading: levels are weighed by the time since the one before, of which `most_ms` count at most. */
void meter_take(struct meter_entry *entry, const struct sample *sample, const char *generation, int64_t time_ms, int64_t most_ms);

enum meter_booked {
	METER_BOOKED,
	METER_UNKNOWN, /* nobody knows the container, or not yet */
	METER_FINAL    /* the container was gone before the reading: there will be no more */
};
/*
 * Inside a transaction: what the newest reading has beyond the last one that was booked, and the levels, go to the sums; the
 * reading is kept as the last. Once for all: however often it is told, and whoever dies before the commit.
 */
int meter_book(struct model *m, const struct meter_entry *entry, enum meter_booked *booked_out, struct err *e);
/* After the commit. */
void meter_settle(struct meter_entry *entry);
/* In pieces: 1 there is more to purge, 0 none, -1. */
int meter_purge(struct model *m, struct err *e);

#endif
