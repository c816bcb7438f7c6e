#include "schema/tenant.h"

#include <stdio.h>
#include <string.h>

#include "schema/check.h"
#include "schema/container.h"
#include "schema/role.h"
#include "schema/forward.h"

#define MAKE FIELD_CREATE
#define CHANGE (FIELD_CREATE | FIELD_PATCH)
#define LIMIT (FIELD_CREATE | FIELD_PATCH | FIELD_NULLABLE)
#define SEEN FIELD_READONLY

#define MIB (1024LL * 1024)
#define TIB (1024 * 1024 * MIB)
#define YEAR (366LL * 24 * 3600)

static const char *const feature_names[FEATURE_COUNT] = { "",        "nesting",   "snapshots", "backups",
	                                                  "console", "templates", "firewall",  "sizes" };

const char *
feature_name(enum feature feature)
{
	return feature_names[feature];
}

static const char *
check_feature(const char *text)
{
	for (int i = FEATURE_NONE + 1; i < FEATURE_COUNT; i++)
		if (strcmp(feature_names[i], text) == 0)
			return NULL;
	return "must be nesting, snapshots, backups, console, templates, firewall or sizes";
}

#define TOTALS(S, FLAGS)                                                                                                           \
	INT_FIELD(S, containers, FLAGS, 0, 1000000, 0, "Containers."),                                                             \
	        MILLI_FIELD(S, cpus, FLAGS, 0, 1000000000LL, 0, "CPUs of all its containers together."),                           \
	        SIZE_FIELD(S, memory, FLAGS, 0, 1024 * TIB, 0, "Memory of all its containers together, in bytes."),                \
	        SIZE_FIELD(S, disk, FLAGS, 0, 1024 * 1024 * TIB, 0, "Disk space of all its containers together, in bytes."),       \
	        INT_FIELD(S, pids, FLAGS, 0, INT64_C(1) << 40, 0, "Processes of all its containers together."),                    \
	        INT_FIELD(S, addresses, FLAGS, 0, 1000000, 0,                                                                      \
	                  "IP addresses, of both families: routed ones, and static ones on networks of the host's."),              \
	        INT_FIELD(S, snapshots, FLAGS, 0, 1000000, 0, "Snapshots."),                                                       \
	        INT_FIELD(S, backups, FLAGS, 0, 1000000, 0, "Backups.")

static const struct field totals_fields[] = { TOTALS(totals, SEEN), END_FIELDS };
const struct schema totals_schema = { "totals", sizeof(struct totals), totals_fields };

#define T tenant
static const struct field tenant_fields[] = {
	STRING_FIELD(T, name, MAKE | FIELD_REQUIRED, 40, check_name, "Its name."),
	STRING_FIELD(T, description, CHANGE, 200, check_line, "A line for people."),
	STRING_FIELD(T, billing, CHANGE, 80, check_line, "Its number in the operator's books."),
	TOTALS(tenant, LIMIT),
	INT_FIELD(T, jobs, LIMIT, 1, 256, 0, "Jobs of its callers at once; the host's tenant_jobs when left out."),
	LIST_FIELD(T, forbid, CHANGE, FEATURE_COUNT, check_feature,
	           "What it may not do: nesting, snapshots, backups, console (exec and logs stay), templates (of its own), "
	           "firewall (rules of its own), sizes (others than its plan's, or than what a container has)."),
	TIME_FIELD(T, created_at, SEEN, "When it was created."),
	INT_FIELD(T, revision, SEEN, 0, INT64_MAX, 0, "Grows with each change; the ETag."),
	OBJECT_FIELD(T, used, SEEN, &totals_schema, "What its containers have of each."),
	LINES_FIELD(T, forward_ports, CHANGE, 16, forward_explain_grant,
	            "Ports of the host, of TCP and UDP, that its owner may forward to its containers, such as 20000-20019."),
	END_FIELDS
};
const struct schema tenant_schema = { "tenant", sizeof(struct tenant), tenant_fields };

