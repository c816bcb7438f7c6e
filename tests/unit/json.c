/* Records to JSON and back: every row of every table. */
#include "tests/unit/unit.h"

#include <json-c/json.h>
#include <stdio.h>

#include "daemon/util/utf8.h"
#include "schema/check.h"
#include "schema/container.h"
#include "schema/operation.h"
#include "schema/tenant.h"
#include "tests/unit/records.h"

/* Takes a JSON text into a new record; the verdict, with *e told. */
static int
take(const struct schema *schema, const char *text, bool file, unsigned int accept, struct err *e)
{
	struct json_object *json = json_tokener_parse(text);
	void *record = records_new(schema);
	int rc;

	if (!json)
		fail_msg("the test's own JSON is wrong: %s", text);
	err_clear(e);
	rc = file ? record_from_file_json(schema, json, record, e) : record_from_json(schema, json, accept, record, e);
	records_free(schema, record);
	json_object_put(json);
	return rc;
}

static void
without_secrets(const struct schema *schema, void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		if (f->flags & FIELD_SECRET)
			record_mark_row(record, i, false);
		else if (f->type == FIELD_OBJECT)
			without_secrets(f->object, field_object(f, record));
	}
}

static void
round_trip(const struct schema *schema, bool max)
{
	void *record = records_new(schema), *again = records_new(schema);
	struct json_object *json, *parsed;
	struct err e = { 0 };

	records_fill(schema, record, max);
	json = record_to_json(schema, record, true);
	parsed = json_tokener_parse(json_object_to_json_string(json));
	if (record_from_file_json(schema, parsed, again, &e) < 0)
		fail_msg("%s: %s: %s", schema->name, e.params[0].name, e.params[0].reason);
	without_secrets(schema, record);
	assert_true(records_equal(schema, record, again));
	json_object_put(json);
	json_object_put(parsed);
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

static bool
takes_type(const struct field *f, enum json_type type)
{
	switch (f->type) {
	case FIELD_BOOL:
		return type == json_type_boolean;
	case FIELD_INT:
	case FIELD_TIME:
		return type == json_type_int;
	case FIELD_SIZE:
		return type == json_type_int || type == json_type_string;
	case FIELD_MILLI:
		return type == json_type_int || type == json_type_double;
	case FIELD_STRING:
		return type == json_type_string;
	case FIELD_LIST:
		return type == json_type_array;
	case FIELD_OBJECT:
		return type == json_type_object;
	}
	return false;
}

static void
refuse_wrong_types(const struct schema *schema, const struct field *f)
{
	static const struct {
		enum json_type type;
		const char *text;
	} values[] = { { json_type_null, "null" },    { json_type_boolean, "true" },    { json_type_int, "1" },
		       { json_type_double, "1.5" },   { json_type_string, "\"true\"" }, { json_type_array, "[1]" },
		       { json_type_array, "[null]" }, { json_type_object, "{}" } };
	struct err e = { 0 };
	char text[256];

	for (size_t i = 0; i < COUNT(values); i++) {
		/* A list takes an array, but not of these. */
		if (takes_type(f, values[i].type) && values[i].type != json_type_array)
			continue;
		if ((f->flags & FIELD_NULLABLE) && values[i].type == json_type_null)
			continue;
		snprintf(text, sizeof text, "{\"%s\":%s}", f->name, values[i].text);
		if (take(schema, text, true, 0, &e) == 0 || !err_names(&e, f->name))
			fail_msg("%s takes %s", schema->name, text);
	}
}

static void
refuse_numbers(const struct schema *schema, const struct field *f)
{
	static const char *const huge[] = { "9223372036854775807",     "9223372036854775808",  "-9223372036854775808",
		                            "99999999999999999999999", "18446744073709551615", "1e400" };
	struct err e = { 0 };
	char text[256];

	for (size_t i = 0; i < COUNT(huge); i++) {
		snprintf(text, sizeof text, "{\"%s\":%s}", f->name, huge[i]);
		if (take(schema, text, true, 0, &e) == 0 || !err_names(&e, f->name))
			fail_msg("%s takes %s", schema->name, text);
	}
	for (int past = -1; past <= 1; past += 2) {
		int64_t bound = past < 0 ? f->min : f->max;

		if (f->type == FIELD_BOOL || (past > 0 && bound > INT64_MAX / 2))
			continue;
		if (f->type == FIELD_MILLI)
			snprintf(text, sizeof text, "{\"%s\":%.3f}", f->name, (double)(bound + past) / 1000);
		else
			snprintf(text, sizeof text, "{\"%s\":%lld}", f->name, (long long)(bound + past));
		if (take(schema, text, true, 0, &e) == 0 || !err_names(&e, f->name))
			fail_msg("%s takes %s", schema->name, text);
	}
}

static void
refuse_texts(const struct schema *schema, const struct field *f)
{
	const char *form = f->type == FIELD_LIST ? "{\"%s\":[\"%s\"]}" : "{\"%s\":\"%s\"}";
	size_t max = f->type == FIELD_LIST ? 32768 : (size_t)f->max;
	char *text = malloc(max + 300), *longer = malloc(max + 2);
	struct err e = { 0 };

	assert_true(text && longer);
	snprintf(text, max + 300, form, f->name, "a\\u0000b");
	if (take(schema, text, true, 0, &e) == 0 || !err_names(&e, f->name))
		fail_msg("%s takes a NUL in %s", schema->name, f->name);
	memset(longer, 'a', max + 1);
	longer[max + 1] = '\0';
	snprintf(text, max + 300, form, f->name, longer);
	if (take(schema, text, true, 0, &e) == 0 || !err_names(&e, f->name))
		fail_msg("%s takes a text of %zu bytes in %s", schema->name, max + 1, f->name);
	free(text);
	free(longer);
}

static void
refuse_long_lists(const struct schema *schema, const struct field *f)
{
	struct json_object *json = json_object_new_object(), *list = json_object_new_array();
	struct err e = { 0 };

	for (int64_t i = 0; i <= f->max; i++)
		json_object_array_add(list, json_object_new_string(records_text(f)));
	json_object_object_add(json, f->name, list);
	if (take(schema, json_object_to_json_string(json), true, 0, &e) == 0 || !err_names(&e, f->name))
		fail_msg("%s takes %lld items in %s", schema->name, (long long)f->max + 1, f->name);
	json_object_put(json);
}

static void
refuse_wrong_values(const struct schema *schema, const struct field *f)
{
	refuse_wrong_types(schema, f);
	switch (f->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		refuse_numbers(schema, f);
		break;
	case FIELD_STRING:
		refuse_texts(schema, f);
		break;
	case FIELD_LIST:
		refuse_texts(schema, f);
		refuse_long_lists(schema, f);
		break;
	case FIELD_OBJECT:
		break;
	}
}

static void
test_every_row_refuses_wrong_values(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++)
		for (const struct field *f = (*s)->fields; f->name; f++)
			refuse_wrong_values(*s, f);
}

