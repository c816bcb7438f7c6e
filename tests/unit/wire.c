/* Records between processes: every table comes back, and whatever is malformed is refused. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "schema/protocol.h"
#include "tests/unit/records.h"

static int
decode(const struct schema *schema, const void *data, size_t len)
{
	void *record = records_new(schema);
	/* A copy of its exact size, so that a read past its end is seen. */
	unsigned char *copy = malloc(len ? len : 1);
	struct err e = { 0 };
	int rc;

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, data, len);
	rc = record_decode(schema, copy, len, record, &e);
	assert_int_equal(rc < 0, err_is_set(&e));
	if (rc == 0) {
		AUTO_BUF struct buf again = { 0 };

		record_encode(schema, record, &again);
		assert_int_equal(again.len, len);
		if (len > 0)
			assert_memory_equal(again.data, copy, len);
	}
	records_free(schema, record);
	free(copy);
	return rc;
}

static void
round_trip(const struct schema *schema, bool max)
{
	void *record = records_new(schema), *again = records_new(schema);
	AUTO_BUF struct buf out = { 0 };
	struct err e = { 0 };

	records_fill(schema, record, max);
	record_encode(schema, record, &out);
	if (record_decode(schema, out.data, out.len, again, &e) < 0)
		fail_msg("%s: %s", schema->name, e.nparams ? e.params[0].name : e.message);
	assert_true(records_equal(schema, record, again));
	records_free(schema, record);
	records_free(schema, again);
}

static void
test_every_table_comes_back(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++) {
		round_trip(*s, false);
		round_trip(*s, true);
	}
}

static void
test_cut_anywhere(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++) {
		void *record = records_new(*s);
		AUTO_BUF struct buf out = { 0 };

		records_fill(*s, record, false);
		record_encode(*s, record, &out);
		for (size_t len = 0; len < out.len; len++)
			decode(*s, out.data, len);
		records_free(*s, record);
	}
}

static void
test_any_byte_changed(void **state)
{
	static const unsigned char changes[] = { 0x01, 0x80, 0xff };

	for (const struct schema *const *s = all_schemas; *s; s++) {
		void *record = records_new(*s);
		AUTO_BUF struct buf out = { 0 };

		records_fill(*s, record, false);
		record_encode(*s, record, &out);
		for (size_t i = 0; i < out.len * COUNT(changes); i++) {
			out.data[i / COUNT(changes)] ^= (char)changes[i % COUNT(changes)];
			decode(*s, out.data, out.len);
			out.data[i / COUNT(changes)] ^= (char)changes[i % COUNT(changes)];
		}
		records_free(*s, record);
	}
}

#define REFUSED(schema, bytes) assert_int_equal(decode(schema, bytes, sizeof bytes - 1), -1)
#define TAKEN(schema, bytes) assert_int_equal(decode(schema, bytes, sizeof bytes - 1), 0)

/* ready: 0 storage, 1 dns (at most 3), 2 operations. observed: 0 id, 1 ctid. */
static void
test_malformed(void **state)
{
	TAKEN(&ready_schema, "");
	TAKEN(&ready_schema, "\0\1\0\0\0d");
	TAKEN(&ready_schema, "\0\0\0\0\0");
	TAKEN(&ready_schema, "\1\0\0\0\0");
	REFUSED(&ready_schema, "\0\1\0\0\0d\0\1\0\0\0d");
	REFUSED(&ready_schema, "\1\0\0\0\0\0\1\0\0\0d");
	REFUSED(&ready_schema, "\3\1\0\0\0d");
	REFUSED(&ready_schema, "\377\1\0\0\0d");
	REFUSED(&ready_schema, "\0\2\0\0\0d");
	REFUSED(&ready_schema, "\0\377\377\377\377d");
	REFUSED(&ready_schema, "\0\1\0\0");
	REFUSED(&ready_schema, "\0\3\0\0\0d\0b");
	REFUSED(&ready_schema, "\1\4\0\0\0\5\0\0\0");
	REFUSED(&ready_schema, "\1\3\0\0\0\0\0\0");
	REFUSED(&ready_schema, "\1\14\0\0\0\10\0\0\0"
	                       "10.0\0.0.");
	REFUSED(&ready_schema, "\1\15\0\0\0\11\0\0\0"
	                       "127.0.0.1");
	TAKEN(&ready_schema, "\1\14\0\0\0\10\0\0\0"
	                     "10.0.0.1");
	REFUSED(&ready_schema, "\1\60\0\0\0\10\0\0\0"
	                       "10.0.0.1\10\0\0\0"
	                       "10.0.0.1\10\0\0\0"
	                       "10.0.0.1\10\0\0\0"
	                       "10.0.0.1");
	REFUSED(&progress_schema, "\0\44\0\0\0"
	                          "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11\2\7\0\0\0\1\0\0\0\0\0\0");
	REFUSED(&progress_schema, "\0\44\0\0\0"
	                          "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11\2\10\0\0\0\145\0\0\0\0\0\0\0");
	TAKEN(&progress_schema, "\0\44\0\0\0"
	                        "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11\2\10\0\0\0\144\0\0\0\0\0\0\0");
	REFUSED(&progress_schema, "\2\10\0\0\0\144\0\0\0\0\0\0\0");
}

