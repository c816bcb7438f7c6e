#include "daemon/api/follow.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/api/api.h"
#include "daemon/api/queue.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/token.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

enum { FOLLOW_BATCH = 64, FOLLOW_UNSENT_MAX = 64 * 1024, FOLLOW_HEARTBEAT_MS = 15 * 1000, FOLLOW_LOOKS = 16 };

/* After what has come in meanwhile. */
static const struct timeval follow_at_once = { 0, 0 };

struct progress_note {
	TAILQ_ENTRY(progress_note) next;
	char op[UUID_SIZE];
	char step[65];
	char text[513];
	int64_t percent;
	uint64_t version;
};

struct follower {
	TAILQ_ENTRY(follower) next;
	struct conn *conn;
	char op[UUID_SIZE];        /* "" for one of events */
	char container[UUID_SIZE]; /* "" for all */
	char tenant[WHO_TENANT_SIZE];
	struct who who;
	int64_t cursor;
	uint64_t version; /* of the progress last sent; 0 none yet */
	bool sent;
	bool endless;
	int64_t heard_ms;
	uint64_t pulled; /* the generation in which it was looked after */
	uint64_t seen;   /* the journal's, of which it has all; 0 none yet */
};

struct follow {
	struct api *api;
	struct event *kick;
	struct event *tick;
	uint64_t version;
	uint64_t generation; /* of all there is to tell, progress as well */
	uint64_t journal;    /* of what is in the journal */
	TAILQ_HEAD(, progress_note) notes;
	TAILQ_HEAD(, follower) followers;
};

static struct progress_note *
follow_note(const struct follow *follow, const char *op)
{
	struct progress_note *note;

	TAILQ_FOREACH(note, &follow->notes, next)
	if (strcmp(note->op, op) == 0)
		return note;
	return NULL;
}

static void
follow_write_event(struct buf *out, int64_t id, const char *event, struct json_object *data)
{
	const char *text =
	        data ? json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;

	if (!text)
		return;
	if (id > 0)
		buf_addf(out, "id: %lld\n", (long long)id);
	buf_addf(out, "event: %s\ndata: ", event);
	buf_add(out, text, strlen(text));
	buf_addf(out, "\n\n");
}

static void
follow_send(struct follower *f, const char *event, struct json_object *data)
{
	struct buf out = { 0 };

	follow_write_event(&out, 0, event, data);
	if (!out.failed)
		conn_stream_write(f->conn, out.data, out.len);
	buf_clear(&out);
	f->heard_ms = http_now_ms();
}

static void
follow_drop(struct follow *follow, struct follower *f)
{
	TAILQ_REMOVE(&follow->followers, f, next);
	free(f);
}

static void
follow_finish(struct follow *follow, struct follower *f)
{
	conn_stream_end(f->conn);
	follow_drop(follow, f);
}

/* What one look at the journal found. Those who stand at the same place of it get the same. */
struct follow_batch {
	struct buf text;
	int64_t cursor;
	size_t n;
};

static int
follow_add_event(void *arg, const void *record)
{
	const struct event_row *row = record;
	struct follow_batch *batch = arg;
	struct json_object *json = show_event(row);

	follow_write_event(&batch->text, row->seq, row->type, json);
	json_object_put(json);
	batch->cursor = row->seq;
	batch->n++;
	return batch->text.len > FOLLOW_UNSENT_MAX;
}

static void
follow_take_batch(struct follower *f, const struct follow_batch *batch, uint64_t generation)
{
	conn_stream_write(f->conn, batch->text.data, batch->text.len);
	f->cursor = batch->cursor;
	f->heard_ms = http_now_ms();
	/* Who doesn't wait looks until there is nothing, and ends. */
	f->seen = f->endless ? generation : 0;
}

static bool
follow_is_beside(const struct follower *f, const struct follower *other)
{
	return other != f && !other->op[0] && other->endless && other->cursor == f->cursor &&
	       strcmp(other->tenant, f->tenant) == 0 && strcmp(other->container, f->container) == 0 &&
	       conn_unsent(other->conn) == 0;
}

/* generation 0: there is more. The others' connections are looked after when it is their turn. */
static void
follow_share_batch(struct follow *follow, struct follower *f, const struct follow_batch *batch, uint64_t generation)
{
	struct follower *other;

	TAILQ_FOREACH(other, &follow->followers, next)
	if (follow_is_beside(f, other))
		follow_take_batch(other, batch, generation);
	follow_take_batch(f, batch, generation);
}

