#include "client/events.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/sse.h"
#include "daemon/util/fd.h"

const struct opt events_opts[] = { { "follow", 'f', NULL, "Go on with what comes; with json, an object a line.", NULL },
	                           { "since", 0, "NUMBER", "Only those after this sequence number.", NULL },
	                           { "container", 0, "NAME", "On this container.", "@container" },
	                           { NULL } };

static const struct view events_view = {
	.columns = "seq,at,type,container,text",
	.names = "seq,id,at,time,created_at,type,kind,container,name,tenant,actor,operation,state,text,data",
	.key = "seq",
};

struct events {
	struct client *client;
	struct sse sse;
	struct json_object *items;
	bool follow, header, failed;
	int64_t last;
};

/* A line at once: what follows may come in an hour. */
static void
events_print_row(struct events *ev, struct json_object *event)
{
	static const char *const fields[] = { "seq", "at", "type", "container", "text" };
	static const int widths[] = { 8, 21, 20, 20, 0 };
	bool csv = ev->client->output == OUTPUT_CSV;
	struct buf out = { 0 };

	for (size_t i = 0; ev->header && i < 5; i++) {
		char title[16];

		print_title(fields[i], title, sizeof title);
		buf_addf(&out, csv ? "%.*s%s" : "%-*s%s", csv ? 16 : widths[i], csv ? fields[i] : title,
		         i < 4 ? csv ? "," : " "
		         : csv ? "\r\n"
		               : "\n");
	}
	ev->header = false;
	for (size_t i = 0; i < 5; i++) {
		AUTO_BUF struct buf cell = { 0 };

		print_value(&events_view, event, fields[i], !csv, &cell);
		if (csv)
			print_csv_cell(cell.data ? cell.data : "", &out);
		else
			buf_addf(&out, "%-*s", widths[i], cell.data ? cell.data : "");
		buf_addf(&out, "%s", i < 4 ? csv ? "," : " " : csv ? "\r\n" : "\n");
	}
	ev->failed = !print_flush(&out);
}

static int
events_take(void *arg, const char *name, const char *id, const char *data)
{
	struct events *ev = arg;
	struct json_object *event = json_tokener_parse(data);
	struct err e = { 0 };

	if (!json_object_is_type(event, json_type_object)) {
		json_object_put(event);
		return 0;
	}
	ev->last = call_int(event, "seq", ev->last);
	if (ev->client->output == OUTPUT_JSON && !ev->follow) {
		json_object_array_add(ev->items, event);
		return 0;
	}
	if (ev->client->output == OUTPUT_JSON)
		ev->failed = print_json(event, false, &e) < 0;
	else
		events_print_row(ev, event);
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
events_fetch(struct events *ev, const char *path, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	static const char *const headers[] = { "Accept: text/event-stream", NULL };
	struct http_request request = {
		.method = "GET", .path = path, .headers = headers, .timeout_ms = ev->follow ? -1 : 0, .sink = events_sink, .arg = ev
	};

	if (http_exchange(&ev->client->http, &request, &reply, e) < 0)
		return -1;
	if (ev->failed)
		return err_set(e, ERR_INTERNAL, "Can't write standard output");
	return problem_check(&reply, e);
}

static int
events_query(const struct client *c, const struct args *args, bool follow, int64_t since, struct buf *path, struct err *e)
{
	AUTO_BUF struct buf query = { 0 }, target = { 0 };
	const char *container = args_value(args, "container");
	char number[32];

	snprintf(number, sizeof number, "%lld", (long long)since);
	if (container)
		client_container(c, container, &target);
	call_query_add(&query, "follow", follow ? "true" : "false");
	call_query_add(&query, "since", since >= 0 ? number : NULL);
	call_query_add(&query, "container", container ? target.data : NULL);
	buf_addf(path, "%s?%s", op_get(EVENTS)->path, query.data ? query.data : "");
	return query.failed || target.failed || path->failed ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

int
events_show(struct client *c, const struct args *args, struct err *e)
{
	struct events ev = { .client = c, .follow = args_has(args, "follow"), .header = !c->no_header && !c->quiet, .last = -1 };
	AUTO_BUF struct buf path = { 0 };
	int64_t since = -1;
	int rc;

	if (args_int(args, "since", 0, INT64_MAX, &since, e) < 0 || events_query(c, args, ev.follow, since, &path, e) < 0)
		return -1;
	ev.sse = (struct sse){ .handler = events_take, .arg = &ev };
	ev.items = json_object_new_array();
	rc = events_fetch(&ev, path.data, e);
	if (rc == 0 && c->output == OUTPUT_JSON && !ev.follow)
		rc = print_json(ev.items, true, e);
	json_object_put(ev.items);
	sse_clear(&ev.sse);
	return rc;
}
