/*
 * usage CONTAINERS MINUTES DATABASE: what booking costs with so many containers, each of which does something all the time: the
 * longest transaction, and the bytes of a row at each level.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/model/meter.h"
#include "daemon/store/sql.h"

enum { CHUNK = SAMPLES_MAX, FIRST = 101 };

/* Of the processor: others may be at work on it. The disk's answer at a minute's end is beside it. */
static int64_t
now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
die(const struct err *e)
{
	fprintf(stderr, "usage: %s\n", e->message);
	exit(1);
}

/* As a busy container's are: none is 0 for long. */
static void
grow(struct sample *s, int64_t ctid, int64_t minute)
{
	s->ctid = ctid;
	s->epoch = 1000 + ctid;
	for (size_t i = 0; i < SAMPLE_VALUES; i++)
		s->v[i] += 1000 + (int64_t)((uint64_t)(ctid * 7919 + minute * 104729 + (int64_t)i * 31) % 5000000);
	s->v[SAMPLE_MEMORY] = 50000000 + ctid * 1000;
	s->v[SAMPLE_PIDS] = 20;
}

static void
prepare(struct store *s, int64_t n)
{
	struct err e = { 0 };
	char sql[512];

	for (int64_t i = 0; i < n; i++) {
		snprintf(sql, sizeof sql,
		         "INSERT INTO meter (ctid, container, tenant, name, since) VALUES (%" PRId64
		         ", '6f1c0a52-6a3e-4a39-9c1c-%012" PRId64 "', 't%" PRId64 "', 'c%" PRId64 "', 0)",
		         FIRST + i, i, i % 50, i);
		if (sql_script(s, sql, &e) < 0)
			die(&e);
	}
}

static int64_t
chunk(struct model *m, struct meter_entry *entries, size_t n, bool durable, int64_t *wall_out)
{
	struct err e = { 0 };
	int64_t start = now_us(CLOCK_THREAD_CPUTIME_ID), wall = now_us(CLOCK_MONOTONIC);
	AUTO_TXN struct txn txn = { 0 };
	enum meter_booked booked;

	if (store_set_durable(m->store, durable, &e) < 0 || txn_begin(&txn, m->store, &e) < 0)
		die(&e);
	for (size_t i = 0; i < n; i++) {
		if (meter_book(m, &entries[i], &booked, &e) < 0 || booked != METER_BOOKED)
			die(&e);
		meter_settle(&entries[i]);
	}
	if (txn_commit(&txn, &e) < 0 || store_set_durable(m->store, true, &e) < 0)
		die(&e);
	wall = now_us(CLOCK_MONOTONIC) - wall;
	if (wall > *wall_out)
		*wall_out = wall;
	return now_us(CLOCK_THREAD_CPUTIME_ID) - start;
}

/* A statement is kept by its text's address. */
#define COUNT_OF(LEVEL) "SELECT count(*) FROM usage_" LEVEL
#define SIZE_OF(LEVEL) "SELECT sum(pgsize) FROM dbstat WHERE name = 'usage_" LEVEL "'"
static const char *const counts[] = { COUNT_OF("minute"), COUNT_OF("hour"), COUNT_OF("day"), COUNT_OF("month") };
static const char *const sizes[] = { SIZE_OF("minute"), SIZE_OF("hour"), SIZE_OF("day"), SIZE_OF("month") };

static int64_t
number(struct store *s, const char *sql)
{
	struct err e = { 0 };
	int64_t value = 0;

	if (sql_number(s, &value, sql, &e, "") < 0)
		die(&e);
	return value;
}

int
main(int argc, char **argv)
{
	int64_t n = argc > 3 ? strtoll(argv[1], NULL, 10) : 0, minutes = argc > 3 ? strtoll(argv[2], NULL, 10) : 0;
	struct meter_entry *entries = calloc((size_t)n, sizeof *entries);
	struct settings settings = { 0 };
	struct model m = { .settings = &settings };
	int64_t longest = 0, wall = 0, total = 0, transactions = 0;
	struct err e = { 0 };

	if (n <= 0 || minutes <= 0 || !entries)
		return 2;
	unlink(argv[3]);
	if (store_open(argv[3], &m.store, &e) < 0)
		die(&e);
	prepare(m.store, n);
	for (int64_t minute = 0; minute < minutes; minute++) {
		for (int64_t i = 0; i < n; i++) {
			struct sample next = entries[i].newest;

			grow(&next, FIRST + i, minute);
			entries[i].disk = 1000000000 + i;
			meter_take(&entries[i], &next, "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11", (1764547200 + minute * 60) * 1000,
			           60000);
		}
		for (int64_t i = 0; i < n; i += CHUNK) {
			bool last = i + CHUNK >= n;
			int64_t us = chunk(&m, entries + i, (size_t)(last ? n - i : CHUNK), last, &wall);

			longest = us > longest ? us : longest;
			total += us;
			transactions++;
		}
	}
	printf("%" PRId64 " containers: %" PRId64 " us of CPU a minute in %" PRId64 " transactions, the longest %" PRId64
	       " us of CPU, %" PRId64 " us in all\n",
	       n, total / minutes, transactions / minutes, longest, wall);
	for (int i = 0; i < USAGE_LEVELS; i++) {
		int64_t rows = number(m.store, counts[i]), bytes = number(m.store, sizes[i]);

		printf("usage_%s: %" PRId64 " rows, %" PRId64 " bytes a row\n", usage_level_name((enum usage_level)i), rows,
		       bytes / rows);
	}
	store_close(m.store);
	free(entries);
	return 0;
}