static void
test_only_what_may_be_given_is_taken(void **state)
{
	struct err e = { 0 };

	for (const struct schema *const *s = all_schemas; *s; s++)
		for (size_t i = 0; (*s)->fields[i].name; i++) {
			const struct field *f = &(*s)->fields[i];
			void *record = records_new(*s);
			struct json_object *json;
			bool closed = f->flags & (FIELD_READONLY | FIELD_INTERNAL);

			records_fill_field(*s, i, record, false);
			json = record_to_json(*s, record, true);
			if (closed && (take(*s, json_object_to_json_string(json), false, 0, &e) == 0 || !err_names(&e, f->name)))
				fail_msg("%s.%s can be given", (*s)->name, f->name);
			json_object_put(json);
			records_free(*s, record);
		}
	assert_int_equal(take(&container_config_schema, "{\"template\":\"busybox\"}", false, FIELD_CREATE, &e), 0);
	assert_int_equal(take(&container_config_schema, "{\"template\":\"busybox\"}", false, FIELD_PATCH, &e), -1);
	assert_true(err_names(&e, "template"));
}

static void
test_secrets_are_never_shown(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++)
		for (size_t i = 0; (*s)->fields[i].name; i++) {
			void *record = records_new(*s);
			struct json_object *json;

			if (!((*s)->fields[i].flags & FIELD_SECRET)) {
				records_free(*s, record);
				continue;
			}
			records_fill_field(*s, i, record, false);
			json = record_to_json(*s, record, true);
			assert_int_equal(json_object_object_length(json), 0);
			json_object_put(json);
			records_free(*s, record);
		}
}

static void
test_what_is_internal_isnt_shown(void **state)
{
	struct operation o = { 0 };
	struct json_object *json;

	records_fill(&operation_schema, &o, false);
	json = record_to_json(&operation_schema, &o, false);
	assert_false(json_object_object_get_ex(json, "undo", NULL));
	assert_true(json_object_object_get_ex(json, "id", NULL));
	json_object_put(json);
	record_clear(&operation_schema, &o);
}

static void
test_all_that_is_wrong_is_told_together(void **state)
{
	struct err e = { 0 };

	assert_int_equal(
	        take(&container_config_schema,
	             "{\"name\":\"-\",\"memory\":1,\"cpus\":\"x\",\"pids\":-1,\"colour\":1,\"ip\":[\"127.0.0.1\"],\"dns\":null}",
	             false, FIELD_CREATE, &e),
	        -1);
	assert_int_equal(e.nparams, 7);
	assert_int_equal(e.kind, ERR_INVALID);
	for (size_t i = 0; i < 7; i++)
		assert_true(err_names(&e, ((const char *const[]){ "name", "memory", "cpus", "pids", "colour", "ip", "dns" })[i]));
}

