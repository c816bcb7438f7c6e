#include "daemon/model/meter.h"

#include <stdio.h>
#include <string.h>

/* Rows a level that one transaction removes: some milliseconds. */
enum { METER_PURGE = 2000 };

/* Those that only grow, and where they are added up. */
static const struct {
	enum sample_value value;
	size_t sum;
} meter_counters[] = {
	{ SAMPLE_CPU_US, offsetof(struct usage_sums, cpu_us) },
	{ SAMPLE_IO_READ, offsetof(struct usage_sums, io_read) },
	{ SAMPLE_IO_WRITE, offsetof(struct usage_sums, io_write) },
	{ SAMPLE_IO_READS, offsetof(struct usage_sums, io_reads) },
	{ SAMPLE_IO_WRITES, offsetof(struct usage_sums, io_writes) },
	{ SAMPLE_STALL_CPU_US, offsetof(struct usage_sums, stall_cpu_us) },
	{ SAMPLE_STALL_MEMORY_US, offsetof(struct usage_sums, stall_memory_us) },
	{ SAMPLE_STALL_IO_US, offsetof(struct usage_sums, stall_io_us) },
};

static int64_t *
meter_sum(struct usage_sums *sums, size_t offset)
{
	return (int64_t *)(void *)((char *)sums + offset);
}

/* What a counter gained. It began anew where it belongs to something else, or where somebody set it back. */
static int64_t
meter_gain(int64_t last, int64_t now, bool same)
{
	if (now == SAMPLE_UNKNOWN)
		return 0;
	return same && last != SAMPLE_UNKNOWN && now >= last ? now - last : now;
}

static void
meter_raise(int64_t *peak, int64_t value)
{
	if (value > *peak)
		*peak = value;
}

static int64_t
meter_weigh(int64_t level, int64_t seconds)
{
	return level > 0 ? level * seconds : 0;
}

static void
meter_take_levels(struct meter_entry *entry, const struct sample *sample, int64_t seconds)
{
	const struct sample *before = &entry->newest;
	struct usage_sums *levels = &entry->levels;
	bool same = before->epoch == sample->epoch;
	int64_t peak = sample->v[SAMPLE_MEMORY_PEAK];

	levels->seconds += seconds;
	levels->disk_kib_s += meter_weigh(entry->disk / 1024, seconds);
	meter_raise(&levels->disk_peak, entry->disk);
	if (sample->epoch == 0)
		return;
	levels->running += seconds;
	levels->memory_kib_s += meter_weigh(sample->v[SAMPLE_MEMORY] / 1024, seconds);
	levels->pids_s += meter_weigh(sample->v[SAMPLE_PIDS], seconds);
	meter_raise(&levels->memory_peak, sample->v[SAMPLE_MEMORY]);
	meter_raise(&levels->pids_peak, sample->v[SAMPLE_PIDS]);
	/* The kernel's is of the whole time since the start: it is of this period if it has grown. */
	if (!same || peak > before->v[SAMPLE_MEMORY_PEAK])
		meter_raise(&levels->memory_peak, peak);
}

void
meter_take(struct meter_entry *entry, const struct sample *sample, const char *generation, int64_t time_ms, int64_t most_ms)
{
	int64_t ms = entry->time_ms > 0 ? time_ms - entry->time_ms : 0;

	if (ms < 0)
		ms = 0;
	if (ms > most_ms)
		ms = most_ms;
	/* Whole seconds: the rest is the next reading's. */
	meter_take_levels(entry, sample, ms / 1000);
	entry->time_ms = time_ms - (ms < most_ms ? ms % 1000 : 0);
	entry->newest = *sample;
	snprintf(entry->generation, sizeof entry->generation, "%s", generation);
	entry->dirty = true;
}

static void
meter_gain_all(const struct meter_entry *entry, const struct reading_row *last, struct usage_sums *sums)
{
	bool same_groups = last->sample.epoch == entry->newest.epoch;
	bool same_table = strcmp(last->generation, entry->generation) == 0;

	for (size_t i = 0; i < sizeof meter_counters / sizeof *meter_counters; i++) {
		enum sample_value v = meter_counters[i].value;

		*meter_sum(sums, meter_counters[i].sum) += meter_gain(last->sample.v[v], entry->newest.v[v], same_groups);
	}
	for (size_t i = 0; i < 2 * TRAFFIC_COUNTERS; i++)
		sums->traffic[i] += meter_gain(last->sample.v[SAMPLE_TRAFFIC + i], entry->newest.v[SAMPLE_TRAFFIC + i], same_table);
}

