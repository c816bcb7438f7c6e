#include "schema/usage.h"

#include <string.h>
#include <time.h>

static const char *const level_names[USAGE_LEVELS] = {
	[USAGE_MINUTE] = "minute", [USAGE_HOUR] = "hour", [USAGE_DAY] = "day", [USAGE_MONTH] = "month"
};

const char *
usage_level_name(enum usage_level level)
{
	return level_names[level];
}

int
usage_level_of_name(const char *name, enum usage_level *level_out)
{
	for (size_t i = 0; i < USAGE_LEVELS; i++)
		if (strcmp(level_names[i], name) == 0) {
			*level_out = (enum usage_level)i;
			return 1;
		}
	return 0;
}

const char *
check_usage_level(const char *text)
{
	enum usage_level level;

	return usage_level_of_name(text, &level) ? NULL : "must be minute, hour, day or month";
}

const char *
check_usage_group(const char *text)
{
	static const char *const groups[] = { "container", "tenant", "plan" };

	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (strcmp(text, groups[i]) == 0)
			return NULL;
	return "must be container, tenant or plan";
}

/* The month's beginning, `months` after the one that holds the moment. */
static int64_t
usage_month(int64_t time, int months)
{
	struct tm tm;
	time_t t = time;

	if (!gmtime_r(&t, &tm))
		return 0;
	tm = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon + months, .tm_mday = 1 };
	return timegm(&tm);
}

static const int64_t level_seconds[USAGE_LEVELS] = { [USAGE_MINUTE] = 60, [USAGE_HOUR] = 3600, [USAGE_DAY] = 86400 };

int64_t
usage_start(enum usage_level level, int64_t time)
{
	return level == USAGE_MONTH ? usage_month(time, 0) : time - time % level_seconds[level];
}

int64_t
usage_next(enum usage_level level, int64_t time)
{
	return level == USAGE_MONTH ? usage_month(time, 1) : usage_start(level, time) + level_seconds[level];
}

#define SEEN FIELD_READONLY
#define S usage_sums
#define SUM(M, HELP) INT_FIELD(S, M, SEEN, 0, INT64_MAX, 0, HELP)
#define BYTES(M, HELP) SIZE_FIELD(S, M, SEEN, 0, INT64_MAX, 0, HELP)
#define COUNTER(NAME, INDEX, TYPE, HELP)                                                                                           \
	{                                                                                                                          \
		NAME, TYPE, SEEN, offsetof(struct usage_sums, traffic) + (INDEX) * sizeof(int64_t), 0, INT64_MAX, 0, NULL, NULL,   \
		        HELP                                                                                                       \
	}
#define TRAFFIC(NAME, INDEX, HELP)                                                                                                 \
	COUNTER(NAME, 2 * (INDEX), FIELD_SIZE, "Bytes " HELP), COUNTER(NAME "_packets", 2 * (INDEX) + 1, FIELD_INT, "Packets " HELP)

static const struct field usage_sums_fields[] = { SUM(seconds, "Seconds that were watched."),
	                                          SUM(running, "Seconds of them that it ran."),
	                                          SUM(cpu_us, "CPU time in microseconds."),
	                                          SUM(memory_kib_s, "Memory: KiB times seconds."),
	                                          BYTES(memory_peak, "The most memory at once."),
	                                          SUM(disk_kib_s, "Disk space: KiB times seconds."),
	                                          BYTES(disk_peak, "The most disk space at once."),
	                                          SUM(pids_s, "Processes times seconds."),
	                                          SUM(pids_peak, "The most processes at once that were seen."),
	                                          BYTES(io_read, "Bytes read from disk."),
	                                          BYTES(io_write, "Bytes written to disk."),
	                                          SUM(io_reads, "Read requests."),
	                                          SUM(io_writes, "Write requests."),
	                                          SUM(stall_cpu_us, "Microseconds in which a process waited for CPU."),
	                                          SUM(stall_memory_us, "For memory."),
	                                          SUM(stall_io_us, "For disk."),
	                                          TRAFFIC("out4_paid", 0, "sent by IPv4, paid."),
	                                          TRAFFIC("out4_free", 1, "sent by IPv4 to free networks."),
	                                          TRAFFIC("out6_paid", 2, "sent by IPv6, paid."),
	                                          TRAFFIC("out6_free", 3, "sent by IPv6 to free networks."),
	                                          TRAFFIC("in4_paid", 4, "received by IPv4, paid."),
	                                          TRAFFIC("in4_free", 5, "received by IPv4 from free networks."),
	                                          TRAFFIC("in6_paid", 6, "received by IPv6, paid."),
	                                          TRAFFIC("in6_free", 7, "received by IPv6 from free networks."),
	                                          END_FIELDS };
