/* One request a refresh, whatever the number of containers; plain ANSI sequences draw the screen. */
#include "client/verbs.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/print.h"
#include "client/readings.h"
#include "client/terminal.h"
#include "daemon/util/clock.h"
#include "schema/tenant.h"

static const struct opt top_opts[] = {
	{ "interval", 'd', "SECONDS", "Between refreshes; 3 when left out.", NULL },
	{ "batch", 'b', NULL, "Print one table after another, for scripts and pipes.", NULL },
	{ "count", 'n', "COUNT", "End after so many.", NULL },
	{ "sort", 0, "FIELD", "Order by this one; a '-' before it reverses it. cpu when left out.",
	  "cpu memory pids read write in out name state" },
	{ NULL },
};

enum { TOP_NAME = -1, TOP_STATE = -2, TOP_LINES = 3, TOP_NAME_MIN = 10, TOP_NAME_MAX = 60 };
enum { KEY_CTRL_C = 3, KEY_CTRL_L = 12, KEY_CTRL_Z = 26, KEY_UP = 256, KEY_DOWN, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_LEFT, KEY_RIGHT };

static const struct top_column {
	const char *title;
	const char *field; /* for --sort */
	int key;
	int width;
	int value;     /* enum reading_value, TOP_NAME or TOP_STATE */
	double factor; /* 0: bytes */
} top_columns[] = {
	{ "NAME", "name", 'n', 0, TOP_NAME, 0 },           { "CPU%", "cpu", 'c', 6, READING_CPU, 100 },
	{ "MEMORY", "memory", 'm', 8, READING_MEMORY, 0 }, { "LIMIT", "limit", 'l', 8, READING_MEMORY_LIMIT, 0 },
	{ "PIDS", "pids", 'p', 6, READING_PIDS, 1 },       { "READ/s", "read", 'd', 8, READING_READ, 0 },
	{ "WRITE/s", "write", 'w', 8, READING_WRITE, 0 },  { "IN/s", "in", 'i', 8, READING_IN, 0 },
	{ "OUT/s", "out", 'o', 8, READING_OUT, 0 },        { "STATE", "state", 's', 10, TOP_STATE, 0 },
};
enum { TOP_COLUMNS = sizeof top_columns / sizeof *top_columns };

struct top {
	struct client *c;
	struct readings readings;
	struct terminal terminal;
	bool screen;  /* drawn on, not printed */
	bool tenants; /* names are in full */
	size_t sort;
	bool reverse;
	size_t first; /* row on the screen */
	int rows, columns;
	char trouble[512]; /* why what is shown is old */
};

static bool
top_write(const char *text)
{
	return fputs(text, stdout) >= 0 && fflush(stdout) == 0;
}

static void
top_leave(struct top *top)
{
	if (!top->screen || top->terminal.signal_fd < 0)
		return;
	top_write("\033[?25h\033[?1049l");
	terminal_leave(&top->terminal);
}

static void
top_clear(struct top *top)
{
	top_leave(top);
	readings_clear(&top->readings);
}

#define AUTO_TOP __attribute__((cleanup(top_clear)))

static int
top_enter(struct top *top, struct err *e)
{
	if (terminal_enter(&top->terminal, true, e) < 0)
		return -1;
	return top_write("\033[?1049h\033[?25l\033[2J") ? 0 : err_sys(e, "write to the terminal");
}

static void
top_drop_others(struct readings *readings, const char *tenant)
{
	size_t kept = 0;

	for (size_t i = 0; i < readings->n; i++) {
		if (strcmp(readings->v[i].tenant, tenant) == 0) {
			readings->v[kept++] = readings->v[i];
			continue;
		}
		free(readings->v[i].tenant);
		free(readings->v[i].name);
	}
	readings->n = kept;
	readings->last = 0;
}

static int
top_read(struct top *top, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_READINGS struct readings readings = { 0 };

	if (call_send(top->c, METRICS, NULL, NULL, NULL, &reply, e) < 0 || readings_parse(&readings, reply.body.data, e) < 0)
		return -1;
	if (top->c->tenant)
		top_drop_others(&readings, top->c->tenant);
	readings_derive(&readings, &top->readings);
	top->tenants = false;
	for (size_t i = 0; i < readings.n && !getenv("BERTH_TOKEN"); i++)
		top->tenants |= strcmp(readings.v[i].tenant, TENANT_DEFAULT) != 0;
	readings_clear(&top->readings);
	top->readings = readings;
	readings = (struct readings){ 0 };
	return 0;
}

static int
top_compare_names(const struct reading *a, const struct reading *b)
{
	int d = strcmp(a->tenant, b->tenant);

	return d != 0 ? d : strverscmp(a->name, b->name);
}

