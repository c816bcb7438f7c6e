#include "daemon/api/meter.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/allowance.h"
#include "daemon/util/fault.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

enum { METER_BUCKETS = 1024, METER_ASK_S = 300, METER_ASK_SOON_S = 5, METER_PURGE_S = 60, METER_FORGET_MAX = 256 };

struct meter_slot {
	struct meter_slot *next;
	struct meter_now now;
	struct meter_entry entry;
	int64_t booked_ms;
	bool unknown; /* to the database, when it was last to be booked */
	bool final;   /* gone, and booked for good */
};

struct meter {
	struct api *api;
	struct event *ask;   /* root: sizes, counters that are missing, those that may go */
	struct event *purge; /* what is too old */
	struct meter_slot *buckets[METER_BUCKETS];
	char op[UUID_SIZE]; /* of what was asked last; "": answered */
	int64_t pass_ms;
	bool missing; /* there are no traffic counters */
	bool booked;  /* something, in this pass */
	bool hasty;   /* each reading is booked */
	bool hurried; /* what is asked next is asked soon */
};

static void
meter_wait(struct event *event, int64_t seconds)
{
	const struct timeval wait = { seconds, 0 };

	event_add(event, &wait);
}

static struct meter_slot *
meter_slot(const struct meter *meter, int64_t ctid)
{
	struct meter_slot *slot = meter->buckets[ctid % METER_BUCKETS];

	while (slot && slot->entry.newest.ctid != ctid)
		slot = slot->next;
	return slot;
}

static struct meter_slot *
meter_slot_make(struct meter *meter, int64_t ctid)
{
	struct meter_slot *slot = meter_slot(meter, ctid);

	if (slot || !(slot = calloc(1, sizeof *slot)))
		return slot;
	slot->entry.newest.ctid = ctid;
	slot->entry.disk = SAMPLE_UNKNOWN;
	slot->now.entry = &slot->entry;
	slot->next = meter->buckets[ctid % METER_BUCKETS];
	meter->buckets[ctid % METER_BUCKETS] = slot;
	return slot;
}

const struct meter_now *
meter_find(const struct meter *meter, int64_t ctid)
{
	const struct meter_slot *slot = meter_slot(meter, ctid);

	return slot && slot->now.time_ms > 0 ? &slot->now : NULL;
}

int64_t
meter_last_pass(const struct meter *meter)
{
	return meter->pass_ms;
}

static int
meter_book_slot(struct meter *meter, struct txn *txn, struct meter_slot *slot, struct err *e)
{
	enum meter_booked booked;

	/* The first to be booked opens it. */
	if (!txn->store && txn_begin(txn, meter->api->model.store, e) < 0)
		return -1;
	if (meter_book(&meter->api->model, &slot->entry, &booked, e) < 0)
		return -1;
	slot->unknown = booked == METER_UNKNOWN;
	slot->final = booked == METER_FINAL;
	if (booked != METER_UNKNOWN) {
		meter_settle(&slot->entry);
		meter->booked = true;
		slot->booked_ms = slot->now.time_ms;
	}
	return 0;
}

static int64_t
meter_minute(int64_t ms)
{
	return ms / 60000;
}

/* What was read in one minute isn't booked in the next. */
static int
meter_take_line(struct meter *meter, struct txn *txn, const struct samples *samples, const char *line, struct err *e)
{
	const struct settings *s = &meter->api->settings;
	struct meter_slot *slot;
	struct sample sample;

	if (!sample_parse(line, &sample))
		return err_set(e, ERR_INTERNAL, "the sampler gave no sample");
	slot = meter_slot_make(meter, sample.ctid);
	if (!slot)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (slot->final)
		return 0;
	if (slot->entry.dirty && meter_minute(slot->now.time_ms) != meter_minute(samples->time_ms) &&
	    meter_book_slot(meter, txn, slot, e) < 0)
		return -1;
	slot->now.before = slot->entry.newest;
	slot->now.before_ms = slot->now.time_ms;
	meter_take(&slot->entry, &sample, samples->generation, samples->time_ms, 3000 * s->sample_interval);
	slot->now.time_ms = samples->time_ms;
	/* At its first reading nothing is known of the one before: it is booked at once. */
	if (meter->hasty || samples->time_ms - slot->booked_ms >= 1000 * s->usage_interval || samples->time_ms < slot->booked_ms)
		return meter_book_slot(meter, txn, slot, e);
	return 0;
}

/* What a transaction that failed had booked is in the next reading too; of levels a minute is lost. */
static void
meter_unbook(struct meter *meter)
{
	for (size_t i = 0; i < METER_BUCKETS; i++)
		for (struct meter_slot *slot = meter->buckets[i]; slot; slot = slot->next) {
			slot->final = false;
			slot->booked_ms = 0;
		}
}

static int
meter_take_lines(struct meter *meter, const struct samples *samples, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	for (size_t i = 0; i < samples->lines.n; i++)
		if (meter_take_line(meter, &txn, samples, samples->lines.v[i], e) < 0)
			return -1;
	return txn.store ? txn_commit(&txn, e) : 0;
}

static int64_t
meter_count_final(const struct meter *meter)
{
	int64_t n = 0;

	for (size_t i = 0; i < METER_BUCKETS; i++)
		for (const struct meter_slot *slot = meter->buckets[i]; slot; slot = slot->next)
			n += slot->final;
	return n;
}

