#include "client/plot.h"

#include <json-c/json.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/terminal.h"
#include "daemon/util/fd.h"
#include "schema/usage.h"

enum { PLOT_LABEL = 9, PLOT_ROWS = 8, PLOT_COLUMNS = 80, PLOT_COLUMNS_MIN = 30, PLOT_DOTS = 4 };

static double
plot_highest(const double *v, size_t from, size_t until)
{
	double highest = (double)NAN;

	for (size_t i = from; i < until; i++)
		if (!isnan(v[i]) && !(highest >= v[i]))
			highest = v[i];
	return highest;
}

/* How many of `steps` a column of so many is high. What there is at all is seen. */
static int
plot_height(const struct plot *plot, size_t column, size_t columns, int steps, double top)
{
	size_t from = column * plot->n / columns, until = (column + 1) * plot->n / columns;
	double value = plot_highest(plot->v, from, until > from ? until : from + 1);
	int height;

	if (isnan(value) || value <= 0)
		return 0;
	height = (int)(value / top * steps + 0.5);
	return height < 1 ? 1 : height;
}

/* The character of a row (0 is the lowest): one column of three steps, or two of four. */
static void
plot_add_cell(const struct plot *plot, size_t cell, size_t cells, int row, int rows, double top, struct buf *out)
{
	/* Dots of braille from the bottom, left and right. */
	static const unsigned char dots[2][PLOT_DOTS] = { { 0x40, 0x04, 0x02, 0x01 }, { 0x80, 0x20, 0x10, 0x08 } };
	static const char steps[] = " .:#";
	unsigned char bits = 0;

	if (plot->ascii) {
		int height = plot_height(plot, cell, cells, 3 * rows, top) - 3 * row;

		buf_add(out, &steps[height < 0 ? 0 : height > 3 ? 3 : height], 1);
		return;
	}
	for (size_t side = 0; side < 2; side++) {
		int height = plot_height(plot, 2 * cell + side, 2 * cells, PLOT_DOTS * rows, top) - PLOT_DOTS * row;

		for (int i = 0; i < PLOT_DOTS && i < height; i++)
			bits |= dots[side][i];
	}
	if (bits == 0)
		buf_add(out, " ", 1);
	else
		buf_addf(out, "\xe2%c%c", 0xa0 | (bits >> 6), 0x80 | (bits & 0x3f));
}

static void
plot_add_label(const struct plot *plot, double value, struct buf *out)
{
	AUTO_BUF struct buf label = { 0 };

	if (plot->type == FIELD_SIZE)
		print_size((int64_t)value, &label);
	else
		buf_addf(&label,
		         value >= 1e6                      ? "%.3g"
		         : value == (double)(int64_t)value ? "%.0f"
		         : value >= 100                    ? "%.1f"
		                                           : "%.3f",
		         value);
	buf_addf(out, "%*s", PLOT_LABEL, label.data ? label.data : "");
}

void
plot_draw(const struct plot *plot, struct buf *out)
{
	int columns = plot->columns < PLOT_COLUMNS_MIN ? PLOT_COLUMNS_MIN : plot->columns;
	size_t cells = (size_t)columns - PLOT_LABEL - 2;
	double top = plot_highest(plot->v, 0, plot->n);
	int gap;

	if (isnan(top) || top <= 0)
		top = 1;
	for (int row = plot->rows - 1; row >= 0; row--) {
		bool labelled = row == plot->rows - 1 || row == plot->rows / 2 - 1;

		/* At a row's upper edge. */
		if (labelled)
			plot_add_label(plot, top * (row + 1) / plot->rows, out);
		else
			buf_addf(out, "%*s", PLOT_LABEL, "");
		buf_addf(out, plot->ascii ? labelled ? " +" : " |" : labelled ? " ┤" : " │");
		for (size_t cell = 0; cell < cells; cell++)
			plot_add_cell(plot, cell, cells, row, plot->rows, top, out);
		buf_addf(out, "\n");
	}
	buf_addf(out, "%*s %s", PLOT_LABEL, "0", plot->ascii ? "+" : "└");
	for (size_t cell = 0; cell < cells; cell++)
		buf_addf(out, plot->ascii ? "-" : "─");
	gap = (int)cells - (int)strlen(plot->from);
	buf_addf(out, "\n%*s%s%*s\n", PLOT_LABEL + 2, "", plot->from, gap > 0 ? gap : 1, plot->until);
}

/* What is drawn, and of which time. */
struct span {
	enum usage_level level;
	int64_t from, until;
	size_t n;
};

static int
plot_time(const struct args *args, const char *name, int64_t *time_out, struct err *e)
{
	const char *text = args_value(args, name), *why = NULL;

	if (text && field_parse_time(text, time_out, &why) < 0)
		return args_usage(e, "--%s '%s' %s", name, text, why);
	return 0;
}

