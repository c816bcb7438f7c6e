/* The command line's parts, and that the table of verbs is sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/args.h"
#include "client/verbs.h"
#include "client/which.h"
#include "schema/container.h"

#define WORDS(...)                                                                                                                 \
	(char *[])                                                                                                                 \
	{                                                                                                                          \
		__VA_ARGS__, NULL                                                                                                  \
	}

static const struct opt rows[] = {
	{ "output", 'o', "FORMAT", "", NULL }, { "quiet", 'q', NULL, "", NULL }, { "follow", 'f', NULL, "", NULL }, { NULL }
};

static int
parse(struct args *args, size_t stop, char **argv, struct err *e)
{
	struct opt_set set = { .n = 0 };
	int argc = 0;

	opt_set_add(&set, rows);
	while (argv[argc])
		argc++;
	*args = (struct args){ 0 };
	return args_parse(args, &set, argc, argv, stop, e);
}

static void
test_forms(void **state)
{
	char a[] = "-qf", b[] = "web1", c[] = "--output=csv", d[] = "-ojson", e[] = "-o", f[] = "table", g[] = "--", h[] = "-q";
	struct args args;
	struct err err = { 0 };

	assert_int_equal(parse(&args, 0, WORDS(a, b, c), &err), 0);
	assert_true(args_has(&args, "quiet"));
	assert_true(args_has(&args, "follow"));
	assert_string_equal(args_value(&args, "output"), "csv");
	assert_int_equal(args.nwords, 1);
	args_clear(&args);
	assert_int_equal(parse(&args, 0, WORDS(d, e, f), &err), 0);
	assert_string_equal(args_value(&args, "output"), "table");
	args_clear(&args);
	assert_int_equal(parse(&args, 0, WORDS(b, g, h), &err), 0);
	assert_int_equal(args.nwords, 2);
	assert_string_equal(args.words[1], "-q");
	assert_false(args_has(&args, "quiet"));
	args_clear(&args);
}

static void
test_stop(void **state)
{
	char name[] = "web1", quiet[] = "-q", command[] = "ls", option[] = "-o", dashes[] = "--";
	struct args args;
	struct err e = { 0 };

	assert_int_equal(parse(&args, 2, WORDS(name, quiet, command, option, dashes), &e), 0);
	assert_true(args_has(&args, "quiet"));
	assert_int_equal(args.nwords, 4);
	assert_string_equal(args.words[2], "-o");
	assert_string_equal(args.words[3], "--");
	args_clear(&args);
	assert_int_equal(parse(&args, 2, WORDS(name, dashes, option, dashes), &e), 0);
	assert_int_equal(args.nwords, 3);
	assert_string_equal(args.words[1], "-o");
	args_clear(&args);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *word, *told;
	} cases[] = {
		{ "--outptu", "Did you mean --output?" },
		{ "--nothing-like-it", "no option --nothing-like-it" },
		{ "--output", "needs a value" },
		{ "-o", "needs a value" },
		{ "-x", "no option -x" },
		{ "--quiet=1", "takes no value" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct args args;
		struct err e = { 0 };
		char word[40];

		memcpy(word, cases[i].word, strlen(cases[i].word) + 1);
		assert_int_equal(parse(&args, 0, WORDS(word), &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_string_equal(e.code, "usage");
		assert_non_null(strstr(e.message, cases[i].told));
		args_clear(&args);
	}
}

static void
test_numbers(void **state)
{
	struct arg given[] = { { "tail", "20", NULL }, { "since", "x", NULL }, { "timeout", "9999", NULL } };
	struct args args = { given, 3, NULL, 0 };
	struct err e = { 0 };
	int64_t value = -1;

	assert_int_equal(args_int(&args, "tail", 0, 100, &value, &e), 0);
	assert_int_equal(value, 20);
	assert_int_equal(args_int(&args, "absent", 0, 100, &value, &e), 0);
	assert_int_equal(value, 20);
	assert_int_equal(args_int(&args, "since", 0, 100, &value, &e), -1);
	assert_int_equal(args_int(&args, "timeout", 0, 3600, &value, &e), -1);
	assert_int_equal(value, 20);
}

static void
test_distance(void **state)
{
	assert_int_equal(args_distance("", ""), 0);
	assert_int_equal(args_distance("", "abc"), 3);
	assert_int_equal(args_distance("memory", "memory"), 0);
	assert_int_equal(args_distance("memroy", "memory"), 1);
	assert_int_equal(args_distance("kitten", "sitting"), 3);
	assert_true(opt_is_listed("a,bc,d", "bc"));
	assert_true(opt_is_listed("a,bc,d", "d"));
	assert_false(opt_is_listed("a,bc,d", "b"));
	assert_false(opt_is_listed(NULL, "b"));
}

/* Each field that may be given on creation has its option, secrets none. */
static void
test_schema_options(void **state)
{
	struct opt_set set = { .n = 0 };
	const struct field *field = NULL;

	opt_set_add_schema(&set, &container_config_schema, FIELD_CREATE, "name");
	assert_non_null(opt_set_find(&set, "cpu-weight", &field));
	assert_string_equal(field->name, "cpu_weight");
	assert_null(opt_set_find(&set, "name", NULL));
	assert_null(opt_set_find(&set, "password", NULL));
	assert_null(opt_set_find(&set, "onboot", NULL)->arg);
}

