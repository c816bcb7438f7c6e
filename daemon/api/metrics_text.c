#include "daemon/api/metrics_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PREFIX "berth_"

static const char *
metrics_skip_space(const char *at)
{
	return at + strspn(at, " \t");
}

/* q in thousandths (RFC 9110): 1, 0.5, 0.333. What can't be read is 1. */
static int
metrics_quality(const char *text)
{
	char *end;
	int weight = 100, q;

	if (*text != '0')
		return 1000;
	for (q = 0, end = (char *)(uintptr_t)text + 1; *end == '.' || (*end >= '0' && *end <= '9'); end++)
		if (*end != '.') {
			q += (*end - '0') * weight;
			weight /= 10;
		}
	return q;
}

/* Of one range of Accept: its type, and what its parameters make of it. */
static int
metrics_range_quality(const char *range, const char *type)
{
	size_t len = strcspn(range, "; \t");
	int q = 1000;

	if (len != strlen(type) || strncasecmp(range, type, len) != 0)
		return 0;
	for (const char *at = range + len; (at = strchr(at, ';'));) {
		at = metrics_skip_space(at + 1);
		if (strncasecmp(at, "q=", 2) == 0)
			q = metrics_quality(at + 2);
	}
	return q;
}

static int
metrics_most(int a, int b)
{
	return a > b ? a : b;
}

enum metrics_format
metrics_format_of(const char *accept)
{
	int open = 0, plain = 0;
	char range[128];

	for (const char *at = accept; *at; at += *at == ',') {
		size_t len;

		at = metrics_skip_space(at);
		len = strcspn(at, ",");
		if (len < sizeof range) {
			memcpy(range, at, len);
			range[len] = '\0';
			open = metrics_most(open, metrics_range_quality(range, "application/openmetrics-text"));
			plain = metrics_most(plain, metrics_range_quality(range, "text/plain"));
		}
		at += len;
	}
	return open > 0 && open >= plain ? METRICS_OPEN : METRICS_PLAIN;
}

const char *
metrics_media_type(enum metrics_format format)
{
	return format == METRICS_OPEN ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
	                              : "text/plain; version=0.0.4; charset=utf-8";
}

static const char *
metrics_suffix(enum metric_type type)
{
	return type == METRIC_COUNTER ? "_total" : "";
}

void
metrics_put_head(struct buf *out, enum metrics_format format, const char *name, enum metric_type type, const char *help)
{
	const char *suffix = format == METRICS_OPEN ? "" : metrics_suffix(type);

	buf_addf(out, "# HELP " PREFIX "%s%s %s\n# TYPE " PREFIX "%s%s %s\n", name, suffix, help, name, suffix,
	         type == METRIC_COUNTER ? "counter" : "gauge");
}

void
metrics_put_label(struct buf *labels, const char *name, const char *value)
{
	buf_addf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
	for (size_t len; *value; value += len) {
		len = strcspn(value, "\\\"\n");
		buf_add(labels, value, len);
		if (value[len] == '\0')
			break;
		buf_addf(labels, "\\%c", value[len] == '\n' ? 'n' : value[len]);
		len++;
	}
	buf_add(labels, "\"", 1);
}

static void
metrics_put_value(struct buf *out, int64_t value, int64_t divisor)
{
	int64_t part = value % divisor;
	int digits = 0;

	buf_addf(out, "%" PRId64, value / divisor);
	for (int64_t d = divisor; part && d > 1; d /= 10)
		digits++;
	if (part)
		buf_addf(out, ".%0*" PRId64, digits, part);
	buf_add(out, "\n", 1);
}

void
metrics_put_sample(struct buf *out, const char *name, enum metric_type type, const char *labels, const char *more, int64_t value,
                   int64_t divisor)
{
	bool first = labels && *labels, second = more && *more;

	buf_addf(out, PREFIX "%s%s%s%s%s%s%s ", name, metrics_suffix(type), first || second ? "{" : "", first ? labels : "",
	         first && second ? "," : "", second ? more : "", first || second ? "}" : "");
	metrics_put_value(out, value, divisor);
}

void
metrics_put_end(struct buf *out, enum metrics_format format)
{
	if (format == METRICS_OPEN)
		buf_addf(out, "# EOF\n");
}
