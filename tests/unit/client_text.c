/* What the client prints: safe for a terminal, right in every format. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "client/choice.h"
#include "client/clean.h"
#include "client/plot.h"
#include "client/print.h"
#include "client/readings.h"
#include "client/show.h"

static void
test_clean_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "web1 grün …", "web1 grün …" },
		{ "a\nb\tc", "a\\nb\\tc" },
		{ "\033[31mred", "\\x1b[31mred" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		  "\\xc2\\x9b31m" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xe2\x80\xae"
		  "evil",
		  "\\xe2\\x80\\xaeevil" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "cut \xe2\x80", "cut \\xe2\\x80" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = { 0 };

		clean_text(cases[i].in, &out);
		assert_string_equal(out.data, cases[i].out);
		buf_clear(&out);
	}
}

static const struct {
	const char *in, *out;
} logs[] = {
	{ "plain\r\n\ttab\n", "plain\n\ttab\n" },
	{ "\033[0;32m OK \033[0m\n", "\033[0;32m OK \033[0m\n" },
	{ "\033[2J\033[H\033[?25lx\033[6n", "x" },
	{ "\033]0;title\ax\033]52;c;cGF3bg==\033\\y", "xy" },
	{ "\033P$q\"p\033\\x\033_apc\033\\y", "xy" },
	{ "\033(B\033)0x\033c\0337", "x" },
	{ "gr\xc3\xbcn \xe2\x80\xa6", "gr\xc3\xbcn \xe2\x80\xa6" },
	{ "\xc2\x9b"
	  "31m",
	  "31m" },
	{ "\xff\xc3(", "?\?(" },
	{ "\xc3\xc3\xbc", "?\xc3\xbc" },
	{ "\033]never ended\nnext\n", "\nnext\n" },
	{ "\033[999999999999999999999999999999999999999999999999999999999999999999999999mx", "x" },
	{ "\033[>4mx\033[38:5:1my", "x\033[38:5:1my" },
	{ "\a\b\016\017x", "x" },
};

static void
test_clean_log(void **state)
{
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
		for (size_t cut = 0; cut <= strlen(logs[i].in); cut++) {
			struct clean_log log = { .state = CLEAN_GROUND };
			struct buf out = { 0 };

			buf_add(&out, "", 0);
			clean_log(&log, logs[i].in, cut, &out);
			clean_log(&log, logs[i].in + cut, strlen(logs[i].in) - cut, &out);
			assert_string_equal(out.data, logs[i].out);
			buf_clear(&out);
		}
}

static void
test_sizes(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0B" },
		{ 1023, "1023B" },
		{ 1024, "1K" },
		{ 1536, "1.5K" },
		{ 512 << 20, "512M" },
		{ 12345678, "11.8M" },
		{ (1 << 20) - 1, "1.0M" },
		{ INT64_C(10) << 30, "10G" },
		{ INT64_C(4096) << 40, "4P" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = { 0 };

		print_size(cases[i].bytes, &out);
		assert_string_equal(out.data, cases[i].text);
		buf_clear(&out);
	}
}

static void
test_csv(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = { { "", "" }, { "plain", "plain" }, { "a,b", "\"a,b\"" }, { "say \"hi\"", "\"say \"\"hi\"\"\"" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out = { 0 };

		buf_add(&out, "", 0);
		print_csv_cell(cases[i].in, &out);
		assert_string_equal(out.data, cases[i].out);
		buf_clear(&out);
	}
}

static void
check_value(struct json_object *item, const char *field, bool human, const char *expected)
{
	struct buf out = { 0 };

	buf_add(&out, "", 0);
	print_value(&container_view_of_lists, item, field, human, &out);
	assert_string_equal(out.data, expected);
	buf_clear(&out);
}

static void
test_values(void **state)
{
	struct json_object *item = json_tokener_parse("{\"name\":\"w\\u001b\",\"memory\":536870912,\"cpus\":1.5,\"onboot\":true,"
	                                              "\"ip\":[\"10.0.0.2\",\"fd00::2\",\"10.0.0.3\"],\"dns\":[],\"exit\":null}");

	check_value(item, "name", true, "w\\x1b");
	check_value(item, "memory", true, "512M");
	check_value(item, "memory", false, "536870912");
	check_value(item, "cpus", true, "1.5");
	check_value(item, "onboot", true, "yes");
	check_value(item, "onboot", false, "true");
	check_value(item, "ip", true, "10.0.0.2,fd00::2,10.0.0.3");
	check_value(item, "ip", false, "10.0.0.2 fd00::2 10.0.0.3");
	check_value(item, "ipv4", true, "10.0.0.2,10.0.0.3");
	check_value(item, "ipv6", false, "fd00::2");
	check_value(item, "dns", true, "-");
	check_value(item, "dns", false, "");
	check_value(item, "exit", true, "-");
	check_value(item, "absent", true, "-");
	json_object_put(item);
}

static void
test_fields(void **state)
{
	struct client c = { .fields = "name,ipv4,ipv6,cpu-weight", .sort = "-memory" };
	struct err e = { 0 };
	char *wanted;

	assert_int_equal(print_check(&c, &container_view_of_lists, &e), 0);
	wanted = print_wanted(&c, &container_view_of_lists);
	assert_string_equal(wanted, "name,ip,cpu_weight,memory");
	free(wanted);
	c.fields = "memori";
	assert_int_equal(print_check(&c, &container_view_of_lists, &e), -1);
	assert_non_null(strstr(e.message, "Did you mean 'memory'?"));
	c.fields = "password";
	assert_int_equal(print_check(&c, &container_view_of_lists, &e), -1);
	c.fields = "";
	assert_int_equal(print_check(&c, &container_view_of_lists, &e), -1);
}

/* A wrong value is told as the user wrote it, several together. */
static void
test_choice(void **state)
{
	struct container_config config = { 0 };
	struct err e = { 0 };
	struct json_object *json;

	assert_int_equal(choice_set(&container_config_schema, &config, field_find(&container_config_schema, "memory", NULL),
	                            "--memory", "1G", &e),
	                 0);
	assert_int_equal(choice_set(&container_config_schema, &config, field_find(&container_config_schema, "cpus", NULL), "--cpus",
	                            "1.5", &e),
	                 0);
	assert_int_equal(choice_set(&container_config_schema, &config, field_find(&container_config_schema, "disk", NULL), "--disk",
	                            "7X", &e),
	                 -1);
	assert_int_equal(choice_set(&container_config_schema, &config, field_find(&container_config_schema, "pids", NULL), "--pids",
	                            "1", &e),
	                 -1);
	assert_int_equal(e.nparams, 2);
	assert_string_equal(e.params[0].name, "--disk");
	assert_non_null(strstr(e.params[0].reason, "'7X'"));
	record_mark(&container_config_schema, &config, container_config_schema.fields[0].name, false);
	record_mark(&container_config_schema, &config, "pids", false);
	record_mark(&container_config_schema, &config, "disk", false);
	json = choice_to_json(&config);
	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), "{\"memory\":1073741824,\"cpus\":1.5}");
	json_object_put(json);
	record_clear(&container_config_schema, &config);
}