/* False: it has ended. */
static bool
follow_look(struct follow *follow, struct follower *f)
{
	const struct event_filter filter = { f->container[0] ? f->container : NULL, f->tenant[0] ? f->tenant : NULL };
	struct follow_batch batch = { .cursor = f->cursor };
	uint64_t generation = follow->journal;
	struct err e = { 0 };
	int rc = store_event_list(follow->api->model.store, &filter, f->cursor, FOLLOW_BATCH, follow_add_event, &batch, &e);

	if (rc < 0 || batch.text.failed)
		log_err(&e, "read the events");
	if (rc < 0 || batch.text.failed || (batch.n == 0 && !f->endless)) {
		follow_finish(follow, f);
		buf_clear(&batch.text);
		return false;
	}
	if (batch.n > 0)
		follow_share_batch(follow, f, &batch,
		                   batch.n < FOLLOW_BATCH && batch.text.len <= FOLLOW_UNSENT_MAX ? generation : 0);
	else
		f->seen = generation;
	buf_clear(&batch.text);
	return true;
}

static void
follow_pull_events(struct follow *follow, struct follower *f)
{
	if (conn_unsent(f->conn) > 0 || f->seen == follow->journal || !follow_look(follow, f))
		return;
	/* Of a long history a piece at a time. */
	if (conn_unsent(f->conn) == 0 && f->seen != follow->journal)
		evtimer_add(follow->kick, &follow_at_once);
}

static void
follow_pull_operation(struct follow *follow, struct follower *f)
{
	const struct progress_note *note = follow_note(follow, f->op);
	struct operation operation = { 0 };
	struct json_object *json;
	struct err e = { 0 };
	bool open = false;

	if (store_operation_get(follow->api->model.store, f->op, &operation, &e) < 0)
		log_err(&e, "read an operation");
	else
		open = operation_is_open(&operation);
	if (!open || !f->sent || (note && note->version != f->version)) {
		follow_add_progress(follow, &operation);
		json = show_operation(f->who.role, &operation);
		queue_add_position(follow->api->queue, &operation, json);
		follow_send(f, open ? "progress" : "end", json);
		json_object_put(json);
		f->sent = true;
		f->version = note ? note->version : 0;
	}
	record_clear(&operation_schema, &operation);
	if (!open)
		follow_finish(follow, f);
}

static void
follow_pull(struct follow *follow, struct follower *f)
{
	if (conn_unsent(f->conn) > 0)
		return;
	if (f->op[0])
		follow_pull_operation(follow, f);
	else
		follow_pull_events(follow, f);
}

static bool
follow_has_news(const struct follow *follow, const struct follower *f)
{
	return (f->op[0] ? f->pulled != follow->generation : f->seen != follow->journal) && conn_unsent(f->conn) == 0;
}

/* So many looks at the database at a time: whoever asks for something else comes between. The pull may end the follower, and the
 * connection after it. */
static void
follow_pull_some(struct follow *follow)
{
	struct follower *f, *next;
	int looks = 0;

	for (f = TAILQ_FIRST(&follow->followers); f; f = next) {
		struct conn *conn = f->conn;

		next = TAILQ_NEXT(f, next);
		if (!follow_has_news(follow, f))
			continue;
		if (looks++ == FOLLOW_LOOKS) {
			evtimer_add(follow->kick, &follow_at_once);
			return;
		}
		f->pulled = follow->generation;
		follow_pull(follow, f);
		conn_resume(conn);
	}
}

static void
follow_on_kick(evutil_socket_t fd, short what, void *arg)
{
	follow_pull_some(arg);
}

static void
follow_on_tick(evutil_socket_t fd, short what, void *arg)
{
	static const char heartbeat[] = ": still here\n\n";
	struct follow *follow = arg;
	struct follower *f, *next;
	int64_t now_ms = http_now_ms();

	for (f = TAILQ_FIRST(&follow->followers); f; f = next) {
		struct conn *conn = f->conn;

		next = TAILQ_NEXT(f, next);
		if (now_ms - f->heard_ms < FOLLOW_HEARTBEAT_MS || conn_unsent(conn) > 0)
			continue;
		f->heard_ms = now_ms;
		conn_stream_write(conn, heartbeat, sizeof heartbeat - 1);
		conn_resume(conn);
	}
}

static void
follow_kick_operations(struct follow *follow)
{
	follow->generation++;
	if (!TAILQ_EMPTY(&follow->followers))
		evtimer_add(follow->kick, &follow_at_once);
}

void
follow_kick(void *arg)
{
	struct follow *follow = arg;

	follow->journal++;
	follow_kick_operations(follow);
}