static void
check_options(const struct verb *verb)
{
	struct opt_set set;

	verb_options(verb, &set);
	assert_true(set.n < OPTS_MAX);
	for (size_t i = 0; i < set.n; i++) {
		assert_non_null(set.v[i].help);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(set.v[i].name, set.v[j].name);
			assert_false(set.v[i].letter && set.v[i].letter == set.v[j].letter);
		}
	}
}

static void
test_verbs(void **state)
{
	for (const struct verb *const *row = verbs; *row; row++) {
		const struct verb *v = *row;
		char first[32] = "", second[32] = "";
		char *words[] = { first, second };
		size_t used = 0, len = strcspn(v->name, " ");

		memcpy(first, v->name, len);
		if (v->name[len])
			memcpy(second, v->name + len + 1, strlen(v->name + len + 1));
		assert_ptr_equal(verb_find(words, v->name[len] ? 2 : 1, &used), v);
		assert_int_equal(used, v->name[len] ? 2 : 1);
		assert_non_null(v->run);
		assert_non_null(v->args);
		assert_true(v->max >= v->min);
		check_options(v);
	}
	assert_string_equal(verb_nearest("strat", NULL), "start");
	assert_string_equal(verb_nearest("template", "lst"), "list");
	assert_null(verb_nearest("zzzzzz", NULL));
	assert_null(verb_nearest("foo", NULL));
	assert_string_equal(verb_nearest("rm", NULL), "delete");
	assert_string_equal(verb_nearest("shell", NULL), "enter");
	assert_string_equal(verb_nearest("image", NULL), "template");
	assert_string_equal(verb_nearest("ip", "ls"), "list");
	assert_null(verb_nearest("ip", "shell"));
}

static void
test_which(void **state)
{
	static const struct {
		const char *text, *kind, *value;
	} cases[] = {
		{ "4711", "pid", "4711" },
		{ "65536", "pid", "65536" },
		{ "4194305", "uid", "4194305" },
		{ "1879048192", "uid", "1879048192" },
		{ "pid:1879048192", "pid", "1879048192" },
		{ "uid:5", "uid", "5" },
		{ "10.66.0.2", "address", "10.66.0.2" },
		{ "fd00::2", "address", "fd00::2" },
		{ "02:00:5e:10:00:01", "mac", "02:00:5e:10:00:01" },
		{ "02:00:5E:10:00:0G", NULL, NULL },
		{ "berth101", "veth", "berth101" },
		{ "a-name-longer-than-interfaces", NULL, NULL },
		{ "", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *value = NULL, *kind = which_kind(cases[i].text, 4194304, &value);

		if (!cases[i].kind) {
			assert_null(kind);
			continue;
		}
		assert_string_equal(kind, cases[i].kind);
		assert_string_equal(value, cases[i].value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),   cmocka_unit_test(test_stop),     cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_distance), cmocka_unit_test(test_schema_options),
		cmocka_unit_test(test_verbs),   cmocka_unit_test(test_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