static void
test_key_files(void **state)
{
	struct container_config config = { 0 };
	struct err e = { 0 };
	char path[] = "/tmp/berth-keys-XXXXXX";
	static const char keys[] = "# mine\n\nssh-ed25519 AAAA one\r\n  ssh-rsa BBBB two\n";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, keys, sizeof keys - 1), sizeof keys - 1);
	assert_int_equal(choice_add_keys(&config, "--ssh-key", path, &e), 0);
	assert_int_equal(config.ssh_keys.n, 2);
	assert_string_equal(config.ssh_keys.v[1], "ssh-rsa BBBB two");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(choice_add_keys(&config, "--ssh-key", path, &e), -1);
	assert_int_equal(choice_add_keys(&config, "--ssh-key", "/nonexistent", &e), -1);
	assert_int_equal(e.nparams, 2);
	record_clear(&container_config_schema, &config);
	close(fd);
	unlink(path);
}

#define OF(NAME) "{tenant=\"t\",name=\"" NAME "\",id=\"" NAME "-id\""

static void
test_readings(void **state)
{
	char first[] =
	        "# TYPE berth_container_state gauge\n"
	        "berth_containers{state=\"running\"} 2\n"
	        "berth_container_state" OF(
	                "a") ",state=\"running\"} 1\n"
	                     "berth_container_state" OF(
	                             "b\\\"},\\n") ",state=\"stopped\"} 1\n"
	                                           "berth_container_sample_timestamp_seconds" OF(
	                                                   "a") "} 100.500\n"
	                                                        "berth_container_cpu_seconds_total" OF(
	                                                                "a") "} 7.25\n"
	                                                                     "berth_container_io_bytes_total" OF(
	                                                                             "a") ",direction=\"read\"} 500\n"
	                                                                                  "berth_container_traffic_bytes_total" OF(
	                                                                                          "a") ",direction=\"in\",class="
	                                                                                               "\"paid\"} 10\n"
	                                                                                               "berth_container_traffic_"
	                                                                                               "bytes_total" OF(
	                                                                                                       "a") ",direction="
	                                                                                                            "\"in\",class="
	                                                                                                            "\"free\"} 5\n";
	char second[] = "berth_container_sample_timestamp_seconds" OF(
	        "a") "} 102.500\n"
	             "berth_container_cpu_seconds_total" OF("a") "} 8.25\n"
	                                                         "berth_container_io_bytes_total" OF(
	                                                                 "a") ",direction=\"read\"} 100\n"
	                                                                      "berth_container_traffic_bytes_total" OF(
	                                                                              "a") ",direction=\"in\"} 35\n# EOF\n";
	AUTO_READINGS struct readings before = { 0 }, now = { 0 }, same = { 0 };
	struct err e = { 0 };

	assert_int_equal(readings_parse(&before, first, &e), 0);
	assert_int_equal(before.n, 2);
	assert_string_equal(before.v[0].state, "running");
	assert_string_equal(before.v[1].name, "b\"},\n");
	assert_true(before.v[0].v[READING_IN] == 15.0);
	assert_true(isnan(before.v[1].v[READING_CPU]));
	assert_int_equal(readings_parse(&now, second, &e), 0);
	readings_derive(&now, &before);
	assert_true(reading_shown(&now.v[0], READING_CPU) == 0.5);
	assert_true(reading_shown(&now.v[0], READING_IN) == 10.0);
	/* It began anew; of the other nothing was ever told. */
	assert_true(isnan(reading_shown(&now.v[0], READING_READ)));
	assert_true(isnan(reading_shown(&now.v[0], READING_OUT)));
	assert_int_equal(readings_parse(&same, (char[]){ "berth_container_sample_timestamp_seconds" OF("a") "} 102.5\n" }, &e), 0);
	readings_derive(&same, &now);
	assert_true(reading_shown(&same.v[0], READING_CPU) == 0.5);
}

