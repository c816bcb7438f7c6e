/* Reading all counters. Stands alone, for the sampler links nothing that it doesn't need. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/traffic.h"

enum { TRAFFIC_TRIES = 3 };

void
traffic_name_tables(struct traffic_tables *t, const char *instance)
{
	*t = (struct traffic_tables){ .inet = { NFPROTO_INET, t->name }, .bridge = { NFPROTO_BRIDGE, t->name } };
	snprintf(t->name, sizeof t->name, "%s_traffic", instance);
}

int
traffic_find(int nfnl, const struct traffic_tables *t, char generation_out[UUID_SIZE], bool *bridged_out, struct err *e)
{
	char other[UUID_SIZE];
	int found = nfnl_read_comment(nfnl, &t->inet, generation_out, UUID_SIZE, e);

	*bridged_out = false;
	if (found <= 0)
		return found;
	found = nfnl_find_counter(nfnl, &t->inet, "bridged", e);
	if (found <= 0)
		return found < 0 ? -1 : 1;
	*bridged_out = true;
	found = nfnl_read_comment(nfnl, &t->bridge, other, sizeof other, e);
	if (found <= 0)
		return found;
	return strcmp(generation_out, other) == 0;
}

void
traffic_clear(struct traffic_reading *reading)
{
	free(reading->all.v);
	free(reading->bridged.v);
	memset(reading, 0, sizeof *reading);
}

/* The kernel gives a container's counters one after the other, for they were made so. */
static struct traffic_sample *
traffic_sample_of(struct traffic_samples *samples, int64_t ctid)
{
	struct traffic_sample *grown;

	for (size_t back = 0; back < samples->n && back < 8; back++)
		if (samples->v[samples->n - 1 - back].ctid == ctid)
			return &samples->v[samples->n - 1 - back];
	if (samples->n == samples->size) {
		grown = reallocarray(samples->v, 2 * samples->size + 64, sizeof *grown);
		if (!grown)
			return NULL;
		samples->v = grown;
		samples->size = 2 * samples->size + 64;
	}
	grown = &samples->v[samples->n++];
	grown->ctid = ctid;
	for (size_t i = 0; i < 2 * TRAFFIC_COUNTERS; i++)
		grown->v[i] = SAMPLE_UNKNOWN;
	return grown;
}

static void
traffic_take(void *arg, const char *name, uint64_t bytes, uint64_t packets)
{
	struct traffic_samples *samples = arg;
	struct traffic_sample *sample;
	char *end;
	size_t index;
	long long ctid = name[0] == 'c' ? strtoll(name + 1, &end, 10) : 0;

	if (ctid <= 0 || *end != '_' || !traffic_of_name(end + 1, &index))
		return;
	sample = traffic_sample_of(samples, ctid);
	if (!sample || bytes > INT64_MAX || packets > INT64_MAX)
		return;
	sample->v[2 * index] = (int64_t)bytes;
	sample->v[2 * index + 1] = (int64_t)packets;
}

static int
traffic_compare(const void *a, const void *b)
{
	const struct traffic_sample *x = a, *y = b;

	return x->ctid < y->ctid ? -1 : x->ctid > y->ctid;
}

/* A counter made meanwhile may shift the rest: pieces of one container then stand apart. */
static void
traffic_join(struct traffic_samples *samples)
{
	size_t kept = 0;

	if (samples->n > 0)
		qsort(samples->v, samples->n, sizeof *samples->v, traffic_compare);
	for (size_t i = 1; i < samples->n; i++) {
		struct traffic_sample *last = &samples->v[kept], *next = &samples->v[i];

		if (last->ctid != next->ctid) {
			samples->v[++kept] = *next;
			continue;
		}
		for (size_t k = 0; k < 2 * TRAFFIC_COUNTERS; k++)
			if (next->v[k] > last->v[k])
				last->v[k] = next->v[k];
	}
	if (samples->n > 0)
		samples->n = kept + 1;
}

/* What is known of one table alone is no sum: less than before would look like a counter that began anew. */
static void
traffic_add_up(struct traffic_reading *reading)
{
	for (size_t i = 0; i < reading->bridged.n; i++) {
		const struct traffic_sample *part = &reading->bridged.v[i];
		struct traffic_sample *sum =
		        reading->all.n > 0 ? bsearch(part, reading->all.v, reading->all.n, sizeof *part, traffic_compare) : NULL;

		for (size_t k = 0; sum && k < 2 * TRAFFIC_COUNTERS; k++)
			if (sum->v[k] != SAMPLE_UNKNOWN && part->v[k] != SAMPLE_UNKNOWN)
				sum->v[k] += part->v[k];
	}
}

static void
traffic_know_nothing(struct traffic_samples *samples)
{
	for (size_t i = 0; i < samples->n; i++)
		for (size_t k = 0; k < 2 * TRAFFIC_COUNTERS; k++)
			samples->v[i].v[k] = SAMPLE_UNKNOWN;
}

/* 1: a table was changed meanwhile. */
static int
traffic_read_tables(int nfnl, const struct traffic_tables *t, bool bridged, struct traffic_reading *reading, struct err *e)
{
	int rc = nfnl_read_counters(nfnl, &t->inet, traffic_take, &reading->all, e), other = 0;

	if (rc < 0 && errno != ENOENT)
		return -1;
	if (bridged)
		other = nfnl_read_counters(nfnl, &t->bridge, traffic_take, &reading->bridged, e);
	if (other < 0 && errno != ENOENT)
		return -1;
	return rc != 0 || other != 0;
}

/* The generation before and after: what was read between two equal ones is of that one. */
int
traffic_read(int nfnl, const char *instance, struct traffic_reading *reading, struct err *e)
{
	bool bridged = false, bridged_after = false;
	char after[UUID_SIZE] = "";
	struct traffic_tables t;
	int found = 0, changed = 0;

	traffic_name_tables(&t, instance);
	for (int i = 0; i < TRAFFIC_TRIES; i++) {
		reading->all.n = reading->bridged.n = 0;
		found = traffic_find(nfnl, &t, reading->generation, &bridged, e);
		if (found <= 0) {
			reading->generation[0] = '\0';
			return found;
		}
		changed = traffic_read_tables(nfnl, &t, bridged, reading, e);
		if (changed < 0)
			return -1;
		found = traffic_find(nfnl, &t, after, &bridged_after, e);
		if (found < 0)
			return -1;
		if (found == 1 && strcmp(reading->generation, after) == 0 && bridged == bridged_after && !changed)
			break;
		err_clear(e);
	}
	/* What is missing after that many tries is there next time; what another generation counted is nobody's. */
	if (found != 1 || strcmp(reading->generation, after) != 0)
		reading->all.n = 0;
	traffic_join(&reading->all);
	traffic_join(&reading->bridged);
	if (bridged != bridged_after || (bridged && changed))
		traffic_know_nothing(&reading->all);
	else
		traffic_add_up(reading);
	return 0;
}
