#include "daemon/api/callers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/model/token.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

enum {
	CALLERS_BODIES = 16, /* of the largest size, being received at once for one caller */
	CALLERS_TURN_US = 4000,
	CALLERS_UNREAD = 32 << 20,
	CALLERS_STREAMS = 896, /* of tenants, of those that the engine carries: some are kept for the host's roles */
};

struct caller {
	TAILQ_ENTRY(caller) next;
	char name[WHO_ACTOR_SIZE + 8];
	bool tenants;
	bool bounded; /* else bounded by what the socket allows a user of the host */
	size_t references;
	int64_t requests;
	int64_t streams;
	size_t body;
	ptrdiff_t unread;
	uint64_t turn;
	int64_t spent_us; /* in that turn */
};

/* Handed to a job. Ours is a copy of the descriptor, by which it can be ended; else the engine is asked. */
struct handed {
	TAILQ_ENTRY(handed) next;
	char op[UUID_SIZE];
	struct caller *caller;
	struct who who;
	int fd; /* -1: an api before this one handed it over */
	bool revoked;
	bool ending;
};

struct callers {
	struct api *api;
	TAILQ_HEAD(, caller) list;
	TAILQ_HEAD(, handed) handed;
	struct event *kick;
	struct event *tick;
	uint64_t revoked; /* model.revoked, when was looked last */
};

static void
caller_name(const struct who *who, char *out, size_t size)
{
	if (role_is_tenants(who->role))
		snprintf(out, size, "tenant:%s", who->tenant);
	else
		snprintf(out, size, "%s", who->actor);
}

struct caller *
caller_take(struct callers *callers, const struct who *who)
{
	char name[WHO_ACTOR_SIZE + 8];
	struct caller *caller;

	caller_name(who, name, sizeof name);
	TAILQ_FOREACH(caller, &callers->list, next)
	if (strcmp(caller->name, name) == 0)
		break;
	if (!caller) {
		caller = calloc(1, sizeof *caller);
		if (!caller)
			return NULL;
		memcpy(caller->name, name, sizeof caller->name);
		caller->tenants = role_is_tenants(who->role);
		caller->bounded = caller->tenants || strncmp(who->actor, "uid:", 4) != 0;
	} else {
		TAILQ_REMOVE(&callers->list, caller, next);
	}
	/* Who called last is found first. */
	TAILQ_INSERT_HEAD(&callers->list, caller, next);
	caller->references++;
	return caller;
}

void
caller_put(struct callers *callers, struct caller *caller)
{
	if (!caller || --caller->references > 0)
		return;
	TAILQ_REMOVE(&callers->list, caller, next);
	free(caller);
}

static int
caller_refuse(const char *code, const char *what, int64_t limit, struct err *e)
{
	err_set(e, ERR_TOO_MANY, "Too many %s at once: %lld are allowed. End some, or try again", what, (long long)limit);
	return err_code(e, code);
}

int
caller_begin(const struct callers *callers, struct caller *caller, struct err *e)
{
	const struct settings *s = &callers->api->settings;
	int64_t limit = caller->tenants ? s->tenant_requests : s->max_connections / 2;

	if (caller->bounded && caller->requests >= limit)
		return caller_refuse("too_many_requests", "requests and streams", limit, e);
	if (caller->unread > CALLERS_UNREAD) {
		err_set(e, ERR_TOO_MANY, "Too much of what was answered lies unread: read it first");
		return err_code(e, "too_much_unread");
	}
	caller->requests++;
	return 0;
}

void
caller_owe(struct caller *caller, ptrdiff_t bytes)
{
	caller->unread += bytes;
}

void
caller_end(struct caller *caller)
{
	caller->requests--;
}

bool
caller_has_time(const struct caller *caller, uint64_t turn)
{
	return caller->turn != turn || caller->spent_us < CALLERS_TURN_US;
}

void
caller_spend(struct caller *caller, uint64_t turn, int64_t us)
{
	if (caller->turn != turn)
		caller->spent_us = 0;
	caller->turn = turn;
	caller->spent_us += us;
}

int
caller_add_body(const struct callers *callers, struct caller *caller, size_t bytes, struct err *e)
{
	size_t limit = (size_t)callers->api->settings.max_body * CALLERS_BODIES;

	if (bytes > limit - (caller->body < limit ? caller->body : limit)) {
		err_set(e, ERR_TOO_MANY, "Too many large bodies at once: try again when others have arrived");
		return err_code(e, "too_many_bodies");
	}
	caller->body += bytes;
	return 0;
}

void
caller_end_body(struct caller *caller, size_t bytes)
{
	caller->body -= bytes;
}

int
caller_begin_stream(const struct callers *callers, struct caller *caller, struct err *e)
{
	int64_t limit = callers->api->settings.tenant_streams;

	if (caller->tenants && caller->streams >= limit)
		return caller_refuse("too_many_streams", "streams", limit, e);
	caller->streams++;
	return 0;
}

void
caller_end_stream(struct caller *caller)
{
	caller->streams--;
}

static void
handed_free(struct callers *callers, struct handed *handed)
{
	TAILQ_REMOVE(&callers->handed, handed, next);
	caller_end_stream(handed->caller);
	caller_end(handed->caller);
	caller_put(callers, handed->caller);
	if (handed->fd >= 0)
		close(handed->fd);
	free(handed);
}

