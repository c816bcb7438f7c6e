#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/sse.h"
#include "client/verbs.h"

static const struct opt events_opts[] = {
	{ "follow", 'f', NULL, "Go on with what comes; with json, an object a line.", NULL },
	{ "since", 0, "NUMBER", "Only those after this sequence number.", NULL },
	{ "tail", 'n', "COUNT", "Of those that there are, the last ones only; 10 with -f alone.", NULL },
	{ "container", 0, "NAME", "On this container.", "@container" },
	{ NULL },
};

static const struct view events_view = {
	.columns = "seq,time,type,tenant,name,operation,data",
	.names = "seq,time,type,container,tenant,name,operation,data",
	.key = "seq",
};

/* The daemon may be restarted meanwhile: events go on where they were. */
enum { EVENTS_RETRY_MS = 500, EVENTS_RETRIES = 60, EVENTS_TAIL = 10 };

struct events {
	struct client *client;
	const char *container;
	struct sse sse;
	struct json_object *items; /* collected, when they aren't followed */
	bool follow, header, failed, heard;
	bool resumed; /* something of it has been seen */
	int64_t last; /* sequence number, -1: none yet */
	int64_t tail; /* -1: all */
};

/* Lines come one by one, so that the widths can't be those of the texts. */
static int
events_width(const char *field)
{
	static const struct {
		const char *field;
		int width;
	} widths[] = {
		{ "seq", 7 },     { "time", 20 }, { "type", 20 },      { "container", 36 },
		{ "tenant", 10 }, { "name", 16 }, { "operation", 36 },
	};

	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
		if (strcmp(widths[i].field, field) == 0)
			return widths[i].width;
	return 0;
}

static void
events_add_cell(const struct events *ev, const char *field, const char *text, bool last, struct buf *out)
{
	if (ev->client->output == OUTPUT_CSV) {
		print_csv_cell(text, out);
		buf_addf(out, "%s", last ? "\r\n" : ",");
	} else {
		buf_addf(out, "%-*s%s", last ? 0 : events_width(field), text, last ? "\n" : " ");
	}
}

/* event NULL: the line of titles. */
static void
events_add_row(const struct events *ev, struct json_object *event, struct buf *out)
{
	const char *at = ev->client->fields ? ev->client->fields : events_view.columns;
	bool csv = ev->client->output == OUTPUT_CSV;

	while (*at) {
		AUTO_BUF struct buf cell = { 0 };
		size_t len = strcspn(at, ",");
		char field[40], title[40];

		snprintf(field, sizeof field, "%.*s", (int)len, at);
		at += len + (at[len] == ',');
		print_title(field, title, sizeof title);
		if (event)
			print_value(&events_view, event, field, !csv, &cell);
		else
			buf_addf(&cell, "%s", csv ? field : title);
		events_add_cell(ev, field, cell.data ? cell.data : "", *at == '\0', out);
	}
}

static void
events_print(struct events *ev, struct json_object *event)
{
	struct buf out = { 0 };
	struct err e = { 0 };

	if (ev->client->output == OUTPUT_JSON) {
		ev->failed = print_json(event, false, &e) < 0;
		return;
	}
	if (ev->header)
		events_add_row(ev, NULL, &out);
	ev->header = false;
	events_add_row(ev, event, &out);
	ev->failed = !print_flush(&out);
}

static int
events_take(void *arg, const char *name, const char *id, const char *data)
{
	struct events *ev = arg;
	struct json_object *event = json_tokener_parse(data);

	ev->heard = ev->resumed = true;
	if (!json_object_is_type(event, json_type_object)) {
		json_object_put(event);
		return 0;
	}
	ev->last = call_int(event, "seq", ev->last);
	if (!ev->follow) {
		json_object_array_add(ev->items, event);
		return 0;
	}
	events_print(ev, event);
	json_object_put(event);
	return ev->failed;
}

static int
events_sink(void *arg, const char *data, size_t len)
{
	struct events *ev = arg;

	return sse_feed(&ev->sse, data, len);
}

static int
events_path(const struct events *ev, struct buf *path, struct err *e)
{
	AUTO_BUF struct buf query = { 0 }, target = { 0 };
	char number[32], tail[32];

	snprintf(number, sizeof number, "%lld", (long long)ev->last);
	snprintf(tail, sizeof tail, "%lld", (long long)ev->tail);
	if (ev->container)
		client_container(ev->client, ev->container, &target);
	call_query_add(&query, "follow", ev->follow ? "true" : "false");
	call_query_add(&query, "since", ev->last >= 0 ? number : NULL);
	call_query_add(&query, "tail", ev->tail >= 0 && !ev->resumed ? tail : NULL);
	call_query_add(&query, "container", target.data);
	buf_addf(path, "%s?%s", op_get(EVENTS)->path, query.data ? query.data : "");
	return query.failed || target.failed || path->failed ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

static int
events_fetch(struct events *ev, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_BUF struct buf path = { 0 };
	static const char *const headers[] = { "Accept: text/event-stream", NULL };
	struct http_request request = { .method = "GET", .headers = headers, .sink = events_sink, .arg = ev };
	int rc;

	if (events_path(ev, &path, e) < 0)
		return -1;
	request.path = path.data;
	ev->sse = (struct sse){ .handler = events_take, .arg = ev };
	rc = http_exchange(&ev->client->http, &request, &reply, e);
	sse_clear(&ev->sse);
	if (ev->failed)
		return err_set(e, ERR_INTERNAL, "Can't write standard output");
	return rc < 0 ? -1 : problem_check(&reply, e);
}

static int
events_follow(struct events *ev, struct err *e)
{
	for (int tries = 0; tries < EVENTS_RETRIES; tries++) {
		ev->heard = false;
		if (events_fetch(ev, e) < 0 && e->kind != ERR_UNAVAILABLE && e->kind != ERR_TIMEOUT)
			return -1;
		/* That it never was there is told at once. */
		if (ev->last < 0 && !ev->heard && tries == 0 && err_is_set(e))
			return -1;
		if (ev->heard)
			tries = 0;
		poll(NULL, 0, EVENTS_RETRY_MS);
	}
	return err_is_set(e) ? -1 : err_set(e, ERR_UNAVAILABLE, "The daemon sends no more events");
}

static int
events_show(struct client *c, const struct args *args, struct err *e)
{
	struct events ev = {
		.client = c,
		.container = args_value(args, "container"),
		.follow = args_has(args, "follow"),
		.header = !c->no_header && !c->quiet,
		.last = -1,
		.tail = -1,
	};
	int rc;

	if (ev.follow && !args_has(args, "since"))
		ev.tail = EVENTS_TAIL;
	if (args_int(args, "since", 0, INT64_MAX, &ev.last, e) < 0 || args_int(args, "tail", 0, 1000000, &ev.tail, e) < 0 ||
	    print_check(c, &events_view, e) < 0)
		return -1;
	if (ev.follow && c->sort)
		return args_usage(e, "What is followed has no end to sort it at: leave out --sort");
	if (ev.follow)
		return events_follow(&ev, e);
	ev.items = json_object_new_array();
	rc = events_fetch(&ev, e);
	if (rc == 0)
		rc = print_list(c, &events_view, ev.items, e);
	json_object_put(ev.items);
	return rc;
}

const struct verb events_verb = {
	.name = "events",
	.args = "",
	.help = "Show what happened, and what happens",
	.more = "Each event has a number; --since goes on after one that was seen.",
	.examples = "berth events\n"
	            "berth events -f --since 120 -o json",
	.options = events_opts,
	.groups = VERB_LISTS | OPTS_TENANT,
	.run = events_show,
};
