/*
 * A reading of a container's counters and levels at one moment, as the sampler sends it through the engine to the api.
 *
 * Counters are absolute: a reading that is lost costs nothing but its moment, for the next one holds what it held. Each is told
 * apart from one that began anew by what it belongs to: those of traffic by the `generation` of the table that holds them, the
 * others by `epoch`, which names the control group they were read from.
 */
#ifndef BERTH_SAMPLE_H
#define BERTH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/util/buf.h"

enum traffic_direction { TRAFFIC_OUT, TRAFFIC_IN, TRAFFIC_DIRECTIONS };
enum traffic_family { TRAFFIC_IPV4, TRAFFIC_IPV6, TRAFFIC_FAMILIES };
enum traffic_class { TRAFFIC_PAID, TRAFFIC_FREE, TRAFFIC_CLASSES };
enum { TRAFFIC_COUNTERS = TRAFFIC_DIRECTIONS * TRAFFIC_FAMILIES * TRAFFIC_CLASSES };

enum sample_value {
	/* Of the control groups. */
	SAMPLE_CPU_US,
	SAMPLE_MEMORY,      /* level: bytes */
	SAMPLE_MEMORY_PEAK, /* the highest since the group was made */
	SAMPLE_PIDS,        /* level */
	SAMPLE_IO_READ,     /* bytes */
	SAMPLE_IO_WRITE,
	SAMPLE_IO_READS, /* requests */
	SAMPLE_IO_WRITES,
	SAMPLE_STALL_CPU_US, /* somebody waited: PSI's "some" */
	SAMPLE_STALL_MEMORY_US,
	SAMPLE_STALL_IO_US,
	/* Bytes and packets of each counter, in the order of traffic_index(). */
	SAMPLE_TRAFFIC,
	SAMPLE_VALUES = SAMPLE_TRAFFIC + 2 * TRAFFIC_COUNTERS
};

struct sample {
	int64_t ctid;
	int64_t epoch; /* 0: there is no group, it isn't running */
	int64_t v[SAMPLE_VALUES];
};

/* A value that nobody knows. */
#define SAMPLE_UNKNOWN (-1)

static inline size_t
traffic_index(enum traffic_direction direction, enum traffic_family family, enum traffic_class class)
{
	return ((size_t)direction * TRAFFIC_FAMILIES + family) * TRAFFIC_CLASSES + class;
}

/* "out4_paid" … "in6_free": what the maps are called, and with the container's number before it the counters. */
const char *traffic_name(size_t index);
/* 1 found, 0: no such name. */
int traffic_of_name(const char *name, size_t *index_out);

/* A line of numbers. */
void sample_format(const struct sample *sample, struct buf *out);
bool sample_parse(const char *line, struct sample *sample_out);

#endif
