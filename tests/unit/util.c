/* Buffers, errors, lists, the log, prefixes, UUIDs. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/util/buf.h"
#include "daemon/util/log.h"
#include "daemon/util/prefix.h"
#include "daemon/util/strv.h"
#include "daemon/util/uuid.h"
#include "schema/check.h"

static void
test_buf_grows(void **state)
{
	struct buf b = { 0 };

	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i);
	assert_false(b.failed);
	assert_int_equal(b.len, strlen(b.data));
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_memory_equal(b.data, "0,1,2,", 6);
	buf_clear(&b);
	assert_null(b.data);
}

static void
test_buf_adds_at_every_boundary(void **state)
{
	char bytes[600];

	memset(bytes, 'x', sizeof bytes);
	for (size_t first = 0; first < sizeof bytes; first++) {
		AUTO_BUF struct buf b = { 0 };

		buf_add(&b, bytes, first);
		buf_add(&b, bytes, sizeof bytes - first);
		assert_int_equal(b.len, sizeof bytes);
		assert_int_equal(b.data[b.len], '\0');
	}
}

static void
test_buf_of_nothing(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	buf_add(&b, NULL, 0);
	assert_false(b.failed);
	assert_string_equal(b.data, "");
}

static void
test_buf_fails_for_good(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	buf_add(&b, "a", (size_t)2 << 30);
	assert_true(b.failed);
	buf_add(&b, "a", 1);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
}

static void
test_err_kinds_have_codes_of_their_own(void **state)
{
	for (int i = 1; i < ERR_KIND_COUNT; i++) {
		const struct err_kind_info *info = err_kind_info((enum err_kind)i);

		assert_non_null(info->code);
		assert_int_equal(err_kind_of_code(info->code), i);
		assert_in_range(info->http_status, 400, 599);
		assert_in_range(info->exit_status, 1, 7);
	}
	assert_ptr_equal(err_kind_info((enum err_kind)1000), err_kind_info(ERR_INTERNAL));
	assert_ptr_equal(err_kind_info((enum err_kind) - 1), err_kind_info(ERR_INTERNAL));
	assert_int_equal(err_kind_of_code("nothing"), ERR_INTERNAL);
}

static void
test_err_of_system_calls(void **state)
{
	struct err e = { 0 };

	errno = ENOENT;
	assert_int_equal(err_sys(&e, "open '%s'", "/x"), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.message, "open '/x': No such file or directory");
	err_wrap(&e, "start %d", 7);
	assert_string_equal(e.message, "start 7: open '/x': No such file or directory");
	errno = EDQUOT;
	err_sys(&e, "write");
	assert_int_equal(e.kind, ERR_NO_SPACE);
	assert_string_equal(e.code, "no_space");
}

static void
test_err_stays_in_bounds(void **state)
{
	struct err e = { 0 };
	char text[2000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	err_set(&e, ERR_CONFLICT, "%s", text);
	err_wrap(&e, "%s", text);
	errno = EIO;
	err_sys(&e, "%s", text);
	err_code(&e, text);
	assert_int_equal(strlen(e.code), sizeof e.code - 1);
	for (int i = 0; i < ERR_PARAMS_MAX + 5; i++)
		err_param(&e, text, "%s", text);
	assert_int_equal(e.nparams, ERR_PARAMS_MAX);
	assert_int_equal(strlen(e.params[0].name), sizeof e.params[0].name - 1);
	assert_int_equal(strlen(e.params[0].reason), sizeof e.params[0].reason - 1);
	assert_int_equal(err_set(NULL, ERR_CONFLICT, "x") + err_sys(NULL, "x") + err_wrap(NULL, "x") + err_param(NULL, "x", "x"),
	                 -4);
}

static void
test_err_params_gather(void **state)
{
	struct err e = { 0 };

	err_set(&e, ERR_CONFLICT, "before");
	err_param(&e, "a", "is wrong");
	err_param(&e, "b", "is %s", "too");
	assert_int_equal(e.kind, ERR_INVALID);
	assert_int_equal(e.nparams, 2);
	assert_string_equal(e.params[1].reason, "is too");
	err_set(&e, ERR_LOCKED, "other");
	assert_int_equal(e.nparams, 0);
	err_clear(&e);
	assert_false(err_is_set(&e));
}

static void
test_strv(void **state)
{
	AUTO_STRV struct strv a = { 0 };
	AUTO_STRV struct strv b = { 0 };

	assert_true(strv_add(&a, "one") && strv_add(&a, "") && strv_add(&a, "three"));
	assert_int_equal(a.n, 3);
	assert_null(a.v[3]);
	assert_true(strv_contains(&a, "three"));
	assert_true(strv_contains(&a, ""));
	assert_false(strv_contains(&a, "on"));
	assert_true(strv_copy(&b, &a));
	assert_string_equal(b.v[2], "three");
	assert_ptr_not_equal(b.v[0], a.v[0]);
	strv_clear(&a);
	strv_clear(&a);
	assert_false(strv_contains(&a, "one"));
}

/* What the log writes, into buf. */
static void
log_line(char *buf, size_t size, const char *message)
{
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	log_info("%s", message);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(ends[0]);
}

static void
test_log_lines_in_a_file_have_their_time(void **state)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO), year = 0;
	char line[128] = "", end[64] = "";

	assert_non_null(file);
	unsetenv("JOURNAL_STREAM");
	log_init("berthd", LOG_LEVEL_INFO);
	dup2(fileno(file), STDERR_FILENO);
	log_info("a line");
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(fileno(file), line, sizeof line - 1, 0) > 0);
	assert_int_equal(sscanf(line, "%4d-%*2d-%*2dT%*2d:%*2d:%*2dZ %63[^\n]", &year, end), 2);
	assert_true(year >= 2024);
	assert_string_equal(end, "berthd: a line");
	fclose(file);
}

