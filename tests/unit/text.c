/* Numbers and words as people write them, and the rules for texts. */
#include "tests/unit/unit.h"

#include "schema/check.h"
#include "schema/container.h"
#include "tests/unit/records.h"

#define GIB ((int64_t)1 << 30)

static void
test_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: refused */
	} rows[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "1048576", 1048576 },
		{ "1K", 1024 },
		{ "1k", 1024 },
		{ "512M", 512 << 20 },
		{ "1G", GIB },
		{ "1.5G", GIB * 3 / 2 },
		{ "0.5K", 512 },
		{ "2T", GIB * 2048 },
		{ "1KB", 1024 },
		{ "1KiB", 1024 },
		{ "1Ki", 1024 },
		{ "1.000G", GIB },
		{ "0.0000000000000000000001T", 0 },
		{ "8388607T", ((int64_t)1 << 40) * 8388607 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", -1 },
		{ "8388608T", -1 },
		{ "99999999999999999999999G", -1 },
		{ "", -1 },
		{ " 1", -1 },
		{ "1 ", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ "1.5", -1 },
		{ ".5G", -1 },
		{ "1.G", -1 },
		{ "1..5G", -1 },
		{ "1.5.5G", -1 },
		{ "G", -1 },
		{ "1X", -1 },
		{ "1KX", -1 },
		{ "1KBx", -1 },
		{ "1iB", -1 },
		{ "1B", -1 },
		{ "0x10", -1 },
		{ "1e3", -1 },
		{ "1,5G", -1 },
		{ "1GG", -1 },
		{ "1G2", -1 },
		{ "\xd9\xa1", -1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = NULL;
		int64_t bytes = -1;
		int rc = field_parse_size(rows[i].text, &bytes, &why);

		if (bytes != rows[i].bytes || rc != (rows[i].bytes < 0 ? -1 : 0))
			fail_msg("'%s' gave %lld", rows[i].text, (long long)bytes);
		if (rc < 0)
			assert_non_null(why);
	}
}

