#include "daemon/api/hooks.h"

#include <json-c/json.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "config.h"
#include "daemon/api/api.h"
#include "daemon/api/show.h"
#include "daemon/model/webhook.h"
#include "daemon/util/fault.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

#define HOOK (&webhook_schema)

enum {
	HOOKS_SOON_MS = 20,
	HOOKS_AGAIN_MS = 1000,
	HOOKS_DEADLINE_MS = 30 * 1000, /* past the sender's own */
	HOOKS_FAILING_MAX = WEBHOOKS_AT_ONCE / 2,
	HOOKS_TENANT_MAX = 8,
	HOOKS_BATCH = 64,
	HOOKS_UNWRITTEN = 100, /* events that weren't for it, before its place is written */
	HOOKS_ID_SIZE = 17
};

/* One that was looked at. */
struct hook_state {
	LIST_ENTRY(hook_state) link;
	char id[HOOKS_ID_SIZE];
	char tenant[WHO_TENANT_SIZE];
	char op[UUID_SIZE]; /* of the attempt under way; "": none */
	bool failing;
	int64_t seq; /* that it is about */
	int64_t seen;
	int64_t deadline_ms;
	int64_t not_before_ms;
};

struct hooks {
	struct api *api;
	struct event *timer;
	int64_t wake_ms; /* of the timer; 0: it isn't set */
	size_t turn;
	LIST_HEAD(, hook_state) states;
};

static void
hooks_wake(struct hooks *hooks, int64_t ms)
{
	const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };
	int64_t at = http_now_ms() + ms;

	if (hooks->wake_ms && hooks->wake_ms <= at)
		return;
	hooks->wake_ms = at;
	event_add(hooks->timer, &wait);
}

void
hooks_kick(struct hooks *hooks)
{
	if (hooks->api->ready && !hooks->api->recovery)
		hooks_wake(hooks, HOOKS_SOON_MS);
}

static struct hook_state *
hooks_find(const struct hooks *hooks, const char *id)
{
	struct hook_state *state;

	LIST_FOREACH(state, &hooks->states, link)
	if (strcmp(state->id, id) == 0)
		return state;
	return NULL;
}

static struct hook_state *
hooks_state(struct hooks *hooks, const struct webhook *row)
{
	struct hook_state *state = hooks_find(hooks, row->id);

	if (!state) {
		state = calloc(1, sizeof *state);
		if (!state)
			return NULL;
		snprintf(state->id, sizeof state->id, "%s", row->id);
		snprintf(state->tenant, sizeof state->tenant, "%s", row->tenant ? row->tenant : "");
		LIST_INSERT_HEAD(&hooks->states, state, link);
	}
	if (state->seen < row->position)
		state->seen = row->position;
	state->failing = row->failures > 0;
	return state;
}

int64_t
hooks_position(const struct hooks *hooks, const struct webhook *row)
{
	const struct hook_state *state = row->id ? hooks_find(hooks, row->id) : NULL;

	return state && state->seen > row->position ? state->seen : row->position;
}

/* A tenant's share, and what those that fail may take of all. */
static bool
hooks_have_room(const struct hooks *hooks, const struct hook_state *wanted)
{
	size_t all = 0, tenants = 0, failing = 0;
	const struct hook_state *state;

	LIST_FOREACH(state, &hooks->states, link)
	{
		all += state->op[0] != '\0';
		failing += state->op[0] && state->failing;
		tenants += state->op[0] && strcmp(state->tenant, wanted->tenant) == 0;
	}
	return all < WEBHOOKS_AT_ONCE && (!wanted->tenant[0] || tenants < HOOKS_TENANT_MAX) &&
	       (!wanted->failing || failing < HOOKS_FAILING_MAX);
}

/* The next event that one wants. */
struct hook_search {
	const struct webhook *row;
	int64_t seen;
	int64_t seq; /* 0: none yet */
	char *type;
	char *body;
	size_t n;
};

static int
hooks_look_at(void *arg, const void *record)
{
	const struct event_row *event = record;
	struct hook_search *search = arg;
	struct json_object *json;

	search->n++;
	if (!webhook_wants(&search->row->types, event->type)) {
		search->seen = event->seq;
		return 0;
	}
	json = show_event(event);
	search->seq = event->seq;
	search->type = strdup(event->type);
	if (json)
		search->body =
		        strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	return 1;
}

