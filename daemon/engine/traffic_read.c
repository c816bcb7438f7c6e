/* Reading all counters. Stands alone, for the sampler links nothing that it doesn't need. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/traffic.h"

enum { TRAFFIC_TRIES = 3 };

struct nfnl_table
traffic_table(const char *instance, char name[TRAFFIC_NAME])
{
	snprintf(name, TRAFFIC_NAME, "%s_traffic", instance);
	return (struct nfnl_table){ NFPROTO_INET, name };
}

void
traffic_clear(struct traffic_reading *reading)
{
	free(reading->v);
	memset(reading, 0, sizeof *reading);
}

/* The kernel gives a container's counters one after the other, for they were made so. */
static struct traffic_sample *
traffic_sample_of(struct traffic_reading *reading, int64_t ctid)
{
	struct traffic_sample *grown;

	for (size_t back = 0; back < reading->n && back < 8; back++)
		if (reading->v[reading->n - 1 - back].ctid == ctid)
			return &reading->v[reading->n - 1 - back];
	if (reading->n == reading->size) {
		grown = reallocarray(reading->v, 2 * reading->size + 64, sizeof *grown);
		if (!grown)
			return NULL;
		reading->v = grown;
		reading->size = 2 * reading->size + 64;
	}
	grown = &reading->v[reading->n++];
	grown->ctid = ctid;
	for (size_t i = 0; i < 2 * TRAFFIC_COUNTERS; i++)
		grown->v[i] = SAMPLE_UNKNOWN;
	return grown;
}

static void
traffic_take(void *arg, const char *name, uint64_t bytes, uint64_t packets)
{
	struct traffic_reading *reading = arg;
	struct traffic_sample *sample;
	char *end;
	size_t index;
	long long ctid = name[0] == 'c' ? strtoll(name + 1, &end, 10) : 0;

	if (ctid <= 0 || *end != '_' || !traffic_of_name(end + 1, &index))
		return;
	sample = traffic_sample_of(reading, ctid);
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
traffic_join(struct traffic_reading *reading)
{
	size_t kept = 0;

	if (reading->n > 0)
		qsort(reading->v, reading->n, sizeof *reading->v, traffic_compare);
	for (size_t i = 1; i < reading->n; i++) {
		struct traffic_sample *last = &reading->v[kept], *next = &reading->v[i];

		if (last->ctid != next->ctid) {
			reading->v[++kept] = *next;
			continue;
		}
		for (size_t k = 0; k < 2 * TRAFFIC_COUNTERS; k++)
			if (next->v[k] > last->v[k])
				last->v[k] = next->v[k];
	}
	if (reading->n > 0)
		reading->n = kept + 1;
}

/* The generation before and after: what was read between two equal ones is of that one. */
int
traffic_read(int nfnl, const char *instance, struct traffic_reading *reading, struct err *e)
{
	char name[TRAFFIC_NAME], after[UUID_SIZE] = "";
	const struct nfnl_table t = traffic_table(instance, name);
	int found = 0, rc;

	for (int i = 0; i < TRAFFIC_TRIES; i++) {
		reading->n = 0;
		found = nfnl_read_comment(nfnl, &t, reading->generation, sizeof reading->generation, e);
		if (found <= 0)
			return found;
		rc = nfnl_read_counters(nfnl, &t, traffic_take, reading, e);
		if (rc < 0 && errno != ENOENT)
			return -1;
		found = nfnl_read_comment(nfnl, &t, after, sizeof after, e);
		if (found < 0)
			return -1;
		if (found == 1 && strcmp(reading->generation, after) == 0 && rc == 0)
			break;
		err_clear(e);
	}
	/* What is missing after that many tries is there next time; what another generation counted is nobody's. */
	if (found != 1 || strcmp(reading->generation, after) != 0)
		reading->n = 0;
	traffic_join(reading);
	return 0;
}