/* What wasn't known this time stays as it was last, with what it belongs to. */
static void
meter_next_reading(const struct meter_entry *entry, struct reading_row *reading)
{
	bool traffic = false;

	for (size_t i = SAMPLE_TRAFFIC; i < SAMPLE_VALUES; i++)
		traffic = traffic || entry->newest.v[i] != SAMPLE_UNKNOWN;
	reading->time = entry->time_ms / 1000;
	reading->sample.ctid = entry->newest.ctid;
	if (entry->newest.epoch != 0) {
		reading->sample.epoch = entry->newest.epoch;
		memcpy(reading->sample.v, entry->newest.v, SAMPLE_TRAFFIC * sizeof *reading->sample.v);
	}
	if (!traffic)
		return;
	if (strcmp(reading->generation, entry->generation) != 0)
		for (size_t i = SAMPLE_TRAFFIC; i < SAMPLE_VALUES; i++)
			reading->sample.v[i] = SAMPLE_UNKNOWN;
	snprintf(reading->generation, sizeof reading->generation, "%s", entry->generation);
	for (size_t i = SAMPLE_TRAFFIC; i < SAMPLE_VALUES; i++)
		if (entry->newest.v[i] != SAMPLE_UNKNOWN)
			reading->sample.v[i] = entry->newest.v[i];
}

static int
meter_last_reading(struct model *m, int64_t ctid, struct reading_row *last_out, struct err *e)
{
	int rc = store_reading_get(m->store, ctid, last_out, e);

	if (rc != 0)
		return rc;
	for (size_t i = 0; i < SAMPLE_VALUES; i++)
		last_out->sample.v[i] = SAMPLE_UNKNOWN;
	return 0;
}

int
meter_book(struct model *m, const struct meter_entry *entry, enum meter_booked *booked_out, struct err *e)
{
	struct usage_sums sums = entry->levels;
	struct reading_row last = { 0 };
	struct meter_row meter = { 0 };
	int rc = store_meter_get(m->store, entry->newest.ctid, &meter, e);

	if (rc <= 0) {
		*booked_out = METER_UNKNOWN;
		return rc;
	}
	if (meter_last_reading(m, entry->newest.ctid, &last, e) < 0)
		return -1;
	meter_gain_all(entry, &last, &sums);
	meter_next_reading(entry, &last);
	if (store_usage_add(m->store, meter.id, entry->time_ms / 1000, &sums, e) < 0)
		return -1;
	if (store_reading_put(m->store, &last, e) < 0)
		return -1;
	/* Its interface was gone before its row was; a whole second for the clock that counts in those. */
	*booked_out = meter.gone && entry->time_ms / 1000 > meter.until + 1 ? METER_FINAL : METER_BOOKED;
	return 0;
}

void
meter_settle(struct meter_entry *entry)
{
	memset(&entry->levels, 0, sizeof entry->levels);
	entry->dirty = false;
}

/* `months` before the month that holds the moment. */
static int64_t
meter_months_ago(int64_t now, int64_t months)
{
	int64_t start = usage_start(USAGE_MONTH, now);

	for (; months > 0 && start > 0; months--)
		start = usage_start(USAGE_MONTH, start - 1);
	return start;
}

int
meter_purge(struct model *m, struct err *e)
{
	const struct settings *s = m->settings;
	int64_t now = model_now(), purged = 0;
	const int64_t before[USAGE_LEVELS] = {
		[USAGE_MINUTE] = now - s->usage_minutes * 3600,
		[USAGE_HOUR] = now - s->usage_hours * 86400,
		[USAGE_DAY] = now - s->usage_days * 86400,
		[USAGE_MONTH] = meter_months_ago(now, s->usage_months),
	};
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_usage_purge(m->store, before, METER_PURGE, &purged, e) < 0)
		return -1;
	if (purged == 0 && store_meter_prune(m->store, before[USAGE_MONTH], e) < 0)
		return -1;
	if (txn_commit(&txn, e) < 0)
		return -1;
	return purged > 0;
}