/* Periods as fine as there is room for; of a time that isn't told, what people look at by such periods. */
static int
plot_span(const struct args *args, int columns, struct span *span_out, struct err *e)
{
	static const int64_t seconds[USAGE_LEVELS] = { 60, 3600, 86400, 31LL * 86400 };
	static const int64_t usual[USAGE_LEVELS] = { 3600, 86400, 30LL * 86400, 365LL * 86400 };
	int64_t now = time(NULL), from = -1, until = now;
	const char *by = args_value(args, "by"), *why = by ? check_usage_level(by) : NULL;
	struct span span = { .level = USAGE_HOUR };

	if (why)
		return args_usage(e, "--by '%s' %s", by, why);
	if (plot_time(args, "from", &from, e) < 0 || plot_time(args, "to", &until, e) < 0)
		return -1;
	if (until > now)
		until = now;
	if (by)
		usage_level_of_name(by, &span.level);
	else if (from >= 0)
		for (span.level = USAGE_MINUTE; span.level < USAGE_MONTH && (until - from) / seconds[span.level] > 2LL * columns;)
			span.level = (enum usage_level)(span.level + 1);
	if (from < 0)
		from = until - usual[span.level];
	if (from >= until)
		return args_usage(e, "--from must lie before %s", args_has(args, "to") ? "--to" : "now");
	span.from = usage_start(span.level, from);
	span.until = usage_next(span.level, until - 1);
	*span_out = span;
	return 0;
}

static void
plot_time_label(const struct span *span, int64_t at, char *out, size_t size)
{
	static const char *const formats[USAGE_LEVELS] = { "%m-%d %H:%M UTC", "%m-%d %H:%M UTC", "%Y-%m-%d", "%Y-%m" };
	time_t t = at;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) && strftime(out, size, formats[span->level], &tm) == 0)
		out[0] = '\0';
}

/* Both are in order of time: each row finds its period behind the last one's. */
static bool
plot_take(const struct span *span, struct json_object *items, const char *field, double *v)
{
	int64_t at = span->from;
	bool some = false;
	size_t period = 0;

	for (size_t i = 0; i < span->n; i++)
		v[i] = (double)NAN;
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i), *value = NULL;
		const char *start = call_text(item, "start"), *why;
		int64_t time;

		if (!start || field_parse_time(start, &time, &why) < 0 || !json_object_object_get_ex(item, field, &value))
			continue;
		for (; at < time && period < span->n; period++)
			at = usage_next(span->level, at);
		if (period >= span->n || at != time)
			continue;
		v[period] = json_object_get_double(value);
		some = true;
	}
	return some;
}

static bool
plot_is_ascii(void)
{
	setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static int
plot_columns(void)
{
	int rows, columns;

	return terminal_size(&rows, &columns) ? columns : PLOT_COLUMNS;
}

/* One chart, with what it is of above it. */
static int
plot_add(const struct span *span, struct json_object *items, const struct field *field, int columns, struct buf *out, struct err *e)
{
	AUTO_FREE double *v = calloc(span->n, sizeof *v);
	char from[32], until[32];
	struct plot plot = { .v = v,
		             .n = span->n,
		             .rows = PLOT_ROWS,
		             .columns = columns,
		             .ascii = plot_is_ascii(),
		             .type = field->type,
		             .from = from,
		             .until = until };

	if (!v)
		return err_set(e, ERR_INTERNAL, "out of memory");
	plot_time_label(span, span->from, from, sizeof from);
	plot_time_label(span, span->until, until, sizeof until);
	buf_addf(out, "%s%s by %s: %s\n", out->len > 0 ? "\n" : "", field->name, usage_level_name(span->level), field->help);
	if (plot_take(span, items, field->name, v))
		plot_draw(&plot, out);
	else
		buf_addf(out, "Nothing is known of that time.\n");
	return 0;
}

static int
plot_add_all(const struct client *c, const struct view *view, const struct span *span, struct json_object *items, int columns,
             struct buf *out, struct err *e)
{
	AUTO_FREE char *names = strdup(c->fields ? c->fields : "cpu,memory");
	char *save = NULL;

	if (!names)
		return err_set(e, ERR_INTERNAL, "out of memory");
	for (char *p = names; *p; p++)
		*p = *p == '-' ? '_' : *p;
	for (char *name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		const struct field *field = print_field(view, name);

		if (!field || (field->type != FIELD_INT && field->type != FIELD_SIZE && field->type != FIELD_MILLI))
			return args_usage(e, "--fields: '%s' is no figure that could be drawn; memory or traffic_out are", name);
		if (plot_add(span, items, field, columns, out, e) < 0)
			return -1;
	}
	return 0;
}

static int
plot_check(const struct client *c, const struct args *args, struct err *e)
{
	if (args->nwords == 0)
		return args_usage(e, "--plot draws one container's figures: name it");
	if (args_has(args, "group") || args_has(args, "plan"))
		return args_usage(e, "--plot draws one container's figures: leave out --group and --plan");
	if (c->output != OUTPUT_TABLE || c->sort)
		return args_usage(e, "--plot is a picture: leave out --output and --sort");
	return 0;
}

int
plot_usage(struct client *c, const struct args *args, const struct view *view, const char *query, struct err *e)
{
	AUTO_BUF struct buf all = { 0 }, out = { 0 };
	struct json_object *items = NULL;
	struct span span = { 0 };
	int columns = plot_columns(), rc;

	if (plot_check(c, args, e) < 0 || plot_span(args, columns, &span, e) < 0)
		return -1;
	buf_addf(&all, "%s&by=%s&from=%lld&to=%lld", query, usage_level_name(span.level), (long long)span.from,
	         (long long)span.until);
	if (all.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (call_list(c, USAGE_LIST, NULL, all.data, &items, e) < 0)
		return -1;
	for (int64_t at = span.from; at < span.until; at = usage_next(span.level, at))
		span.n++;
	rc = plot_add_all(c, view, &span, items, columns, &out, e);
	json_object_put(items);
	if (rc < 0)
		return -1;
	if (out.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return print_flush(&out) ? 0 : err_sys(e, "write standard output");
}
