/* Readings to sums: each byte once, whatever a counter began anew with; and what an allowance calls for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/model/allowance.h"
#include "daemon/model/meter.h"
#include "daemon/store/sql.h"

static const char first[] = "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11";
static const char second[] = "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a12";

/* 2026-11-24T10:30:00Z, in the middle of everything. */
enum { NOW = 1795516200 };

struct world {
	struct settings settings;
	struct model m;
	struct meter_entry entry;
	int64_t time;
};

static void
world_open(struct world *w)
{
	struct err e = { 0 };

	memset(w, 0, sizeof *w);
	w->m.settings = &w->settings;
	w->time = NOW;
	assert_int_equal(store_open(":memory:", &w->m.store, &e), 0);
	assert_int_equal(sql_script(w->m.store,
	                            "INSERT INTO meter (ctid, container, tenant, name, since) VALUES (101, 'c', 't', 'n', 0)", &e),
	                 0);
}

static void
take(struct world *w, const char *generation, int64_t epoch, int64_t cpu, int64_t bytes)
{
	struct sample s = { .ctid = 101, .epoch = epoch };

	for (size_t i = 0; i < SAMPLE_VALUES; i++)
		s.v[i] = SAMPLE_UNKNOWN;
	s.v[SAMPLE_CPU_US] = cpu;
	s.v[SAMPLE_TRAFFIC] = bytes;
	meter_take(&w->entry, &s, generation, w->time * 1000, 60000);
	w->time += 10;
}

static void
book(struct world *w)
{
	enum meter_booked booked;
	struct err e = { 0 };

	assert_int_equal(meter_book(&w->m, &w->entry, &booked, &e), 0);
	assert_int_equal(booked, METER_BOOKED);
	meter_settle(&w->entry);
}

static int
add_up(void *arg, const void *record)
{
	const struct usage *usage = record;
	struct usage_sums *sums = arg;

	sums->cpu_us += usage->sums.cpu_us;
	sums->traffic[0] += usage->sums.traffic[0];
	sums->seconds += usage->sums.seconds;
	return 0;
}

static void
assert_sums(struct world *w, int64_t cpu, int64_t bytes)
{
	for (int i = 0; i < USAGE_LEVELS; i++) {
		struct usage_filter f = { .level = (enum usage_level)i, .limit = 1000 };
		struct usage_sums sums = { 0 };
		struct err e = { 0 };

		f.from = usage_start(f.level, NOW);
		f.until = NOW + 3600;
		assert_int_equal(store_usage_list(w->m.store, &f, add_up, &sums, &e), 0);
		assert_int_equal(sums.cpu_us, cpu);
		assert_int_equal(sums.traffic[0], bytes);
	}
}

static void
test_each_byte_once(void **state)
{
	struct world w;

	world_open(&w);
	take(&w, first, 7, 100, 1000);
	book(&w);
	assert_sums(&w, 100, 1000);
	/* Told again, it is the same. */
	book(&w);
	take(&w, first, 7, 100, 1000);
	book(&w);
	assert_sums(&w, 100, 1000);
	/* Readings that were never booked are in the next one. */
	take(&w, first, 7, 150, 1500);
	take(&w, first, 7, 200, 2000);
	book(&w);
	assert_sums(&w, 200, 2000);
	store_close(w.m.store);
}

static void
test_what_begins_anew(void **state)
{
	struct world w;

	world_open(&w);
	take(&w, first, 7, 100, 1000);
	book(&w);
	/* Another start's groups, the same counters. */
	take(&w, first, 8, 30, 1200);
	book(&w);
	assert_sums(&w, 130, 1200);
	/* Another generation of counters, which may have more already than the former had. */
	take(&w, second, 8, 40, 5000);
	book(&w);
	assert_sums(&w, 140, 6200);
	/* Somebody set a counter back. */
	take(&w, second, 8, 40, 10);
	book(&w);
	assert_sums(&w, 140, 6210);
	store_close(w.m.store);
}

static void
test_what_isnt_known(void **state)
{
	struct world w;

	world_open(&w);
	take(&w, first, 7, 100, 1000);
	book(&w);
	/* It doesn't run, and no counter could be read: nothing is forgotten of what was. */
	take(&w, "", 0, SAMPLE_UNKNOWN, SAMPLE_UNKNOWN);
	book(&w);
	take(&w, first, 7, 110, 1100);
	book(&w);
	assert_sums(&w, 110, 1100);
	store_close(w.m.store);
}

static struct allowance_verdict
judge(int64_t bytes, int64_t used, int64_t share, int64_t month, const char *at_80, const char *at_100, const char *by)
{
	struct allowance_row row = { .bytes = bytes, .used = used, .share = share, .month = month };

	memcpy(row.at_80, at_80, strlen(at_80));
	memcpy(row.at_100, at_100, strlen(at_100));
	memcpy(row.suspended_by, by, strlen(by));
	return allowance_judge(&row, 1000);
}

static void
test_allowance(void **state)
{
	const char *ours = who_allowance.actor;

	assert_int_equal(judge(100, 79, 0, 1000, "", "", "").share, 0);
	assert_int_equal(judge(100, 80, 0, 1000, "", "", "").crossed, 80);
	assert_int_equal(judge(100, 80, 80, 1000, "", "", "").crossed, 0);
	assert_int_equal(judge(100, 100, 80, 1000, "", "", "").crossed, 100);
	assert_int_equal(judge(INT64_C(1) << 60, INT64_C(1) << 59, 0, 1000, "", "", "").share, 0);
	assert_int_equal(judge(0, 0, 0, 1000, "", "", "").share, 100);
	assert_int_equal(judge(-1, 1 << 30, 0, 1000, "suspend", "suspend", "").suspend, false);
	assert_true(judge(100, 100, 80, 1000, "", "suspend", "").suspend);
	assert_false(judge(100, 100, 100, 1000, "", "suspend", "").suspend);
	assert_false(judge(100, 99, 80, 1000, "", "suspend", "").suspend);
	assert_false(judge(100, 100, 80, 1000, "", "suspend", "uid:0").suspend);
	/* The next month, or more of it: what was done for it is lifted, and nothing else. */
	assert_true(judge(100, 5, 100, 900, "", "suspend", ours).unsuspend);
	assert_true(judge(100, 5, 100, 900, "", "suspend", ours).lowered);
	assert_true(judge(200, 100, 100, 1000, "", "suspend", ours).unsuspend);
	assert_false(judge(100, 5, 100, 900, "", "suspend", "uid:0").unsuspend);
	assert_false(judge(100, 100, 100, 1000, "", "suspend", ours).unsuspend);
	assert_false(judge(100, 100, 100, 900, "", "suspend", ours).unsuspend);
	assert_true(judge(-1, 100, 100, 1000, "", "suspend", ours).unsuspend);
	/* How fast it is follows what is so, whoever changed what. */
	assert_true(judge(100, 100, 100, 1000, "", "throttle", "").throttled);
	assert_true(judge(100, 80, 80, 1000, "throttle", "suspend", "").throttled);
	assert_false(judge(100, 79, 0, 1000, "throttle", "", "").throttled);
	assert_false(judge(100, 5, 100, 900, "", "throttle", "").throttled);
	assert_false(judge(100, 100, 100, 1000, "", "throttle", "").suspend);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_byte_once),
		cmocka_unit_test(test_what_begins_anew),
		cmocka_unit_test(test_what_isnt_known),
		cmocka_unit_test(test_allowance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