/* null takes a limit away, in a patch and in what it is merged into. */
static void
test_null_takes_away(void **state)
{
	struct tenant tenant = { 0 }, patch = { 0 };
	struct json_object *json = json_tokener_parse("{\"memory\":\"4G\",\"cpus\":2}");
	struct err e = { 0 };

	assert_int_equal(record_from_json(&tenant_schema, json, FIELD_PATCH, &tenant, &e), 0);
	json_object_put(json);
	json = json_tokener_parse("{\"memory\":null}");
	assert_int_equal(record_from_json(&tenant_schema, json, FIELD_PATCH, &patch, &e), 0);
	json_object_put(json);
	json = record_to_json(&tenant_schema, &patch, false);
	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), "{\"memory\":null}");
	json_object_put(json);
	assert_true(record_merge(&tenant_schema, &tenant, &patch));
	assert_false(record_has(&tenant_schema, &tenant, "memory"));
	assert_true(record_has(&tenant_schema, &tenant, "cpus"));
	record_clear(&tenant_schema, &tenant);
	record_clear(&tenant_schema, &patch);
}

static void
test_no_object(void **state)
{
	static const char *const texts[] = { "[]", "1", "\"a\"", "true" };
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(take(&container_config_schema, texts[i], false, FIELD_CREATE, &e), -1);
		assert_int_equal(e.kind, ERR_BAD_REQUEST);
	}
}

static void
test_decimals_survive(void **state)
{
	struct container_config c = { 0 };
	struct json_object *json = json_tokener_parse("{\"cpus\":0.29,\"memory\":\"1.5G\"}"), *shown;
	struct err e = { 0 };

	assert_int_equal(record_from_json(&container_config_schema, json, FIELD_CREATE, &c, &e), 0);
	assert_int_equal(c.cpus, 290);
	shown = record_to_json(&container_config_schema, &c, false);
	assert_string_equal(json_object_to_json_string_ext(shown, JSON_C_TO_STRING_PLAIN), "{\"memory\":1610612736,\"cpus\":0.29}");
	json_object_put(json);
	json_object_put(shown);
	record_clear(&container_config_schema, &c);
}

/* A long key of a stranger's is cut for the answer: never in the middle of a character, which would be no JSON. */
static void
test_cut_texts_stay_utf8(void **state)
{
	struct err e = { 0 };
	char text[400];

	for (size_t pad = 0; pad < 4; pad++) {
		snprintf(text, sizeof text, "{\"%.*s%s\":1}", (int)pad, "aaaa",
		         "\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f"
		         "\x90\xa7"
		         "\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f"
		         "\x90\xa7"
		         "\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7\xf0\x9f\x90\xa7");
		assert_int_equal(take(&container_config_schema, text, false, FIELD_CREATE, &e), -1);
		assert_int_equal((strlen(e.params[0].name) - pad) % 4, 0);
	}
}

/* A path or a file of a stranger's may hold any bytes; an answer is UTF-8. */
static void
test_quoted_bytes_become_utf8(void **state)
{
	static const char *const texts[][2] = {
		{ "a\xff\xfe", "a??" },
		{ "\xc3", "?" },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xc0\xaf\xe0\x80\xaf", "?????" },
		{ "\xed\xa0\x80\xf4\x90\x80\x80", "???????" },
		{ "\xf0\x9f\x90\xa7\x80", "\xf0\x9f\x90\xa7?" },
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct err e = { 0 };

		err_set(&e, ERR_NOT_FOUND, "%s", texts[i][0]);
		assert_string_equal(e.message, texts[i][1]);
		err_wrap(&e, "%s", texts[i][0]);
		assert_true(utf8_is_valid(e.message));
		err_param(&e, texts[i][0], "%s", texts[i][0]);
		assert_string_equal(e.params[0].name, texts[i][1]);
		assert_string_equal(e.params[0].reason, texts[i][1]);
	}
}

/* What would write a line of its own, or be read otherwise than it is written, on an admin's terminal. */
static void
test_no_line_misleads(void **state)
{
	static const char *const wrong[] = { "\n",           "\x1b[2J",          "\x7f",         "\xc2\x9b[2J", "a\xc2\x85",
		                             "\xe2\x80\xa8", "\xe2\x80\xae.exe", "\xe2\x81\xa6", "\xff" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_non_null(check_line(wrong[i]));
	assert_null(check_line("Zo\xc3\xab \xf0\x9f\x90\xa7 \xe2\x82\xac 5"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_table_comes_back),
		cmocka_unit_test(test_every_row_refuses_wrong_values),
		cmocka_unit_test(test_only_what_may_be_given_is_taken),
		cmocka_unit_test(test_secrets_are_never_shown),
		cmocka_unit_test(test_what_is_internal_isnt_shown),
		cmocka_unit_test(test_all_that_is_wrong_is_told_together),
		cmocka_unit_test(test_null_takes_away),
		cmocka_unit_test(test_no_object),
		cmocka_unit_test(test_decimals_survive),
		cmocka_unit_test(test_cut_texts_stay_utf8),
		cmocka_unit_test(test_quoted_bytes_become_utf8),
		cmocka_unit_test(test_no_line_misleads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
