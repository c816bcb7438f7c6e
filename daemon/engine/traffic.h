/*
 * What passes between containers and others, counted for the bill: the table `inet <instance>_traffic`. It stands apart from the
 * rules, so that remaking those loses no count. Each container has a counter a direction, family and class, found by its
 * interface's name; counters outlive interface, container and daemon, and go only when the api has booked them for good.
 *
 * A packet is counted last on its way (priority 300): what a rule drops is not billed, what a container sends to another is, once
 * at each end. Class `free` is traffic with the networks of option traffic_free, `paid` all other.
 *
 * The table's comment is its generation: a UUID, made with the table. Who reads a counter of another generation than before knows
 * that it began at 0.
 */
#ifndef BERTH_TRAFFIC_H
#define BERTH_TRAFFIC_H

#include "daemon/engine/nfnl.h"
#include "daemon/util/uuid.h"
#include "schema/sample.h"
#include "schema/spec.h"

enum { TRAFFIC_NAME = 48 };
struct nfnl_table traffic_table(const char *instance, char name[TRAFFIC_NAME]);

/* Makes the table where there is none and brings its rules up to date; each registered container gets its counters. Counts stay. */
int traffic_make(const struct settings *s, struct err *e);
/* The table goes, and what wasn't read with it. */
int traffic_cleanup(const char *instance, struct err *e);

/* The container's counters, for its interface; those that are there go on. Makes the table where somebody flushed it. */
int traffic_add(const struct settings *s, const struct place *place, struct err *e);
/* Those of a container that is no more. Absent is success. */
int traffic_forget(const struct settings *s, int64_t ctid, struct err *e);

/* traffic_read.c, without libnftables: all counters at one moment, through a socket of nfnl_open(). */
struct traffic_sample {
	int64_t ctid;
	int64_t v[2 * TRAFFIC_COUNTERS]; /* as in struct sample */
};
struct traffic_reading {
	char generation[UUID_SIZE]; /* "": there is no table */
	struct traffic_sample *v;   /* by ctid; owned, kept from one reading to the next */
	size_t n, size;
};
void traffic_clear(struct traffic_reading *reading);
int traffic_read(int nfnl, const char *instance, struct traffic_reading *reading, struct err *e);

#endif