static void
test_decimals(void **state)
{
	static const struct {
		const char *text;
		int64_t milli;
	} rows[] = {
		{ "0", 0 },
		{ "1", 1000 },
		{ "1.5", 1500 },
		{ "0.001", 1 },
		{ "0.010", 10 },
		{ "0.29", 290 },
		{ "2.999", 2999 },
		{ "1.0009", 1000 },
		{ "9223372036854775", 9223372036854775000 },
		{ "9223372036854776", -1 },
		{ "1.", -1 },
		{ ".5", -1 },
		{ "-1", -1 },
		{ "1e3", -1 },
		{ "many", -1 },
		{ "", -1 },
		{ "1.5.5", -1 },
		{ "1,5", -1 },
		{ "nan", -1 },
		{ "inf", -1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = NULL;
		int64_t milli = -1;

		field_parse_milli(rows[i].text, &milli, &why);
		if (milli != rows[i].milli)
			fail_msg("'%s' gave %lld", rows[i].text, (long long)milli);
	}
}

static void
test_integers(void **state)
{
	static const char *const wrong[] = {
		"", "-", "--1", "+1", "1.0", " 1", "1 ", "0x1", "9223372036854775808", "1a", "-9223372036854775808"
	};
	const char *why;
	int64_t value;

	assert_int_equal(field_parse_int("-17", &value, &why), 0);
	assert_int_equal(value, -17);
	assert_int_equal(field_parse_int("9223372036854775807", &value, &why), 0);
	assert_true(value == INT64_MAX);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(field_parse_int(wrong[i], &value, &why), -1);
}

static void
test_booleans(void **state)
{
	static const char *const yes[] = { "true", "yes", "on", "1", "TRUE", "Yes" };
	static const char *const no[] = { "false", "no", "off", "0", "FALSE", "Off" };
	static const char *const wrong[] = { "", "2", "y", "truee", " true", "-1" };
	const char *why;
	int64_t value;

	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(field_parse_bool(yes[i], &value, &why) == 0 && value == 1);
	for (size_t i = 0; i < COUNT(no); i++)
		assert_true(field_parse_bool(no[i], &value, &why) == 0 && value == 0);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(field_parse_bool(wrong[i], &value, &why), -1);
}

#define UUID "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11"
#define FORTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SIXTY_THREE FORTY "aaaaaaaaaaaaaaaaaaaaaaa"

/* Words parted by '|'. */
static const struct {
	field_check *check;
	const char *right;
	const char *wrong;
} rules[] = {
	{ check_name, "a|web1|a-b|" FORTY, "|1a|-a|a-|A|a_b|a.b|a b|a/b|..|\xc3\xa4|a\n|" FORTY "a" },
	{ check_hostname, "a|1|web.example.com|A-1.b|" SIXTY_THREE,
	  "|-a|a-|a.-b|a-.b|.a|a.|a..b|a_b|a b|a\nb|\xc3\xa4|" SIXTY_THREE "a" },
	{ check_uuid, UUID,
	  "|6F1C0A52-6A3E-4A39-9C1C-5B1F5F0F6A11|6f1c0a526a3e4a399c1c5b1f5f0f6a11|" UUID "0|6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a1g|"
	  "../../../../../../../etc/passwd12345" },
	{ check_template, "busybox|busybox@1|debian-12@20261101.1",
	  "|@1|busybox@|busybox@-1|busybox@.|a@b@c|../x|busybox@../..|busybox@a/b|Busybox" },
	{ check_template_version, "1|20261101.1|a-b", "|.|..|-1|.1|a/b|A|a_b|a b|" FORTY },
	{ check_address, "10.0.0.1|1.2.3.4|2001:db8::1|fd00::1",
	  "|0.0.0.0|0.1.2.3|127.0.0.1|127.255.255.255|169.254.169.254|224.0.0.1|239.1.1.1|240.0.0.1|255.255.255.255|::|::1|fe80::1|"
	  "ff02::1|"
	  "::ffff:10.0.0.1|::10.0.0.1|10.0.0|10.0.0.1/8|010.0.0.1|10.0.0.256|10.0.0.1 |fe80::1%eth0|1|0x0a000001|auto" },
	{ check_address_or_auto, "10.0.0.1|auto|auto4|auto6", "|Auto5|Auto|127.0.0.1|auto " },
	{ check_prefix, "10.0.0.0/8|0.0.0.0/0|::/0|fd00::/64|10.1.2.3/32",
	  "|10.0.0.0|10.0.0.0/33|::/129|/8|10.0.0.0/|10.0.0.0/+8|10.0.0.0/8/8" },
	{ check_line, "|a|\xc3\xa4 b", "a\nb|\t|\x7f|\x1b[2J|\r" },
	{ check_ssh_key, "ssh-ed25519 AAAA|ecdsa-sha2-nistp256 AAAA x y|sk-ssh-ed25519@openssh.com AAAA",
	  "|ssh-ed25519|AAAA|command=\"x\" ssh-ed25519 AAAA|ssh-ed25519 AAAA\nssh-rsa BBBB|# ssh-ed25519 A" },
	{ check_password, "a|correct horse|\xc3\xa4",
	  "|a\nb|a\x01"
	  "b|a\r" },
	{ check_env, "A=|A=b|_a1=x=y|A=a b", "|=|=a|A|A-B=x|A B=x|\xc3\xa4=x" },
	{ check_user, "root|0|1|65535|_apt|systemd-network|a.b",
	  "|01|00|1x|-1|+1|65536|4294967296|99999999999|Root|a b|a/b|a:b|-a|.a|0x1| 1" },
	{ check_instance, "a|berth|abcdef", "|abcdefg|A|a1|a-b|../x|a " },
};

static void
check_words(field_check *check, const char *words, bool right)
{
	char word[256];

	for (;;) {
		size_t len = strcspn(words, "|");

		assert_true(len < sizeof word);
		memcpy(word, words, len);
		word[len] = '\0';
		if (!check(word) != right)
			fail_msg("'%s' is %s", word, right ? "refused" : "taken");
		if (!words[len])
			return;
		words += len + 1;
	}
}

static void
test_rules(void **state)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		check_words(rules[i].check, rules[i].right, true);
		check_words(rules[i].check, rules[i].wrong, false);
	}
}

/* "aaaaaaaa-aaaa-…" is a label of 36 characters that begins with a letter. */
static void
test_a_name_is_no_uuid(void **state)
{
	assert_non_null(check_name("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"));
	assert_null(check_name("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaag"));
}

