#include "daemon/api/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/model/token.h"
#include "daemon/util/log.h"

enum {
	GUARD_PLACES = 1024, /* who has been away longest loses his */
	GUARD_WAYS = 8,      /* places that a name may have */
	GUARD_NAME_SIZE = 32,
	GUARD_LOG_MS = 60 * 1000
};

/* So many at once, then one each so many milliseconds. */
struct guard_measure {
	int64_t burst;
	int64_t every_ms;
};
static const struct guard_measure guard_source = { 30, 500 }, guard_token = { 10, 6000 };

struct guard_place {
	char name[GUARD_NAME_SIZE];
	int64_t paid_ms; /* until when what was counted is paid for */
	int64_t logged_ms;
};

struct guard {
	struct guard_place places[GUARD_PLACES];
};

struct guard *
guard_new(void)
{
	return calloc(1, sizeof(struct guard));
}

void
guard_free(struct guard *guard)
{
	free(guard);
}

/* FNV-1a. Who makes names collide takes places of wrong names alone. */
static size_t
guard_hash(const char *name)
{
	uint64_t hash = 14695981039346656037u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)(hash >> 16);
}

static struct guard_place *
guard_find(struct guard *guard, const char *name)
{
	size_t first = guard_hash(name) % (GUARD_PLACES / GUARD_WAYS) * GUARD_WAYS;
	struct guard_place *oldest = &guard->places[first];

	for (size_t i = first; i < first + GUARD_WAYS; i++) {
		if (strcmp(guard->places[i].name, name) == 0)
			return &guard->places[i];
		if (guard->places[i].paid_ms < oldest->paid_ms)
			oldest = &guard->places[i];
	}
	*oldest = (struct guard_place){ .logged_ms = -GUARD_LOG_MS };
	snprintf(oldest->name, sizeof oldest->name, "%s", name);
	return oldest;
}

static bool
guard_is_past(struct guard *guard, const char *name, const struct guard_measure *measure, int64_t now_ms)
{
	struct guard_place *place = guard_find(guard, name);

	if (place->paid_ms < now_ms)
		place->paid_ms = now_ms;
	if (place->paid_ms + measure->every_ms - now_ms <= measure->burst * measure->every_ms) {
		place->paid_ms += measure->every_ms;
		return false;
	}
	if (now_ms - place->logged_ms >= GUARD_LOG_MS) {
		place->logged_ms = now_ms;
		log_warning("%s: wrong tokens faster than %lld and one each %lld ms", name, (long long)measure->burst,
		            (long long)measure->every_ms);
	}
	return true;
}

void
guard_count(struct guard *guard, const struct peer *peer, const char *header, int64_t now_ms, struct err *e)
{
	char name[GUARD_NAME_SIZE], id[TOKEN_ID_SIZE];
	bool past;

	if (peer->tcp)
		snprintf(name, sizeof name, "tcp");
	else
		snprintf(name, sizeof name, "uid:%u", (unsigned int)peer->uid);
	past = guard_is_past(guard, name, &guard_source, now_ms);
	if (token_name(header, id)) {
		snprintf(name, sizeof name, "token:%s", id);
		past = guard_is_past(guard, name, &guard_token, now_ms) || past;
	}
	if (!past)
		return;
	err_set(e, ERR_TOO_MANY, "Too many wrong tokens came from here, or for this one: wait");
	err_code(e, "too_many_failures");
}