static void
test_not_set_isnt_sent(void **state)
{
	struct ready ready = { .storage = (char *)(uintptr_t) "btrfs" };
	AUTO_BUF struct buf out = { 0 };

	record_encode(&ready_schema, &ready, &out);
	assert_int_equal(out.len, 0);
}

static void
test_required_fields(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++)
		for (size_t i = 0; (*s)->fields[i].name; i++) {
			void *record = records_new(*s);
			AUTO_BUF struct buf out = { 0 };

			records_fill(*s, record, false);
			record_mark_row(record, i, false);
			record_encode(*s, record, &out);
			assert_int_equal(decode(*s, out.data, out.len), (*s)->fields[i].flags & FIELD_REQUIRED ? -1 : 0);
			records_free(*s, record);
		}
}

/* As many rows as a table may have: the last one is told, kept and merged like the first. */
static void
test_the_longest_table(void **state)
{
	struct long_record {
		struct field_set set;
		int64_t value[FIELDS_MAX];
	} record = { 0 }, again = { 0 }, merged = { 0 };
	static struct field rows[FIELDS_MAX + 1];
	static const struct schema schema = { "long", sizeof record, rows };
	char names[FIELDS_MAX][8];
	AUTO_BUF struct buf out = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < FIELDS_MAX; i++) {
		snprintf(names[i], sizeof names[i], "f%zu", i);
		rows[i] = (struct field){
			.name = names[i], .type = FIELD_INT, .offset = offsetof(struct long_record, value[i]), .max = 999
		};
	}
	for (size_t i = 0; i < FIELDS_MAX; i += 5) {
		record.value[i] = (int64_t)i;
		record_mark(&schema, &record, names[i], true);
	}
	assert_int_equal(record_count(&record), (FIELDS_MAX + 4) / 5);
	record_encode(&schema, &record, &out);
	assert_int_equal(record_decode(&schema, out.data, out.len, &again, &e), 0);
	assert_true(records_equal(&schema, &record, &again));
	merged.value[255] = 9;
	record_mark(&schema, &merged, "f255", true);
	record_mark(&schema, &again, "f0", false);
	assert_true(record_merge(&schema, &merged, &again));
	assert_false(record_has(&schema, &merged, "f0"));
	assert_int_equal(merged.value[250], 250);
	assert_true(record_has(&schema, &merged, "f250") && record_has(&schema, &merged, "f255"));
	record_clear(&schema, &merged);
	assert_true(record_is_empty(&merged));
}

/* No table outgrows the wire's index. */
static void
test_tables_are_short_enough(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++) {
		size_t n = 0;

		while ((*s)->fields[n].name)
			n++;
		if (n > FIELDS_MAX)
			fail_msg("%s has %zu rows", (*s)->name, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_longest_table),      cmocka_unit_test(test_tables_are_short_enough),
		cmocka_unit_test(test_every_table_comes_back), cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_any_byte_changed),       cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_not_set_isnt_sent),      cmocka_unit_test(test_required_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
