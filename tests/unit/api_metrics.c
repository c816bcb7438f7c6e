#include <stdlib.h>
#include <string.h>

#include "daemon/api/metrics_text.h"
#include "tests/unit/unit.h"

static void
test_accept(void **state)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
	} rows[] = {
		{ "", METRICS_PLAIN },
		{ "*/*", METRICS_PLAIN },
		{ "text/plain", METRICS_PLAIN },
		{ "application/json", METRICS_PLAIN },
		{ "application/openmetrics-text", METRICS_OPEN },
		{ "Application/OpenMetrics-Text ; version=1.0.0", METRICS_OPEN },
		{ "application/openmetrics-text;q=0", METRICS_PLAIN },
		{ "application/openmetrics-text;q=0.000", METRICS_PLAIN },
		{ "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", METRICS_OPEN },
		{ "text/plain;version=0.0.4,application/openmetrics-text;q=0.9", METRICS_PLAIN },
		{ "text/plain;q=0.25,, application/openmetrics-text;\tq=0.3 ,", METRICS_OPEN },
		{ "application/openmetrics-textual", METRICS_PLAIN },
		{ ",;,;q=,q=1;", METRICS_PLAIN },
		{ "application/openmetrics-text;q=0.99999999999999999999", METRICS_OPEN },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (metrics_format_of(rows[i].accept) != rows[i].format)
			fail_msg("'%s' is taken for the other format", rows[i].accept);
}

static void
test_labels_are_escaped(void **state)
{
	AUTO_BUF struct buf labels = { 0 }, out = { 0 };

	metrics_put_label(&labels, "name", "a\"b\\c\nd");
	metrics_put_label(&labels, "plan", "");
	metrics_put_label(&labels, "end", "\\");
	assert_string_equal(labels.data, "name=\"a\\\"b\\\\c\\nd\",plan=\"\",end=\"\\\\\"");
	metrics_put_sample(&out, "x", METRIC_GAUGE, labels.data, "d=\"in\"", 1, 1);
	assert_string_equal(out.data, "berth_x{name=\"a\\\"b\\\\c\\nd\",plan=\"\",end=\"\\\\\",d=\"in\"} 1\n");
}

static void
test_samples(void **state)
{
	AUTO_BUF struct buf out = { 0 };

	metrics_put_head(&out, METRICS_PLAIN, "t_seconds", METRIC_COUNTER, "Time.");
	metrics_put_sample(&out, "t_seconds", METRIC_COUNTER, NULL, NULL, 12000034, 1000000);
	metrics_put_head(&out, METRICS_OPEN, "t_seconds", METRIC_COUNTER, "Time.");
	metrics_put_sample(&out, "t_seconds", METRIC_COUNTER, NULL, "a=\"b\"", 3000000, 1000000);
	metrics_put_end(&out, METRICS_PLAIN);
	metrics_put_sample(&out, "g", METRIC_GAUGE, "", NULL, INT64_MAX, 1);
	metrics_put_end(&out, METRICS_OPEN);
	assert_string_equal(out.data, "# HELP berth_t_seconds_total Time.\n# TYPE berth_t_seconds_total counter\n"
	                              "berth_t_seconds_total 12.000034\n"
	                              "# HELP berth_t_seconds Time.\n# TYPE berth_t_seconds counter\n"
	                              "berth_t_seconds_total{a=\"b\"} 3\n"
	                              "berth_g 9223372036854775807\n# EOF\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_labels_are_escaped),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
