/* Operations by method and path. */
#include "tests/unit/unit.h"

#include "schema/example.h"
#include "schema/ops.h"

static int
match(const char *method, const char *path, const struct op **op, char arg[64], unsigned int *allowed)
{
	*allowed = 0;
	return op_match(method, path, op, arg, 64, allowed);
}

static void
test_every_operation_is_found(void **state)
{
	static const char *const names[] = { "web", "acme:web", "a b/c%d", "\xc3\xa4", "..", "?#&=" };

	for (int i = 0; i < OP_COUNT; i++)
		for (size_t n = 0; n < COUNT(names); n++) {
			const struct op *op = op_get((enum op_id)i), *found = NULL;
			AUTO_BUF struct buf path = { 0 };
			unsigned int allowed;
			char arg[64];

			op_path(op, names[n], &path);
			assert_int_equal(match(op_method_name(op->method), path.data, &found, arg, &allowed), 1);
			assert_ptr_equal(found, op);
			if (strstr(op->path, "{id}"))
				assert_string_equal(arg, names[n]);
			assert_true(op->help[0] && op->help[strlen(op->help) - 1] != '.');
		}
}

static size_t
examples_of(enum op_id id)
{
	size_t n = 0;

	for (size_t i = 0; i < examples_count; i++)
		n += examples[i].op == id;
	return n;
}

static void
test_every_operation_is_told_of(void **state)
{
	for (int i = 0; i < OP_COUNT; i++) {
		const struct op *op = op_get((enum op_id)i);

		if (examples_of((enum op_id)i) == 0)
			fail_msg("%s has no row in schema/example.c", op->name);
		if (!op->answer && op->kind != KIND_STREAM && op->kind != KIND_TEXT)
			fail_msg("%s doesn't tell what it answers", op->name);
	}
}

static void
test_what_isnt_there(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		"/v2",
		"/v1/",
		"/v1/containers/",
		"/v1/containers//start",
		"/v1/containers/a/nothing",
		"/v1/containers/a/start/",
		"//v1/containers",
		"/v1/containers/a/b/start",
		"/v1/containers/%",
		"/v1/containers/%2",
		"/v1/containers/%zz",
		"/v1/containers/%00",
		"/v1/containers/a%00b",
		"v1/containers",
		"/v1/containers/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	const struct op *op;
	unsigned int allowed;
	char arg[64];

	for (size_t i = 0; i < COUNT(paths); i++)
		if (match("GET", paths[i], &op, arg, &allowed) != 0)
			fail_msg("GET %s is found", paths[i]);
}

static void
test_other_methods_are_told(void **state)
{
	const struct op *op;
	unsigned int allowed;
	char arg[64];

	assert_int_equal(match("PUT", "/v1/containers/web", &op, arg, &allowed), -1);
	assert_int_equal(allowed, 1u << METHOD_GET | 1u << METHOD_PATCH | 1u << METHOD_DELETE);
	assert_int_equal(match("get", "/v1/containers", &op, arg, &allowed), -1);
	assert_int_equal(match("", "/v1", &op, arg, &allowed), -1);
	assert_int_equal(allowed, 1u << METHOD_GET);
}

static void
test_escapes(void **state)
{
	static const struct {
		const char *path;
		const char *arg;
	} rows[] = { { "/v1/containers/%61%2f%2F", "a//" },
		     { "/v1/containers/a%25b", "a%b" },
		     { "/v1/containers/a+b", "a+b" },
		     { "/v1/containers/%2e%2e", ".." } };
	const struct op *op;
	unsigned int allowed;
	char arg[64], small[4];

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(match("GET", rows[i].path, &op, arg, &allowed), 1);
		assert_string_equal(arg, rows[i].arg);
	}
	assert_int_equal(op_match("GET", "/v1/containers/abc", &op, small, sizeof small, &allowed), 1);
	assert_int_equal(op_match("GET", "/v1/containers/abcd", &op, small, sizeof small, &allowed), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_operation_is_found),
		cmocka_unit_test(test_every_operation_is_told_of),
		cmocka_unit_test(test_what_isnt_there),
		cmocka_unit_test(test_other_methods_are_told),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
