/* What the host has, beside what was promised of it to containers: their sizes together. */
#ifndef BERTH_SCHEMA_CAPACITY_H
#define BERTH_SCHEMA_CAPACITY_H

#include "schema/field.h"

/* Numbers, CPUs in thousandths, bytes. What nobody knows isn't there. */
struct capacity_figure {
	struct field_set set;
	int64_t total;    /* that the host has */
	int64_t there;    /* of it for all containers together, without the host's reserve */
	int64_t promised; /* to all containers */
	int64_t running;  /* of it to those that run */
	int64_t left;     /* there, and not promised; below 0 more is promised than is there */
	int64_t free;     /* not in use at the moment */
};

struct capacity {
	struct field_set set;
	struct capacity_figure containers;
	struct capacity_figure cpus;
	struct capacity_figure memory;
	struct capacity_figure disk;
	struct capacity_figure pids;
};
extern const struct schema capacity_schema;

/* Where addresses come from: a pool, or a private subnet of the host. */
struct capacity_addresses {
	struct field_set set;
	char *name; /* of the pool; subnet4 and subnet6 */
	char *prefix;
	int64_t there;
	int64_t promised;
	int64_t left;
};
extern const struct schema capacity_addresses_schema;

#endif
