/* An operation followed to its end: its events, a line of progress, Ctrl-C. */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/clean.h"
#include "client/follow.h"
#include "client/problem.h"
#include "client/sse.h"
#include "daemon/util/clock.h"
#include "daemon/util/fd.h"

/* The daemon may be restarted meanwhile: operations outlive it. */
enum { FOLLOW_RETRY_MS = 300, FOLLOW_PATIENCE_MS = 30000 };

struct follow {
	struct client *client;
	const char *label;
	struct json_object *end;
	struct sse sse;
	bool line; /* a progress line stands on the terminal */
	bool heard;
};

static void
follow_wipe_line(struct follow *f)
{
	if (f->line)
		fputs("\r\033[K", stderr);
	f->line = false;
}

/* Cut by characters, that a byte too many is cut does no harm on one line that is overwritten. */
static void
follow_show(struct follow *f, struct json_object *operation)
{
	AUTO_BUF struct buf line = { 0 };
	const char *text = call_text(operation, "text"), *step = call_text(operation, "step");
	int64_t percent = call_int(operation, "percent", -1);
	struct winsize size = { 0 };
	size_t width = 80;

	if (!f->client->progress)
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	clean_text(f->label, &line);
	buf_addf(&line, ": ");
	clean_text(text && *text ? text : step && *step ? step : "under way", &line);
	if (percent > 0)
		buf_addf(&line, " %lld%%", (long long)percent);
	if (line.failed)
		return;
	if (line.len >= width) {
		line.len = width - 1;
		while (line.len > 0 && (line.data[line.len] & 0xc0) == 0x80)
			line.len--;
		line.data[line.len] = '\0';
	}
	fprintf(stderr, "\r\033[K%s", line.data);
	f->line = true;
}

static int
follow_event(void *arg, const char *event, const char *id, const char *data)
{
	struct follow *f = arg;
	struct json_object *operation = json_tokener_parse(data);

	f->heard = true;
	if (strcmp(event, "end") == 0) {
		f->end = operation;
		return 1;
	}
	follow_show(f, operation);
	json_object_put(operation);
	return 0;
}

static int
follow_sink(void *arg, const char *data, size_t len)
{
	struct follow *f = arg;

	return sse_feed(&f->sse, data, len);
}

static int
follow_once(struct follow *f, const char *path, int timeout_ms, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	static const char *const headers[] = { "Accept: text/event-stream", NULL };
	struct http_request request = {
		.method = "GET", .path = path, .headers = headers, .timeout_ms = timeout_ms, .sink = follow_sink, .arg = f
	};

	if (http_exchange(&f->client->http, &request, &reply, e) < 0)
		return -1;
	return problem_check(&reply, e);
}

/* 0 once the end is in f->end. */
static int
follow_to_end(struct follow *f, const char *path, int64_t deadline_ms, struct err *e)
{
	int64_t patience = clock_ms(CLOCK_MONOTONIC) + FOLLOW_PATIENCE_MS;

	for (;;) {
		int64_t now = clock_ms(CLOCK_MONOTONIC);
		struct pollfd interrupt = { f->client->http.interrupt_fd, POLLIN, 0 };
		int timeout = deadline_ms < 0 ? 0 : deadline_ms > now ? (int)(deadline_ms - now) : 1, rc;

		f->heard = false;
		rc = follow_once(f, path, timeout, e);
		sse_clear(&f->sse);
		f->sse.has_data = f->sse.overflow = f->sse.skip_lf = false;
		if (f->end)
			return 0;
		now = clock_ms(CLOCK_MONOTONIC);
		if (deadline_ms >= 0 && now >= deadline_ms)
			return err_set(e, ERR_TIMEOUT, "The operation still goes on");
		/* Its heartbeats come more often than a silence times out. */
		if (rc < 0 && e->kind != ERR_UNAVAILABLE && e->kind != ERR_TIMEOUT)
			return -1;
		if (f->heard)
			patience = now + FOLLOW_PATIENCE_MS;
		if (now >= patience)
			return err_set(e, ERR_UNAVAILABLE, "The daemon doesn't tell how the operation ends");
		if (poll(&interrupt, 1, FOLLOW_RETRY_MS) > 0)
			return http_interrupted(&f->client->http, e);
	}
}

static const char *
follow_id(const char *location)
{
	const char *slash = strrchr(location, '/');

	return slash ? slash + 1 : location;
}

/* 0 for an operation that succeeded, else -1 with why it didn't. */
static int
follow_judge(struct json_object *operation, struct err *e)
{
	const char *state = call_text(operation, "state"), *text;
	struct json_object *error = NULL;

	if (!state)
		return err_set(e, ERR_INTERNAL, "The daemon's answer is no operation");
	if (strcmp(state, "succeeded") == 0)
		return 0;
	json_object_object_get_ex(operation, "error", &error);
	if (json_object_is_type(error, json_type_object))
		return problem_to_err(error, 0, e);
	text = call_text(operation, "text");
	if (strcmp(state, "cancelled") == 0)
		return err_set(e, ERR_CANCELLED, "The operation was cancelled");
	return err_set(e, ERR_INTERNAL, "The operation failed%s%s", text && *text ? ": " : "", text ? text : "");
}

int
follow_operation(struct client *c, const char *location, const char *label, int timeout_ms, struct json_object **end_out,
                 struct err *e)
{
	struct follow f = { .client = c, .label = label };
	AUTO_BUF struct buf path = { 0 };
	sigset_t old;
	int rc;

	buf_addf(&path, "%s/events", location);
	if (path.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	/* Ctrl-C ends the waiting alone. */
	if (client_catch_interrupt(c, &old, e) < 0)
		return -1;
	f.sse = (struct sse){ .handler = follow_event, .arg = &f };
	rc = follow_to_end(&f, path.data, timeout_ms < 0 ? -1 : clock_ms(CLOCK_MONOTONIC) + timeout_ms, e);
	follow_wipe_line(&f);
	client_release_interrupt(c, &old);
	if (rc < 0 && e->kind == ERR_CANCELLED) {
		const char *id = follow_id(location);

		err_set(e, ERR_CANCELLED,
		        "The operation goes on. To watch it: berth operation wait %s; to end it: berth operation cancel %s", id,
		        id);
		err_code(e, "ctrl_c");
	} else if (rc < 0 && e->kind == ERR_TIMEOUT) {
		err_set(e, ERR_TIMEOUT, "The operation still goes on. To watch it: berth operation wait %s", follow_id(location));
	}
	if (rc == 0)
		rc = follow_judge(f.end, e);
	if (rc == 0 && end_out)
		*end_out = json_object_get(f.end);
	json_object_put(f.end);
	return rc;
}