static void
test_log_lines_cant_be_forged(void **state)
{
	char line[4096], longer[3000];

	unsetenv("JOURNAL_STREAM");
	log_init("berthd", LOG_LEVEL_INFO);
	log_line(line, sizeof line, "a name\n<3>berthd: forged\x1b[2J\x7f\r");
	assert_string_equal(line, "berthd: a name?<3>berthd: forged?[2J??\n");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	log_line(line, sizeof line, longer);
	assert_int_equal(strchr(line, '\n') - line, strlen(line) - 1);
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_init("berthd", LOG_LEVEL_INFO);
	log_line(line, sizeof line, "x");
	assert_string_equal(line, "<6>berthd: x\n");
	unsetenv("JOURNAL_STREAM");
	log_init("berthd", LOG_LEVEL_WARNING);
	log_line(line, sizeof line, "not shown");
	assert_string_equal(line, "");
}

static void
test_parts_of_prefixes(void **state)
{
	char text[HELD_TEXT_MAX];
	struct prefix p, held;
	struct address a;

	assert_true(prefix_parse("2001:db8::/47", &p));
	assert_true(prefix_nth_part(&p, 64, 0, &a));
	assert_string_equal(address_format(&a, text), "2001:db8::");
	assert_true(prefix_nth_part(&p, 64, 131071, &a));
	assert_string_equal(address_format(&a, text), "2001:db8:1:ffff::");
	assert_false(prefix_nth_part(&p, 64, 131072, &a));
	assert_false(prefix_nth_part(&p, 46, 0, &a));
	assert_true(prefix_nth_part(&p, 128, UINT64_MAX, &a));
	assert_string_equal(address_format(&a, text), "2001:db8::ffff:ffff:ffff:ffff");
	assert_true(address_parse_held("2001:db8:1::/64", &held));
	assert_string_equal(prefix_format_held(&held, text), "2001:db8:1::/64");
	assert_true(address_parse_held("10.0.0.1", &held));
	assert_int_equal(held.length, 32);
	assert_string_equal(prefix_format_held(&held, text), "10.0.0.1");
	assert_false(address_parse_held("2001:db8:1::1/64", &held));
	assert_false(address_parse_held("2001:db8:1::/", &held));
}

static void
test_prefixes(void **state)
{
	struct prefix p, q;
	struct address a;
	char text[ADDRESS_TEXT_MAX];

	assert_true(prefix_parse("10.77.5.6/16", &p));
	assert_string_equal(address_format(&p.base, text), "10.77.0.0");
	assert_true(prefix_parse("fd77::/64", &q));
	assert_false(prefix_overlaps(&p, &q));
	assert_int_equal(prefix_count(&p), 65536);
	assert_true(prefix_count(&q) == UINT64_MAX);
	assert_true(prefix_nth(&p, 65535, &a));
	assert_string_equal(address_format(&a, text), "10.77.255.255");
	assert_true(prefix_is_reserved(&p, &a));
	assert_false(prefix_nth(&p, 65536, &a));
	assert_true(prefix_nth(&q, 0x123456789abcULL, &a));
	assert_string_equal(address_format(&a, text), "fd77::1234:5678:9abc");
	assert_true(prefix_contains(&q, &a));
	assert_false(prefix_contains(&p, &a));
	assert_true(prefix_parse("0.0.0.0/0", &q) && prefix_contains(&q, &p.base) && prefix_overlaps(&p, &q));
	assert_true(prefix_parse("10.0.0.0/31", &q) && !prefix_is_reserved(&q, &q.base));
	assert_true(address_same_text("2001:db8::1", "2001:0DB8:0:0::1"));
	assert_false(address_same_text("10.0.0.1", "::ffff:10.0.0.1"));
}

static void
test_prefixes_refused(void **state)
{
	static const char *const wrong[] = { "",
		                             "/",
		                             "10.0.0.0",
		                             "10.0.0.0/",
		                             "10.0.0.0/33",
		                             "::/129",
		                             "10.0.0/8",
		                             "10.0.0.0/-1",
		                             "10.0.0.0/ 8",
		                             "10.0.0.0/8x",
		                             "10.0.0.0/4294967304",
		                             "a/8",
		                             "10.0.0.0/99999999999999999999999",
		                             " 10.0.0.0/8",
		                             "/8" };
	struct prefix p;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(prefix_parse(wrong[i], &p));
		assert_non_null(check_prefix(wrong[i]));
	}
}

static void
test_uuids(void **state)
{
	char a[UUID_SIZE], b[UUID_SIZE];

	uuid_make(a);
	uuid_make(b);
	assert_null(check_uuid(a));
	assert_string_not_equal(a, b);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_adds_at_every_boundary),
		cmocka_unit_test(test_buf_of_nothing),
		cmocka_unit_test(test_buf_fails_for_good),
		cmocka_unit_test(test_err_kinds_have_codes_of_their_own),
		cmocka_unit_test(test_err_of_system_calls),
		cmocka_unit_test(test_err_stays_in_bounds),
		cmocka_unit_test(test_err_params_gather),
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_log_lines_cant_be_forged),
		cmocka_unit_test(test_log_lines_in_a_file_have_their_time),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_parts_of_prefixes),
		cmocka_unit_test(test_prefixes_refused),
		cmocka_unit_test(test_uuids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