static int
hooks_search(struct hooks *hooks, struct hook_search *search, struct err *e)
{
	const struct event_filter filter = { .tenant = search->row->tenant };

	do {
		search->n = 0;
		if (store_event_list(hooks->api->model.store, &filter, search->seen, HOOKS_BATCH, hooks_look_at, search, e) < 0)
			return -1;
	} while (search->n == HOOKS_BATCH && !search->seq);
	return search->seq && (!search->type || !search->body) ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

/* HMAC-SHA256 of "TIMESTAMP.BODY". */
static void
hooks_sign(const char *secret, const char *timestamp, const char *body, char out[2 * crypto_auth_hmacsha256_BYTES + 1])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp, strlen(timestamp));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_memzero(&state, sizeof state);
	sodium_bin2hex(out, 2 * sizeof mac + 1, mac, sizeof mac);
}

static bool
hooks_add_header(struct hook *hook, const char *name, const char *value)
{
	AUTO_BUF struct buf line = { 0 };

	buf_addf(&line, "%s: %s", name, value);
	return !line.failed && strv_add(&hook->headers, line.data);
}

static int
hooks_fill(struct hooks *hooks, const struct webhook *row, const struct hook_search *search, struct hook *hook, struct err *e)
{
	char secret[WEBHOOK_SECRET_MAX + 1], timestamp[24], seq[24], mac[2 * crypto_auth_hmacsha256_BYTES + 1], signature[80],
	        id[UUID_SIZE];
	int rc = store_webhook_secret(hooks->api->model.store, row->id, secret, sizeof secret, e);

	if (rc != 1)
		return rc < 0 ? -1 : err_set(e, ERR_INTERNAL, "the webhook %s has no secret", row->id);
	uuid_make(id);
	snprintf(timestamp, sizeof timestamp, "%lld", (long long)model_now());
	snprintf(seq, sizeof seq, "%lld", (long long)search->seq);
	hooks_sign(secret, timestamp, search->body, mac);
	explicit_bzero(secret, sizeof secret);
	snprintf(signature, sizeof signature, "sha256=%s", mac);
	record_mark(&hook_schema, hook, "headers", true);
	row_put_int(&hook_schema, hook, "host", !row->tenant);
	if (row_put_text(&hook_schema, hook, "op", id) && row_put_text(&hook_schema, hook, "url", row->url) &&
	    row_put_text(&hook_schema, hook, "body", search->body) && hooks_add_header(hook, "Content-Type", "application/json") &&
	    hooks_add_header(hook, "User-Agent", "berth/" PACKAGE_VERSION) && hooks_add_header(hook, "Berth-Webhook", row->id) &&
	    hooks_add_header(hook, "Berth-Delivery", seq) && hooks_add_header(hook, "Berth-Event", search->type) &&
	    hooks_add_header(hook, "Berth-Timestamp", timestamp) && hooks_add_header(hook, "Berth-Signature", signature))
		return 0;
	return err_set(e, ERR_INTERNAL, "out of memory");
}

static int
hooks_send(struct hooks *hooks, const struct webhook *row, struct hook_state *state, const struct hook_search *search,
           struct err *e)
{
	struct hook hook = { 0 };
	int rc = hooks_fill(hooks, row, search, &hook, e);

	if (rc == 0)
		rc = link_send_record(hooks->api->link, HOOK_SEND, &hook, e);
	FAULT("api.hook-sent");
	if (rc == 0) {
		memcpy(state->op, hook.op, sizeof state->op);
		state->seq = search->seq;
		state->deadline_ms = http_now_ms() + HOOKS_DEADLINE_MS;
	}
	record_clear(&hook_schema, &hook);
	return rc;
}

/* What was thrown away is passed over: the numbers tell the receiver. */
static int
hooks_begin_one(struct hooks *hooks, struct webhook *row, struct hook_state *state, struct err *e)
{
	struct hook_search search = { .row = row, .seen = state->seen };
	int rc = hooks_search(hooks, &search, e);

	if (rc == 0) {
		state->seen = search.seen;
		rc = search.seq ? hooks_send(hooks, row, state, &search, e) : 0;
	}
	if (rc == 0 && !search.seq && state->seen - row->position >= HOOKS_UNWRITTEN)
		rc = webhook_pass(&hooks->api->model, row, state->seen, e);
	free(search.type);
	free(search.body);
	return rc;
}

static void
hooks_begin(struct hooks *hooks, const char *id)
{
	struct webhook row = { 0 };
	struct err e = { 0 };
	int64_t now = model_now(), now_ms = http_now_ms();
	struct hook_state *state;

	if (store_table_get(hooks->api->model.store, TABLE_WEBHOOK, id, &row, &e) == 1 && row.enabled) {
		state = hooks_state(hooks, &row);
		if (state && !state->op[0] && row.next_try_at > now) {
			hooks_wake(hooks, (row.next_try_at - now) * 1000);
		} else if (state && !state->op[0] && state->not_before_ms > now_ms) {
			hooks_wake(hooks, state->not_before_ms - now_ms);
		} else if (state && !state->op[0] && !hooks_have_room(hooks, state)) {
			hooks_wake(hooks, HOOKS_AGAIN_MS);
		} else if (state && !state->op[0] && hooks_begin_one(hooks, &row, state, &e) < 0) {
			state->not_before_ms = now_ms + HOOKS_AGAIN_MS;
			hooks_wake(hooks, HOOKS_AGAIN_MS);
		}
	}
	if (err_is_set(&e))
		log_err(&e, "the webhook %s", id);
	record_clear(HOOK, &row);
}

