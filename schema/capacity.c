#include "schema/capacity.h"

#define SEEN FIELD_READONLY
#define F capacity_figure

/* In the unit of what they are of. */
#define FIGURES(FIELD)                                                                                                             \
	{                                                                                                                          \
		FIELD(F, total, SEEN, 0, INT64_MAX, 0, "What the host has."),                                                      \
		        FIELD(F, there, SEEN, 0, INT64_MAX, 0, "Of it for all containers together, without the host's reserve."),  \
		        FIELD(F, promised, SEEN, 0, INT64_MAX, 0, "To all containers: their sizes together."),                     \
		        FIELD(F, running, SEEN, 0, INT64_MAX, 0, "Of it to those that run."),                                      \
		        FIELD(F, left, SEEN, -INT64_MAX, INT64_MAX, 0,                                                             \
		              "There, and not promised; below 0 where more is promised."),                                         \
		        FIELD(F, free, SEEN, 0, INT64_MAX, 0, "Not in use at the moment."), END_FIELDS                             \
	}
static const struct field counts_fields[] = FIGURES(INT_FIELD);
static const struct field cpus_fields[] = FIGURES(MILLI_FIELD);
static const struct field bytes_fields[] = FIGURES(SIZE_FIELD);
static const struct schema counts_schema = { "capacity_counts", sizeof(struct capacity_figure), counts_fields };
static const struct schema cpus_schema = { "capacity_cpus", sizeof(struct capacity_figure), cpus_fields };
static const struct schema bytes_schema = { "capacity_bytes", sizeof(struct capacity_figure), bytes_fields };

#define C capacity
static const struct field capacity_fields[] = { OBJECT_FIELD(C, containers, SEEN, &counts_schema,
	                                                     "Containers; there are as many as id ranges."),
	                                        OBJECT_FIELD(C, cpus, SEEN, &cpus_schema, "As a number of CPUs."),
	                                        OBJECT_FIELD(C, memory, SEEN, &bytes_schema, "In bytes."),
	                                        OBJECT_FIELD(C, disk, SEEN, &bytes_schema, "Of the pool, in bytes."),
	                                        OBJECT_FIELD(C, pids, SEEN, &counts_schema, "Processes and threads."),
	                                        END_FIELDS };
const struct schema capacity_schema = { "capacity", sizeof(struct capacity), capacity_fields };

#define A capacity_addresses
static const struct field addresses_fields[] = {
	STRING_FIELD(A, name, SEEN, 32, NULL, "The pool; subnet4 and subnet6 are the host's private subnets."),
	STRING_FIELD(A, prefix, SEEN, 64, NULL, "Where they are from."),
	INT_FIELD(A, there, SEEN, 0, INT64_MAX, 0,
	          "How many can be given by themselves, addresses or whole prefixes; not there where they are endless."),
	INT_FIELD(A, promised, SEEN, 0, INT64_MAX, 0, "How many are held."),
	INT_FIELD(A, left, SEEN, 0, INT64_MAX, 0, "There, and not held."),
	END_FIELDS
};
const struct schema capacity_addresses_schema = { "capacity_addresses", sizeof(struct capacity_addresses), addresses_fields };