static void
test_readings_that_are_none(void **state)
{
	static const char *const texts[] = {
		"berth_container_x{",          "berth_container_x{}",
		"berth_container_x{} 1",       "berth_container_x{id=\"1\"} 1",
		"berth_container_x{id=\"1} 1", "berth_container_x{tenant=\"t\",name=\"n\",id=\"i\"}",
		"berth_container_x{id=\"\\",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO_READINGS struct readings readings = { 0 };
		struct err e = { 0 };
		char text[100];

		snprintf(text, sizeof text, "%s", texts[i]);
		if (readings_parse(&readings, text, &e) == 0)
			fail_msg("'%s' is taken", texts[i]);
	}
}

static void
test_plot(void **state)
{
	const double v[] = { 0, 1048576, (double)NAN, 4194304 };
	struct plot plot = {
		.v = v, .n = 4, .rows = 2, .columns = 31, .type = FIELD_SIZE, .from = "11-24 10:00", .until = "11:00"
	};
	AUTO_BUF struct buf braille = { 0 }, ascii = { 0 }, none = { 0 };

	plot_draw(&plot, &braille);
	assert_string_equal(braille.data, "       4M ┤               ⣿⣿⣿⣿⣿\n"
	                                  "       2M ┤     ⣤⣤⣤⣤⣤     ⣿⣿⣿⣿⣿\n"
	                                  "        0 └────────────────────\n"
	                                  "           11-24 10:00    11:00\n");
	plot.ascii = true;
	plot_draw(&plot, &ascii);
	assert_string_equal(ascii.data, "       4M +               #####\n"
	                                "       2M +     :::::     #####\n"
	                                "        0 +--------------------\n"
	                                "           11-24 10:00    11:00\n");
	/* Nothing but zeros, more periods than columns, a terminal that is too narrow. */
	plot = (struct plot){
		.v = (double[100]){ 0 }, .n = 100, .rows = 2, .columns = 1, .ascii = true, .from = "a", .until = "b"
	};
	plot_draw(&plot, &none);
	assert_non_null(strstr(none.data, "        1 +                   \n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_text),
		cmocka_unit_test(test_clean_log),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_plot),
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_readings_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