/* The most first; of names, the first. What is unknown is always last. */
static int
top_compare(const void *left, const void *right, void *arg)
{
	const struct reading *a = left, *b = right;
	const struct top *top = arg;
	int value = top_columns[top->sort].value, d;
	double x = value >= 0 ? reading_shown(a, (enum reading_value)value) : 0;
	double y = value >= 0 ? reading_shown(b, (enum reading_value)value) : 0;

	if (isnan(x) || isnan(y))
		d = isnan(x) - isnan(y);
	else {
		d = value == TOP_STATE  ? strcmp(a->state, b->state)
		    : value == TOP_NAME ? top_compare_names(a, b)
		                        : (x < y) - (x > y);
		d = top->reverse ? -d : d;
	}
	return d != 0 ? d : top_compare_names(a, b);
}

static void
top_add_cell(const struct top_column *column, const struct reading *r, struct buf *out)
{
	double value = column->value >= 0 ? reading_shown(r, (enum reading_value)column->value) : (double)NAN;
	AUTO_BUF struct buf cell = { 0 };

	if (column->value == TOP_STATE)
		clean_text(r->state, &cell);
	else if (isnan(value))
		buf_addf(&cell, "-");
	else if (column->factor > 1)
		buf_addf(&cell, "%.*f", value * column->factor < 999.95, value * column->factor);
	else if (column->factor > 0)
		buf_addf(&cell, "%.0f", value);
	else
		print_size((int64_t)value, &cell);
	buf_addf(out, column->value == TOP_STATE ? "  %-*s" : " %*s", column->width - (column->value == TOP_STATE ? 2 : 1),
	         cell.data ? cell.data : "");
}

static void
top_name(const struct top *top, const struct reading *r, struct buf *out)
{
	if (top->tenants && strcmp(r->tenant, TENANT_DEFAULT) != 0) {
		clean_text(r->tenant, out);
		buf_addf(out, ":");
	}
	clean_text(r->name, out);
}

/* The names' column has what the others leave of the line, as far as there are names so long. */
static int
top_name_width(const struct top *top)
{
	int longest = TOP_NAME_MIN, others = 0;

	for (size_t i = 0; i < top->readings.n; i++) {
		AUTO_BUF struct buf name = { 0 };

		top_name(top, &top->readings.v[i], &name);
		if ((int)name.len > longest)
			longest = (int)name.len;
	}
	for (size_t i = 0; i < TOP_COLUMNS; i++)
		others += top_columns[i].width;
	if (!top->screen)
		return longest;
	if (longest > TOP_NAME_MAX)
		longest = TOP_NAME_MAX;
	if (others + longest > top->columns)
		longest = top->columns - others;
	return longest < TOP_NAME_MIN ? TOP_NAME_MIN : longest;
}

/* A line of the screen: cut at its width, the rest of it cleared. */
static void
top_end_line(const struct top *top, struct buf *line, const char *look, struct buf *out)
{
	if (!top->screen) {
		buf_addf(out, "%s\n", line->data ? line->data : "");
		return;
	}
	buf_addf(out, "%s%.*s\033[K%s\r\n", look, top->columns, line->data ? line->data : "", *look ? "\033[0m" : "");
}

static void
top_add_titles(const struct top *top, int width, struct buf *out)
{
	AUTO_BUF struct buf line = { 0 };

	for (size_t i = 0; i < TOP_COLUMNS; i++) {
		const struct top_column *column = &top_columns[i];
		char title[24];

		snprintf(title, sizeof title, "%s%s", top->screen && i == top->sort ? top->reverse ? "^" : "*" : "", column->title);
		if (column->value == TOP_NAME)
			buf_addf(&line, "%-*s", width, title);
		else
			buf_addf(&line, column->value == TOP_STATE ? "  %-*s" : " %*s",
			         column->width - (column->value == TOP_STATE ? 2 : 1), title);
	}
	top_end_line(top, &line, "\033[7m", out);
}

static void
top_add_row(const struct top *top, const struct reading *r, int width, struct buf *out)
{
	AUTO_BUF struct buf line = { 0 }, name = { 0 };

	top_name(top, r, &name);
	buf_addf(&line, "%-*.*s", width, width, name.data ? name.data : "");
	for (size_t i = 1; i < TOP_COLUMNS; i++)
		top_add_cell(&top_columns[i], r, &line);
	top_end_line(top, &line, "", out);
}

static double
top_sum(const struct top *top, enum reading_value value)
{
	double sum = 0, v;

	for (size_t i = 0; i < top->readings.n; i++) {
		v = reading_shown(&top->readings.v[i], value);
		sum += isnan(v) ? 0 : v;
	}
	return sum;
}