#define P plan
static const struct field plan_fields[] = {
	STRING_FIELD(P, name, MAKE | FIELD_REQUIRED, 32, check_name, "Its name."),
	STRING_FIELD(P, description, CHANGE, 200, check_line, "A line for people."),
	MILLI_FIELD(P, cpus, LIMIT, 10, 4096000, 0, "CPU limit as a number of CPUs, such as 1.5."),
	SIZE_FIELD(P, memory, LIMIT, 16 * MIB, 64 * TIB, 0, "Memory limit in bytes."),
	SIZE_FIELD(P, swap, LIMIT, 0, 64 * TIB, 0, "Swap limit in bytes, beside the memory."),
	SIZE_FIELD(P, disk, LIMIT, 16 * MIB, 4096 * TIB, 0, "Disk space limit in bytes."),
	INT_FIELD(P, pids, LIMIT, 16, 4194304, 0, "Limit of processes and threads."),
	INT_FIELD(P, cpu_weight, LIMIT, 1, 10000, 0, "Share of CPU when the host is busy."),
	INT_FIELD(P, io_weight, LIMIT, 1, 10000, 0, "Share of disk bandwidth when the disk is busy."),
	SIZE_FIELD(P, io_read, LIMIT, 0, TIB, 0, "Disk read limit in bytes a second; 0 is none."),
	SIZE_FIELD(P, io_write, LIMIT, 0, TIB, 0, "Disk write limit in bytes a second; 0 is none."),
	TIME_FIELD(P, created_at, SEEN, "When it was created."),
	INT_FIELD(P, revision, SEEN, 0, INT64_MAX, 0, "Its version: grows with each change; the ETag."),
	INT_FIELD(P, connections, LIMIT, 0, 16777216, 0, "Connections at once, of both directions; 0 is no limit."),
	LINES_FIELD(P, blocked_ports, CHANGE, 32, rule_explain_ports, "Ports that its containers can't reach outside, such as 25."),
	SIZE_FIELD(P, traffic, LIMIT, 0, INT64_C(1) << 60, 0, "Traffic a month in bytes, in and out together."),
	STRING_FIELD(P, traffic_80, CHANGE, 8, check_traffic_action,
	             "What happens at four fifths of it: event, throttle or suspend."),
	STRING_FIELD(P, traffic_100, CHANGE, 8, check_traffic_action,
	             "What happens when it is used up: event, throttle or suspend."),
	MILLI_FIELD(P, rate_in, LIMIT, 0, RATE_MAX, 0, "What its containers receive at most, in megabits a second; 0 is no limit."),
	MILLI_FIELD(P, rate_out, LIMIT, 0, RATE_MAX, 0, "What they send at most, in megabits a second; 0 is no limit."),
	SIZE_FIELD(P, rate_burst, LIMIT, 0, 1024 * MIB, 0, "Bytes that they may send or receive at once at full speed."),
	INT_FIELD(P, net_weight, LIMIT, NET_WEIGHT_MIN, NET_WEIGHT_MAX, 0, "Share of the host's uplink when that is full."),
	END_FIELDS
};
const struct schema plan_schema = { "plan", sizeof(struct plan), plan_fields };

#define K token
static const struct field token_fields[] = {
	STRING_FIELD(K, id, SEEN, 16, check_line, "Its public half."),
	STRING_FIELD(K, name, CHANGE | FIELD_REQUIRED, 80, check_line, "What it is for."),
	STRING_FIELD(K, role, MAKE | FIELD_REQUIRED, 16, check_role,
	             "admin, operator or auditor of the host; owner or viewer of a tenant."),
	STRING_FIELD(K, tenant, MAKE, 40, check_name, "Tenant of an owner or viewer."),
	INT_FIELD(K, uid, MAKE | FIELD_NO_PRESET, 1, UINT32_MAX - 1, 0, "A user of the host, who needs no secret then."),
	INT_FIELD(K, gid, MAKE | FIELD_NO_PRESET, 1, UINT32_MAX - 1, 0, "A group of the host, whose members need no secret then."),
	INT_FIELD(K, lifetime, MAKE | FIELD_NO_PRESET | FIELD_TRANSIENT, 60, 10 * YEAR, 0,
	          "Seconds after which it ends by itself; never when left out."),
	STRING_FIELD(K, hash, SEEN | FIELD_INTERNAL, 64, NULL, "Of its secret half."),
	TIME_FIELD(K, created_at, SEEN, "When it was made."),
	STRING_FIELD(K, created_by, SEEN, 64, check_line, "Who made it."),
	TIME_FIELD(K, expires_at, SEEN, "When it ends by itself."),
	TIME_FIELD(K, used_at, SEEN, "When it was last used, to the minute."),
	INT_FIELD(K, revision, SEEN, 0, INT64_MAX, 0, "Grows with each change; the ETag."),
	END_FIELDS
};
const struct schema token_schema = { "token", sizeof(struct token), token_fields };
