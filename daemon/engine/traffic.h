/*
 * What passes between containers and others, counted for the bill: the table `inet <instance>_traffic` for what the host routes,
 * and beside it, where containers have interfaces on bridges of the host's, `bridge <instance>_traffic`. They stand apart from the
 * rules, so that remaking those loses no count. Each container has a counter a direction, family and class, in each table that sees
 * it, found by its interface's name; counters outlive interface, container and daemon, and go only when the api has booked them for
 * good.
 *
 * A packet is counted last on its way (priority 300): what a rule drops is not billed, what a container sends to another is, once
 * at each end. On a bridge it counts once as it comes from the container's port, whatever becomes of it there, and at each port
 * that it leaves by: a copy for each that gets one. Class `free` is traffic with the networks of option traffic_free, `paid` all
 * other.
 *
 * The tables' comment is their generation: a UUID, made with them. Who reads a counter of another generation than before knows that
 * it began at 0. A reading is the sum of both tables, so they are of one generation, or not there at all: the counter `bridged` of
 * the first says that the second must be there.
 */
#ifndef BERTH_TRAFFIC_H
#define BERTH_TRAFFIC_H

#include "daemon/engine/net_needs.h"
#include "daemon/engine/nfnl.h"
#include "daemon/util/uuid.h"
#include "schema/sample.h"
#include "schema/spec.h"

enum { TRAFFIC_NAME = 48 };
/* The name is that of both. */
struct traffic_tables {
	struct nfnl_table inet, bridge;
	char name[TRAFFIC_NAME];
};
void traffic_name_tables(struct traffic_tables *t, const char *instance);

/* Makes the tables where there are none and brings their rules up to date; each registered container gets its counters. Counts
 * stay. */
int traffic_make(const struct settings *s, const struct net_needs *needs, struct err *e);
/* The tables go, and what wasn't read with them. */
int traffic_cleanup(const char *instance, struct err *e);

/*
 * The container's counters, for the interface that it is routed by and those of spec->config.nics; those that are there go on.
 * Makes the tables where somebody flushed them.
 */
int traffic_add(const struct spec *spec, struct err *e);
/* Those of a container that is no more. Absent is success. */
int traffic_forget(const struct settings *s, int64_t ctid, struct err *e);

/* traffic_read.c, without libnftables, through a socket of nfnl_open(). */
/* 1 with the generation: the tables are there, also the bridges' if *bridged_out; 0: they aren't, or not as they were made. */
int traffic_find(int nfnl, const struct traffic_tables *t, char generation_out[UUID_SIZE], bool *bridged_out, struct err *e);

/* All counters at one moment. */
struct traffic_sample {
	int64_t ctid;
	int64_t v[2 * TRAFFIC_COUNTERS]; /* as in struct sample */
};
struct traffic_samples {
	struct traffic_sample *v; /* by ctid; owned, kept from one reading to the next */
	size_t n, size;
};
struct traffic_reading {
	char generation[UUID_SIZE]; /* "": there is no table */
	struct traffic_samples all, bridged;
};
void traffic_clear(struct traffic_reading *reading);
int traffic_read(int nfnl, const char *instance, struct traffic_reading *reading, struct err *e);

#endif