static int
hooks_collect(void *arg, const void *record)
{
	const struct webhook *row = record;

	return !row->enabled || strv_add(arg, row->id) ? 0 : -1;
}

/* Those that are gone, or wait for nothing, are known no longer. */
static void
hooks_forget(struct hooks *hooks, const struct strv *ids)
{
	struct hook_state *state, *next;

	for (state = LIST_FIRST(&hooks->states); state; state = next) {
		next = LIST_NEXT(state, link);
		if (state->op[0] || strv_contains(ids, state->id))
			continue;
		LIST_REMOVE(state, link);
		free(state);
	}
}

/* The sender says more when it can: this one never came back. */
static void
hooks_check_deadlines(struct hooks *hooks)
{
	int64_t now_ms = http_now_ms();
	struct hook_state *state;

	LIST_FOREACH(state, &hooks->states, link)
	if (state->op[0] && state->deadline_ms <= now_ms) {
		state->op[0] = '\0';
		state->not_before_ms = now_ms + HOOKS_AGAIN_MS;
	} else if (state->op[0]) {
		hooks_wake(hooks, state->deadline_ms - now_ms);
	}
}

static void
hooks_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct hooks *hooks = arg;
	AUTO_STRV struct strv ids = { 0 };
	struct err e = { 0 };

	hooks->wake_ms = 0;
	if (hooks->api->recovery || !hooks->api->ready)
		return;
	hooks_check_deadlines(hooks);
	if (store_table_list(hooks->api->model.store, TABLE_WEBHOOK, NULL, "", INT64_MAX, hooks_collect, &ids, &e) < 0) {
		log_err(&e, "read the webhooks");
		hooks_wake(hooks, HOOKS_AGAIN_MS);
		return;
	}
	hooks_forget(hooks, &ids);
	/* By turns, for there may not be room for all. */
	hooks->turn++;
	for (size_t i = 0; i < ids.n; i++)
		hooks_begin(hooks, ids.v[(i + hooks->turn) % ids.n]);
}

static int
hooks_record(struct hooks *hooks, struct hook_state *state, const struct hook_end *end, struct err *e)
{
	struct webhook row = { 0 };
	char why[300];
	int rc = store_table_get(hooks->api->model.store, TABLE_WEBHOOK, state->id, &row, e);

	snprintf(why, sizeof why, "%s", end->error ? end->error : "");
	if (!end->error)
		snprintf(why, sizeof why, "it answered with %lld", (long long)end->status);
	if (rc == 1 && end->status / 100 == 2)
		rc = webhook_delivered(&hooks->api->model, &row, state->seq, e);
	else if (rc == 1)
		rc = webhook_failed(&hooks->api->model, &row, why, e);
	record_clear(HOOK, &row);
	return rc < 0 ? -1 : 0;
}

void
hooks_ended(struct hooks *hooks, const struct hook_end *end)
{
	struct hook_state *state;
	struct err e = { 0 };

	FAULT("api.hook-ended");
	LIST_FOREACH(state, &hooks->states, link)
	{
		if (!state->op[0] || (end->op && strcmp(state->op, end->op) != 0))
			continue;
		state->op[0] = '\0';
		/* Of all: the sender's own end is none of theirs. */
		if (!end->op || hooks_record(hooks, state, end, &e) < 0)
			state->not_before_ms = http_now_ms() + HOOKS_AGAIN_MS;
	}
	if (err_is_set(&e))
		log_err(&e, "record what became of a webhook");
	hooks_kick(hooks);
}

struct hooks *
hooks_new(struct api *api)
{
	struct hooks *hooks = calloc(1, sizeof *hooks);

	if (!hooks)
		return NULL;
	hooks->api = api;
	LIST_INIT(&hooks->states);
	hooks->timer = evtimer_new(api->base, hooks_on_timer, hooks);
	if (hooks->timer)
		return hooks;
	hooks_free(hooks);
	return NULL;
}

void
hooks_free(struct hooks *hooks)
{
	struct hook_state *state;

	if (!hooks)
		return;
	while ((state = LIST_FIRST(&hooks->states))) {
		LIST_REMOVE(state, link);
		free(state);
	}
	if (hooks->timer)
		event_free(hooks->timer);
	free(hooks);
}