static struct follower *
follow_add(struct call *c)
{
	struct follow *follow = c->api->follow;
	struct follower *f = calloc(1, sizeof *f);

	if (!f) {
		err_set(&c->err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	if (conn_stream_begin(c->conn, &c->err) < 0) {
		free(f);
		return NULL;
	}
	f->conn = c->conn;
	f->who = c->who;
	f->heard_ms = http_now_ms();
	TAILQ_INSERT_TAIL(&follow->followers, f, next);
	return f;
}

struct answered
follow_operation(struct call *c, const struct operation *operation)
{
	struct follower *f = follow_add(c);

	if (!f)
		return reply_error(c);
	snprintf(f->op, sizeof f->op, "%s", operation->id);
	follow_pull(c->api->follow, f);
	return (struct answered){ ANSWERED_AWAY };
}

struct answered
follow_events(struct call *c, int64_t since, const struct event_filter *filter, bool endless)
{
	struct follower *f = follow_add(c);

	if (!f)
		return reply_error(c);
	f->cursor = since;
	f->endless = endless;
	snprintf(f->container, sizeof f->container, "%s", filter->container ? filter->container : "");
	snprintf(f->tenant, sizeof f->tenant, "%s", filter->tenant ? filter->tenant : "");
	follow_pull(c->api->follow, f);
	return (struct answered){ ANSWERED_AWAY };
}

void
follow_progress(struct follow *follow, const struct progress *progress)
{
	struct progress_note *note = follow_note(follow, progress->op);

	if (!note) {
		note = calloc(1, sizeof *note);
		if (!note)
			return;
		snprintf(note->op, sizeof note->op, "%s", progress->op);
		TAILQ_INSERT_TAIL(&follow->notes, note, next);
	}
	if (progress->step)
		snprintf(note->step, sizeof note->step, "%s", progress->step);
	snprintf(note->text, sizeof note->text, "%s", progress->text ? progress->text : "");
	if (record_has(&progress_schema, progress, "percent"))
		note->percent = progress->percent;
	note->version = ++follow->version;
	follow_kick_operations(follow);
}

void
follow_add_progress(const struct follow *follow, struct operation *operation)
{
	const struct progress_note *note = operation->id ? follow_note(follow, operation->id) : NULL;

	if (!note || !operation_is_open(operation))
		return;
	row_put_text(&operation_schema, operation, "step", note->step);
	row_put_text(&operation_schema, operation, "text", note->text);
	row_put_int(&operation_schema, operation, "percent", note->percent);
}

void
follow_end_progress(struct follow *follow, const char *operation)
{
	struct progress_note *note = follow_note(follow, operation);

	if (note) {
		TAILQ_REMOVE(&follow->notes, note, next);
		free(note);
	}
	follow_kick_operations(follow);
}

void
follow_drained(struct follow *follow, struct conn *conn)
{
	struct follower *f;

	TAILQ_FOREACH(f, &follow->followers, next)
	if (f->conn == conn) {
		follow_pull(follow, f);
		return;
	}
}

void
follow_end_revoked(struct follow *follow, bool look)
{
	static const char goodbye[] = ": the credential has ended\n\n";
	struct follower *f, *next;

	for (f = TAILQ_FIRST(&follow->followers); f; f = next) {
		struct conn *conn = f->conn;

		next = TAILQ_NEXT(f, next);
		if (token_still_counts(&follow->api->model, &f->who, look))
			continue;
		conn_stream_write(conn, goodbye, sizeof goodbye - 1);
		follow_finish(follow, f);
		conn_resume(conn);
	}
}

void
follow_forget(struct follow *follow, const struct conn *conn)
{
	struct follower *f, *next;

	for (f = TAILQ_FIRST(&follow->followers); f; f = next) {
		next = TAILQ_NEXT(f, next);
		if (f->conn == conn)
			follow_drop(follow, f);
	}
}

struct follow *
follow_new(struct api *api, struct event_base *base)
{
	const struct timeval second = { 1, 0 };
	struct follow *follow = calloc(1, sizeof *follow);

	if (!follow)
		return NULL;
	follow->api = api;
	follow->generation = follow->journal = 1;
	TAILQ_INIT(&follow->notes);
	TAILQ_INIT(&follow->followers);
	follow->kick = evtimer_new(base, follow_on_kick, follow);
	follow->tick = event_new(base, -1, EV_PERSIST, follow_on_tick, follow);
	if (!follow->kick || !follow->tick || event_add(follow->tick, &second) < 0) {
		follow_free(follow);
		return NULL;
	}
	return follow;
}

void
follow_free(struct follow *follow)
{
	struct progress_note *note;
	struct follower *f;

	if (!follow)
		return;
	while ((f = TAILQ_FIRST(&follow->followers)))
		follow_drop(follow, f);
	while ((note = TAILQ_FIRST(&follow->notes))) {
		TAILQ_REMOVE(&follow->notes, note, next);
		free(note);
	}
	if (follow->kick)
		event_free(follow->kick);
	if (follow->tick)
		event_free(follow->tick);
	free(follow);
}
