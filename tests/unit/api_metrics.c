#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/api/meter.h"
#include "daemon/api/metrics.h"
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

enum { MANY = 1000, FIRST = 101 };

static int64_t
now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Half of them another tenant's. */
static void
put_container(struct store *s, int i)
{
	struct container_view v = { 0 };
	struct err e = { 0 };
	char text[64];

	snprintf(text, sizeof text, "6f1c0a52-6a3e-4a39-9c1c-%012d", i);
	row_put_text(&container_config_schema, &v.config, "id", text);
	snprintf(text, sizeof text, "c%d", i);
	row_put_text(&container_config_schema, &v.config, "name", text);
	row_put_text(&container_config_schema, &v.config, "tenant", i % 2 ? "acme" : "default");
	row_put_text(&container_config_schema, &v.config, "template", "busybox@1");
	row_put_text(&container_view_schema, &v, "desired", "running");
	row_put_text(&container_view_schema, &v, "state", "running");
	row_put_int(&container_config_schema, &v.config, "memory", 64 << 20);
	row_put_int(&container_view_schema, &v, "ctid", FIRST + i);
	row_put_int(&container_view_schema, &v, "revision", 1);
	row_put_int(&container_view_schema, &v, "created_at", 1);
	if (store_container_insert(s, &v, &e) < 0)
		fail_msg("%s", e.message);
	record_clear(&container_view_schema, &v);
}

static void
read_container(struct meter *meter, int i, int64_t time_ms)
{
	struct samples samples = { .time_ms = time_ms, .generation = (char *)(uintptr_t) "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11" };
	struct sample sample = { .ctid = FIRST + i, .epoch = 7 };
	AUTO_BUF struct buf line = { 0 };
	struct err e = { 0 };

	for (size_t v = 0; v < SAMPLE_VALUES; v++)
		sample.v[v] = 1000000007 + i;
	sample_format(&sample, &line);
	assert_true(strv_add(&samples.lines, line.data));
	if (meter_receive(meter, &samples, &e) < 0)
		fail_msg("%s", e.message);
	strv_clear(&samples.lines);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void
test_a_thousand(void **state)
{
	struct api api = { .settings = { .instance = (char *)(uintptr_t) "test", .sample_interval = 10, .usage_interval = 60 } };
	struct who auditor = { .role = ROLE_AUDITOR }, viewer = { .role = ROLE_VIEWER, .tenant = "acme" };
	AUTO_BUF struct buf all = { 0 }, own = { 0 }, open = { 0 };
	struct err e = { 0 };
	int64_t start;

	assert_int_equal(store_open(":memory:", &api.model.store, &e), 0);
	api.model.settings = &api.settings;
	api.base = event_base_new();
	api.meter = meter_new(&api);
	assert_int_equal(store_tenant_add(api.model.store, 7, "acme", 1, &e), 0);
	assert_int_equal(store_template_mention(api.model.store, "busybox@1", &e), 0);
	for (int i = 0; i < MANY; i++) {
		put_container(api.model.store, i);
		/* The last one's reading is too old to be told of. */
		read_container(api.meter, i, now_ms(CLOCK_REALTIME) - (i == MANY - 1 ? 31000 : 0));
	}
	start = now_ms(CLOCK_THREAD_CPUTIME_ID);
	assert_int_equal(metrics_write(&api, &auditor, METRICS_PLAIN, &all, &e), 0);
	printf("%zu lines, %zu bytes, %d ms\n", count(all.data, "\n"), all.len, (int)(now_ms(CLOCK_THREAD_CPUTIME_ID) - start));
	/* On the slowest of machines, sanitized. */
	assert_true(now_ms(CLOCK_THREAD_CPUTIME_ID) - start < 3000);
	assert_int_equal(count(all.data, "\nberth_container_state{"), MANY);
	assert_int_equal(count(all.data, "\nberth_container_cpu_seconds_total{"), MANY - 1);
	assert_int_equal(count(all.data, "\nberth_container_traffic_bytes_total{"), 8 * (MANY - 1));
	assert_non_null(strstr(all.data, "\nberth_containers{state=\"running\"} 1000\n"));
	assert_non_null(strstr(all.data, ",id=\"6f1c0a52-6a3e-4a39-9c1c-000000000005\"} 1000.000012\n"));
	assert_int_equal(metrics_write(&api, &viewer, METRICS_PLAIN, &own, &e), 0);
	assert_int_equal(count(own.data, "tenant=\"default\""), 0);
	assert_int_equal(count(own.data, "\nberth_container_state{"), MANY / 2);
	assert_null(strstr(own.data, "berth_api_"));
	assert_int_equal(metrics_write(&api, &auditor, METRICS_OPEN, &open, &e), 0);
	assert_string_equal(open.data + open.len - 6, "# EOF\n");
	meter_free(api.meter);
	event_base_free(api.base);
	store_close(api.model.store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_labels_are_escaped),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_a_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