static int
callers_check_streams(const struct callers *callers, const struct caller *caller, struct err *e)
{
	const struct handed *handed;
	int64_t n = 0;

	if (!caller->tenants)
		return 0;
	TAILQ_FOREACH(handed, &callers->handed, next)
	n += handed->caller->tenants;
	return n < CALLERS_STREAMS ? 0 : err_set(e, ERR_BUSY, "Too many streams are open");
}

int
callers_hand_over(struct call *c, const char *operation)
{
	struct callers *callers = c->api->callers;
	struct handed *handed = calloc(1, sizeof *handed);
	struct caller *caller = handed ? caller_take(callers, &c->who) : NULL;

	if (!caller) {
		free(handed);
		return err_set(&c->err, ERR_INTERNAL, "out of memory");
	}
	handed->fd = conn_share(c->conn);
	if (handed->fd < 0)
		err_set(&c->err, ERR_BAD_REQUEST, "Nothing may be sent before the stream's answer");
	else if (callers_check_streams(callers, caller, &c->err) == 0 && caller_begin(callers, caller, &c->err) == 0) {
		if (caller_begin_stream(callers, caller, &c->err) == 0) {
			snprintf(handed->op, sizeof handed->op, "%s", operation);
			handed->caller = caller;
			handed->who = c->who;
			TAILQ_INSERT_TAIL(&callers->handed, handed, next);
			return 0;
		}
		caller_end(caller);
	}
	if (handed->fd >= 0)
		close(handed->fd);
	free(handed);
	caller_put(callers, caller);
	return -1;
}

bool
callers_stream_ended(struct callers *callers, const char *operation)
{
	struct handed *handed;

	TAILQ_FOREACH(handed, &callers->handed, next)
	if (strcmp(handed->op, operation) == 0)
		break;
	if (handed)
		handed_free(callers, handed);
	return handed != NULL;
}

int
callers_take_over(struct callers *callers, const struct session_note *note, struct err *e)
{
	struct handed *handed;
	struct who who;

	if (!note->caller || !who_read(note->caller, &who)) {
		log_warning("who opened the stream %s isn't known", note->op);
		return 0;
	}
	handed = calloc(1, sizeof *handed);
	if (handed)
		handed->caller = caller_take(callers, &who);
	if (!handed || !handed->caller) {
		free(handed);
		return err_set(e, ERR_INTERNAL, "out of memory");
	}
	snprintf(handed->op, sizeof handed->op, "%s", note->op);
	handed->who = who;
	handed->fd = -1;
	handed->caller->requests++;
	handed->caller->streams++;
	TAILQ_INSERT_TAIL(&callers->handed, handed, next);
	return 0;
}

static bool
callers_ask_for_end(const struct callers *callers, struct handed *handed)
{
	struct request request = { .op = handed->op };
	struct err e = { 0 };

	record_mark(&request_schema, &request, "op", true);
	if (link_send(callers->api->link, REQUEST_CANCEL, &request, -1, &e) == 0)
		return true;
	log_err(&e, "end the stream %s", handed->op);
	return false;
}

static bool
callers_cut(const struct handed *handed)
{
	shutdown(handed->fd, SHUT_RDWR);
	return true;
}

/* The job sees what it sees when a client goes away, and ends the command as then; it tells of it itself. */
static void
callers_end_revoked(struct callers *callers, bool look)
{
	struct handed *handed;

	TAILQ_FOREACH(handed, &callers->handed, next)
	{
		handed->revoked = handed->revoked || !token_still_counts(&callers->api->model, &handed->who, look);
		if (!handed->revoked || handed->ending)
			continue;
		handed->ending = handed->fd < 0 ? callers_ask_for_end(callers, handed) : callers_cut(handed);
	}
	follow_end_revoked(callers->api->follow, look);
}

static void
callers_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct callers *callers = arg;
	bool look = callers->revoked != callers->api->model.revoked;

	callers->revoked = callers->api->model.revoked;
	callers_end_revoked(callers, look);
}

void
callers_kick(struct callers *callers)
{
	if (callers->revoked != callers->api->model.revoked)
		event_active(callers->kick, 0, 0);
}

struct callers *
callers_new(struct api *api)
{
	const struct timeval second = { 1, 0 };
	struct callers *callers = calloc(1, sizeof *callers);

	if (!callers)
		return NULL;
	callers->api = api;
	/* What was revoked just before the last api ended is looked for at once. */
	callers->revoked = UINT64_MAX;
	TAILQ_INIT(&callers->list);
	TAILQ_INIT(&callers->handed);
	callers->kick = event_new(api->base, -1, 0, callers_on_tick, callers);
	callers->tick = event_new(api->base, -1, EV_PERSIST, callers_on_tick, callers);
	if (!callers->kick || !callers->tick || event_add(callers->tick, &second) < 0) {
		callers_free(callers);
		return NULL;
	}
	return callers;
}

void
callers_free(struct callers *callers)
{
	struct handed *handed;

	if (!callers)
		return;
	while ((handed = TAILQ_FIRST(&callers->handed)))
		handed_free(callers, handed);
	if (callers->kick)
		event_free(callers->kick);
	if (callers->tick)
		event_free(callers->tick);
	free(callers);
}