int
meter_receive(struct meter *meter, const struct samples *samples, struct err *e)
{
	struct store *store = meter->api->model.store;
	int rc;

	/* A pass is on disk when its end is: a power cut takes no more than what was read since. */
	if (!samples->last && store_set_durable(store, false, e) < 0)
		return -1;
	rc = meter_take_lines(meter, samples, e);
	FAULT("api.metered");
	if (!samples->last && store_set_durable(store, true, rc < 0 ? NULL : e) < 0)
		rc = -1;
	if (rc < 0)
		meter_unbook(meter);
	if (rc < 0 || !samples->last)
		return rc;
	meter->pass_ms = samples->time_ms;
	if (meter->booked && allowance_check(meter->api, e) < 0)
		return -1;
	meter->booked = false;
	meter->missing = samples->generation[0] == '\0';
	if ((meter->missing || meter_count_final(meter) > 0) && !meter->op[0] && !meter->hurried) {
		meter->hurried = true;
		meter_wait(meter->ask, METER_ASK_SOON_S);
	}
	return 0;
}

void
meter_hurry(struct meter *meter)
{
	if (meter)
		meter->hasty = true;
}

static bool
meter_fill_request(const struct meter *meter, struct request *request)
{
	char ctid[32];

	if (!row_put_text(&request_schema, request, "op", meter->op))
		return false;
	for (size_t i = 0; i < METER_BUCKETS; i++)
		for (const struct meter_slot *slot = meter->buckets[i]; slot && request->ctids.n < METER_FORGET_MAX;
		     slot = slot->next) {
			if (!slot->final)
				continue;
			snprintf(ctid, sizeof ctid, "%" PRId64, slot->entry.newest.ctid);
			if (!strv_add(&request->ctids, ctid))
				return false;
		}
	record_mark(&request_schema, request, "ctids", request->ctids.n > 0);
	return true;
}

static void
meter_on_ask(evutil_socket_t fd, short what, void *arg)
{
	struct meter *meter = arg;
	struct request request = { 0 };
	struct err e = { 0 };

	meter->hurried = false;
	meter_wait(meter->ask, METER_ASK_S);
	if (!meter->api->ready || meter->api->recovery || meter->op[0])
		return;
	uuid_make(meter->op);
	if (!meter_fill_request(meter, &request))
		err_set(&e, ERR_INTERNAL, "out of memory");
	else
		link_send(meter->api->link, REQUEST_METER, &request, -1, &e);
	record_clear(&request_schema, &request);
	if (!err_is_set(&e))
		return;
	meter->op[0] = '\0';
	log_err(&e, "ask for the volumes' sizes");
}

/* Their counters are gone: so are they. The database keeps their last readings, for one may still be on its way here. */
static void
meter_forget_final(struct meter *meter)
{
	for (size_t i = 0; i < METER_BUCKETS; i++)
		for (struct meter_slot **at = &meter->buckets[i], *slot; (slot = *at);) {
			if (!slot->final) {
				at = &slot->next;
				continue;
			}
			*at = slot->next;
			free(slot);
		}
}

static void
meter_take_sizes(struct meter *meter, const char *text)
{
	struct json_object *json = text ? json_tokener_parse(text) : NULL;

	if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach(json, ctid, bytes)
		{
			struct meter_slot *slot = meter_slot(meter, strtoll(ctid, NULL, 10));

			if (slot)
				slot->entry.disk = json_object_get_int64(bytes);
		}
	}
	json_object_put(json);
}

bool
meter_ended(struct meter *meter, const struct done *done)
{
	if (!meter || !meter->op[0] || strcmp(meter->op, done->op) != 0)
		return false;
	meter->op[0] = '\0';
	if (done->kind) {
		log_error("read the volumes' sizes: %s", done->message ? done->message : done->kind);
		return true;
	}
	meter_forget_final(meter);
	meter_take_sizes(meter, done->result);
	return true;
}

static void
meter_on_purge(evutil_socket_t fd, short what, void *arg)
{
	struct meter *meter = arg;
	struct err e = { 0 };
	int rc = 0;

	if (meter->api->ready && !meter->api->recovery)
		rc = meter_purge(&meter->api->model, &e);
	if (rc < 0)
		log_err(&e, "purge old usage");
	meter_wait(meter->purge, rc == 1 ? 1 : METER_PURGE_S);
}

struct meter *
meter_new(struct api *api)
{
	struct meter *meter = calloc(1, sizeof *meter);

	if (!meter)
		return NULL;
	meter->api = api;
	meter->ask = evtimer_new(api->base, meter_on_ask, meter);
	meter->purge = evtimer_new(api->base, meter_on_purge, meter);
	if (!meter->ask || !meter->purge) {
		meter_free(meter);
		return NULL;
	}
	meter_wait(meter->ask, METER_ASK_SOON_S);
	meter_wait(meter->purge, METER_PURGE_S);
	return meter;
}

void
meter_free(struct meter *meter)
{
	if (!meter)
		return;
	for (size_t i = 0; i < METER_BUCKETS; i++)
		for (struct meter_slot *slot = meter->buckets[i], *next; slot; slot = next) {
			next = slot->next;
			free(slot);
		}
	if (meter->ask)
		event_free(meter->ask);
	if (meter->purge)
		event_free(meter->purge);
	free(meter);
}