const struct schema usage_sums_schema = { "usage_sums", sizeof(struct usage_sums), usage_sums_fields };

bool
usage_is_peak(const struct field *field)
{
	size_t len = strlen(field->name);

	return len > 5 && strcmp(field->name + len - 5, "_peak") == 0;
}

#undef S
#define S usage
static const struct field usage_fields[] = { TIME_FIELD(S, start, SEEN, "The period's beginning."),
	                                     TIME_FIELD(S, end, SEEN, "Its end."),
	                                     STRING_FIELD(S, tenant, SEEN, 64, NULL, "Tenant."),
	                                     STRING_FIELD(S, container, SEEN, 36, NULL, "UUID of the container."),
	                                     STRING_FIELD(S, name, SEEN, 40, NULL, "Its name."),
	                                     STRING_FIELD(S, plan, SEEN, 60, NULL, "Plan."),
	                                     SUM(containers, "How many containers there were."),
	                                     OBJECT_FIELD(S, sums, SEEN | FIELD_FLAT, &usage_sums_schema, "What was counted."),
	                                     MILLI_FIELD(S, cpu, SEEN, 0, INT64_MAX, 0, "CPU time in seconds."),
	                                     BYTES(memory, "Memory of a container while it ran, on average."),
	                                     BYTES(disk, "Disk space of a container, on average."),
	                                     MILLI_FIELD(S, pids, SEEN, 0, INT64_MAX, 0,
	                                                 "Processes of a container while it ran, on average."),
	                                     MILLI_FIELD(S, memory_gib_hours, SEEN, 0, INT64_MAX, 0, "Memory: GiB times hours."),
	                                     MILLI_FIELD(S, disk_gib_hours, SEEN, 0, INT64_MAX, 0, "Disk space: GiB times hours."),
	                                     BYTES(traffic_in, "Bytes received that are paid."),
	                                     BYTES(traffic_out, "Bytes sent that are paid."),
	                                     BYTES(traffic_paid, "Both: what counts against the allowance."),
	                                     BYTES(traffic_free, "Bytes from and to free networks."),
	                                     END_FIELDS };
const struct schema usage_schema = { "usage", sizeof(struct usage), usage_fields };

static int64_t
usage_average(int64_t sum, int64_t seconds, int64_t factor)
{
	return seconds > 0 ? (int64_t)((__int128)sum * factor / seconds) : 0;
}

static int64_t
usage_traffic(const struct usage_sums *sums, enum traffic_direction direction, enum traffic_class class)
{
	return sums->traffic[2 * traffic_index(direction, TRAFFIC_IPV4, class)] +
	       sums->traffic[2 * traffic_index(direction, TRAFFIC_IPV6, class)];
}

void
usage_derive(struct usage *usage)
{
	enum { GIB_HOUR_KIB_S = 1024 * 1024 };
	const struct usage_sums *sums = &usage->sums;
	static const char *const names[] = { "cpu",         "memory",           "disk",
		                             "pids",        "memory_gib_hours", "disk_gib_hours",
		                             "traffic_in",  "traffic_out",      "traffic_paid",
		                             "traffic_free" };

	usage->cpu = sums->cpu_us / 1000;
	usage->memory = usage_average(sums->memory_kib_s, sums->running, 1024);
	usage->disk = usage_average(sums->disk_kib_s, sums->seconds, 1024);
	usage->pids = usage_average(sums->pids_s, sums->running, 1000);
	/* 1000 thousandths, 3600 seconds. */
	usage->memory_gib_hours = usage_average(sums->memory_kib_s, 36LL * GIB_HOUR_KIB_S, 10);
	usage->disk_gib_hours = usage_average(sums->disk_kib_s, 36LL * GIB_HOUR_KIB_S, 10);
	usage->traffic_in = usage_traffic(sums, TRAFFIC_IN, TRAFFIC_PAID);
	usage->traffic_out = usage_traffic(sums, TRAFFIC_OUT, TRAFFIC_PAID);
	usage->traffic_paid = usage->traffic_in + usage->traffic_out;
	usage->traffic_free = usage_traffic(sums, TRAFFIC_IN, TRAFFIC_FREE) + usage_traffic(sums, TRAFFIC_OUT, TRAFFIC_FREE);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		record_mark(&usage_schema, usage, names[i], true);
}