static void
test_fields_by_text(void **state)
{
	struct container_config c = { 0 };
	struct err e = { 0 };

	assert_int_equal(record_set_text(&container_config_schema, &c, "memory", "1.5G", &e), 0);
	assert_true(c.memory == GIB * 3 / 2);
	assert_int_equal(record_set_text(&container_config_schema, &c, "cpus", "0.5", &e), 0);
	assert_int_equal(c.cpus, 500);
	assert_int_equal(record_set_text(&container_config_schema, &c, "onboot", "yes", &e), 0);
	assert_int_equal(c.onboot, 1);
	assert_int_equal(record_set_text(&container_config_schema, &c, "ip", "10.0.0.1", &e), 0);
	assert_int_equal(record_set_text(&container_config_schema, &c, "ip", "auto6", &e), 0);
	assert_int_equal(c.ip.n, 2);
	assert_int_equal(record_set_text(&container_config_schema, &c, "name", "one", &e), 0);
	assert_int_equal(record_set_text(&container_config_schema, &c, "name", "two", &e), 0);
	assert_string_equal(c.name, "two");
	assert_true(record_has(&container_config_schema, &c, "name"));
	assert_false(record_has(&container_config_schema, &c, "pids"));
	assert_false(err_is_set(&e));
	assert_int_equal(record_set_text(&container_config_schema, &c, "memory", "1", &e), -1);
	assert_int_equal(record_set_text(&container_config_schema, &c, "colour", "red", &e), -1);
	assert_int_equal(record_set_text(&container_config_schema, &c, "pids", "1.5", &e), -1);
	assert_true(err_names(&e, "memory") && err_names(&e, "colour") && err_names(&e, "pids"));
	record_clear(&container_config_schema, &c);
}

static void
test_bounds_are_told_as_they_may_be_given(void **state)
{
	struct container_config c = { 0 };
	struct err e = { 0 };

	record_set_text(&container_config_schema, &c, "memory", "1", &e);
	assert_string_equal(e.params[0].reason, "must be from 16M to 64T");
	record_set_text(&container_config_schema, &c, "cpus", "0.001", &e);
	assert_string_equal(e.params[1].reason, "must be from 0.01 to 4096");
	record_clear(&container_config_schema, &c);
}

static void
test_merge_replaces_what_is_given(void **state)
{
	struct container_config a = { 0 }, b = { 0 };
	struct err e = { 0 };

	record_set_text(&container_config_schema, &a, "name", "one", &e);
	record_set_text(&container_config_schema, &a, "ip", "10.0.0.1", &e);
	record_set_text(&container_config_schema, &a, "ip", "10.0.0.2", &e);
	record_set_text(&container_config_schema, &b, "ip", "10.0.0.3", &e);
	record_set_text(&container_config_schema, &b, "pids", "20", &e);
	assert_true(record_merge(&container_config_schema, &a, &b));
	assert_string_equal(a.name, "one");
	assert_int_equal(a.ip.n, 1);
	assert_string_equal(a.ip.v[0], "10.0.0.3");
	assert_int_equal(a.pids, 20);
	record_apply_presets(&container_config_schema, &a);
	assert_int_equal(a.pids, 20);
	assert_int_equal(a.cpus, 1000);
	record_clear(&container_config_schema, &a);
	record_clear(&container_config_schema, &b);
}

/* Each table by itself: names once, bounds in order, presets within them, room in the mask. */
static void
test_tables(void **state)
{
	for (const struct schema *const *s = all_schemas; *s; s++)
		for (size_t i = 0; (*s)->fields[i].name; i++) {
			const struct field *f = &(*s)->fields[i];
			size_t first;

			assert_true(i < 64);
			assert_ptr_equal(field_find(*s, f->name, &first), f);
			assert_true(f->offset >= sizeof(uint64_t) && f->offset < (*s)->size);
			assert_true(f->min <= f->max);
			assert_true(f->help && f->help[0]);
			assert_true(f->type != FIELD_OBJECT || f->object);
			if (f->preset)
				assert_true(f->preset >= f->min && f->preset <= f->max);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_a_name_is_no_uuid),
		cmocka_unit_test(test_fields_by_text),
		cmocka_unit_test(test_bounds_are_told_as_they_may_be_given),
		cmocka_unit_test(test_merge_replaces_what_is_given),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
