/* What a container, or several together, used in a period. */
#ifndef BERTH_SCHEMA_USAGE_H
#define BERTH_SCHEMA_USAGE_H

#include "schema/field.h"
#include "schema/sample.h"

/* Periods that are kept, each for a time of its own; their beginnings are those of UTC's calendar. */
enum usage_level { USAGE_MINUTE, USAGE_HOUR, USAGE_DAY, USAGE_MONTH, USAGE_LEVELS };
const char *usage_level_name(enum usage_level level);
/* 1 found, 0 unknown. */
int usage_level_of_name(const char *name, enum usage_level *level_out);
const char *check_usage_level(const char *text);
const char *check_usage_group(const char *text);
/* The period's beginning that holds the moment, and that of the one after it; seconds since the epoch. */
int64_t usage_start(enum usage_level level, int64_t time);
int64_t usage_next(enum usage_level level, int64_t time);

/* The columns of the tables usage_minute … usage_month: sums, but for peaks. */
struct usage_sums {
	struct field_set set;
	int64_t seconds; /* that were watched */
	int64_t running; /* of them */
	int64_t cpu_us;
	int64_t memory_kib_s; /* KiB times seconds */
	int64_t memory_peak;
	int64_t disk_kib_s;
	int64_t disk_peak;
	int64_t pids_s;
	int64_t pids_peak;
	int64_t io_read;
	int64_t io_write;
	int64_t io_reads;
	int64_t io_writes;
	int64_t stall_cpu_us;
	int64_t stall_memory_us;
	int64_t stall_io_us;
	/* In the order of traffic_index(), bytes and packets. */
	int64_t traffic[2 * TRAFFIC_COUNTERS];
};
extern const struct schema usage_sums_schema;
/* Whether the field is the highest of what is put together, not the sum. */
bool usage_is_peak(const struct field *field);

/* A row of the answer. What isn't given is of all, or unknown. */
struct usage {
	struct field_set set;
	int64_t start;
	int64_t end;
	char *tenant;
	char *container; /* UUID */
	char *name;
	char *plan;
	int64_t containers;
	struct usage_sums sums;
	int64_t cpu;    /* seconds, milli */
	int64_t memory; /* the average while it ran, a container */
	int64_t disk;
	int64_t pids;
	int64_t memory_gib_hours; /* milli */
	int64_t disk_gib_hours;
	int64_t traffic_in; /* what is paid */
	int64_t traffic_out;
	int64_t traffic_paid; /* both ways: what counts against an allowance */
	int64_t traffic_free;
};
extern const struct schema usage_schema;

/* What follows from the sums. */
void usage_derive(struct usage *usage);

#endif