static void
top_add_summary(const struct top *top, struct buf *out)
{
	AUTO_BUF struct buf line = { 0 }, keys = { 0 };
	time_t now = time(NULL);
	size_t running = 0;
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	for (size_t i = 0; i < top->readings.n; i++)
		running += strcmp(top->readings.v[i].state, "running") == 0;
	buf_addf(&line, "berth top %s  %zu container%s, %zu running  CPU %.0f%%  memory ", clock, top->readings.n,
	         top->readings.n == 1 ? "" : "s", running, 100 * top_sum(top, READING_CPU));
	print_size((int64_t)top_sum(top, READING_MEMORY), &line);
	top_end_line(top, &line, "", out);
	if (!top->screen)
		return;
	if (top->trouble[0])
		clean_text(top->trouble, &keys);
	else
		buf_addf(&keys, "keys: order by n c m l p d w i o s, < >; r reverse, q quit");
	top_end_line(top, &keys, top->trouble[0] ? "\033[1m" : "\033[2m", out);
}

static int
top_show(struct top *top, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	size_t room, width;

	if (top->screen && !terminal_size(&top->rows, &top->columns)) {
		top->rows = 24;
		top->columns = 80;
	}
	if (top->readings.n > 0)
		qsort_r(top->readings.v, top->readings.n, sizeof *top->readings.v, top_compare, top);
	top->readings.last = 0;
	/* The last line stays empty, so that nothing scrolls. */
	room = !top->screen ? top->readings.n : top->rows > TOP_LINES + 1 ? (size_t)(top->rows - TOP_LINES - 1) : 0;
	if (top->first + room > top->readings.n)
		top->first = top->readings.n > room ? top->readings.n - room : 0;
	width = (size_t)top_name_width(top);
	if (top->screen)
		buf_addf(&out, "\033[H");
	top_add_summary(top, &out);
	top_add_titles(top, (int)width, &out);
	for (size_t i = top->first; i < top->readings.n && i < top->first + room; i++)
		top_add_row(top, &top->readings.v[i], (int)width, &out);
	buf_addf(&out, top->screen ? "\033[J" : "\n");
	if (out.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return print_flush(&out) && fflush(stdout) == 0 ? 0 : err_sys(e, "write the table");
}

/* A key, or one of those that come as an escape sequence. 0: none. */
static int
top_key(const char *data, size_t len, size_t *used_out)
{
	static const struct {
		const char *text;
		int key;
	} keys[] = { { "\033[A", KEY_UP },       { "\033[B", KEY_DOWN },      { "\033[C", KEY_RIGHT }, { "\033[D", KEY_LEFT },
		     { "\033OA", KEY_UP },       { "\033OB", KEY_DOWN },      { "\033OC", KEY_RIGHT }, { "\033OD", KEY_LEFT },
		     { "\033[5~", KEY_PAGE_UP }, { "\033[6~", KEY_PAGE_DOWN } };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (len >= strlen(keys[i].text) && memcmp(data, keys[i].text, strlen(keys[i].text)) == 0) {
			*used_out = strlen(keys[i].text);
			return keys[i].key;
		}
	*used_out = data[0] == '\033' ? len : 1;
	return data[0] == '\033' ? 0 : (unsigned char)data[0];
}

static int
top_pause(struct top *top, struct err *e)
{
	top_leave(top);
	raise(SIGTSTP);
	return top_enter(top, e);
}

static void
top_scroll(struct top *top, bool up, size_t lines)
{
	if (up)
		top->first -= top->first < lines ? top->first : lines;
	else
		top->first += lines;
}

/* 1: the end, 0 to go on; -1. */
static int
top_press(struct top *top, int key, struct err *e)
{
	size_t page = top->rows > TOP_LINES + 1 ? (size_t)(top->rows - TOP_LINES - 1) : 1;

	for (size_t i = 0; i < TOP_COLUMNS; i++)
		if (top_columns[i].key == key) {
			top->reverse = top->sort == i && !top->reverse;
			top->sort = i;
			return 0;
		}
	if (key == 'q' || key == KEY_CTRL_C)
		return 1;
	if (key == KEY_CTRL_Z)
		return top_pause(top, e);
	if (key == 'r')
		top->reverse = !top->reverse;
	else if (key == '<' || key == KEY_LEFT)
		top->sort = (top->sort + TOP_COLUMNS - 1) % TOP_COLUMNS;
	else if (key == '>' || key == KEY_RIGHT)
		top->sort = (top->sort + 1) % TOP_COLUMNS;
	else if (key == KEY_UP || key == KEY_PAGE_UP)
		top_scroll(top, true, key == KEY_UP ? 1 : page);
	else if (key == KEY_DOWN || key == KEY_PAGE_DOWN)
		top_scroll(top, false, key == KEY_DOWN ? 1 : page);
	else if (key == KEY_CTRL_L)
		top_write("\033[2J");
	return 0;
}

static int
top_take_keys(struct top *top, struct err *e)
{
	char data[64];
	ssize_t n = read(STDIN_FILENO, data, sizeof data);
	int rc = 0;

	/* The terminal is gone. */
	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : 1;
	for (size_t at = 0, used; rc == 0 && at < (size_t)n; at += used)
		rc = top_press(top, top_key(data + at, (size_t)n - at, &used), e);
	return rc;
}

/* Keys and signals until then. 1: the end, 0, -1. */
static int
top_wait(struct top *top, int64_t until_ms, struct err *e)
{
	for (int64_t left; (left = until_ms - clock_ms(CLOCK_MONOTONIC)) > 0;) {
		struct pollfd fds[] = { { STDIN_FILENO, POLLIN, 0 }, { top->terminal.signal_fd, POLLIN, 0 } };
		int rc = 0, sig;

		if (poll(fds, top->screen ? 2 : 0, (int)left) < 0 && errno != EINTR)
			return err_sys(e, "wait for a key");
		if (fds[1].revents) {
			sig = terminal_signal(&top->terminal);
			if (sig && sig != SIGWINCH) {
				top_write("\033[?25h\033[?1049l");
				terminal_die(&top->terminal, sig);
			}
			if (sig == SIGWINCH)
				top_write("\033[?1049h\033[?25l\033[2J");
		}
		if (fds[0].revents)
			rc = top_take_keys(top, e);
		if (rc != 0)
			return rc;
		if ((fds[0].revents || fds[1].revents) && top_show(top, e) < 0)
			return -1;
	}
	return 0;
}

/* What passes by itself is told on the screen, which stays. */
static int
top_refresh(struct top *top, struct err *e)
{
	top->trouble[0] = '\0';
	if (top_read(top, e) < 0) {
		if (!top->screen || (e->kind != ERR_UNAVAILABLE && e->kind != ERR_TIMEOUT && e->kind != ERR_BUSY))
			return -1;
		snprintf(top->trouble, sizeof top->trouble, "%s", e->message);
		*e = (struct err){ 0 };
	}
	return top_show(top, e);
}

static int
top_sort_of(struct top *top, const char *text, struct err *e)
{
	const char *name = text + (*text == '-');

	for (size_t i = 0; i < TOP_COLUMNS; i++)
		if (strcmp(top_columns[i].field, name) == 0) {
			top->sort = i;
			top->reverse = *text == '-';
			return 0;
		}
	return args_usage(e, "--sort '%s' must be cpu, memory, limit, pids, read, write, in, out, name or state", text);
}

static int
top_run(struct client *c, const struct args *args, struct err *e)
{
	AUTO_TOP struct top top = { .c = c, .terminal = TERMINAL_NONE, .screen = !args_has(args, "batch") };
	const char *sort = args_value(args, "sort");
	int64_t interval = 3, count = INT64_MAX;
	int rc;

	if (args_int(args, "interval", 1, 3600, &interval, e) < 0 || args_int(args, "count", 1, INT64_MAX, &count, e) < 0 ||
	    top_sort_of(&top, sort ? sort : "cpu", e) < 0)
		return -1;
	if (top.screen && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return args_usage(e, "There is no terminal: give --batch");
	/* What is wrong from the start is told where it can be read. */
	if (top_read(&top, e) < 0 || (top.screen && top_enter(&top, e) < 0))
		return -1;
	rc = top_show(&top, e);
	for (int64_t next = clock_ms(CLOCK_MONOTONIC); rc == 0 && --count > 0;) {
		next += 1000 * interval;
		rc = top_wait(&top, next, e);
		if (rc == 0)
			rc = top_refresh(&top, e);
	}
	return rc < 0 ? -1 : 0;
}

const struct verb top_verb = {
	.name = "top",
	.args = "",
	.help = "Show live what containers use",
	.more = "A key orders by a column, once more or r reverses it, < and > change the column, q ends it. Rates are those "
	        "between two readings of the daemon, which come each sample_interval of berthd.conf(5): '-' until there are two.",
	.examples = "berth top\n"
	            "berth top --sort memory -d 1\n"
	            "berth top -b -n 2",
	.options = top_opts,
	.groups = OPTS_TENANT,
	.run = top_run,
};
