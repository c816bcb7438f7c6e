#include "daemon/api/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/reply.h"
#include "daemon/model/rebuild.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

enum { RECOVERY_LEAVE_MS = 100 };

static const char recovery_new_file[] = API_DATABASE ".rebuilt";

struct recovery {
	struct api *api;
	char why[sizeof((struct err *)0)->message]; /* "": there is no database */
	struct strv running;                        /* UUIDs */
	size_t known;
	/* While it goes on. */
	char op[UUID_SIZE];
	bool dry_run;
	struct rebuild *rebuild;
};

struct recovery *
recovery_new(struct api *api, const struct err *why)
{
	struct recovery *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->api = api;
	snprintf(r->why, sizeof r->why, "%s", why ? why->message : "");
	return r;
}

static void
recovery_end(struct recovery *r)
{
	rebuild_free(r->rebuild);
	r->rebuild = NULL;
	r->op[0] = '\0';
}

void
recovery_free(struct recovery *r)
{
	if (!r)
		return;
	recovery_end(r);
	strv_clear(&r->running);
	free(r);
}

void
recovery_refuse(const struct recovery *r, struct call *c)
{
	if (r->why[0])
		err_set(&c->err, ERR_UNAVAILABLE, "The database can't be used (%s). Containers go on. `berth recover` rebuilds it",
		        r->why);
	else
		err_set(&c->err, ERR_UNAVAILABLE,
		        "The database is gone, but %zu containers are registered. Containers go on. `berth recover` rebuilds it",
		        r->known);
	err_code(&c->err, STORE_UNUSABLE);
}

static int
recovery_observe(struct recovery *r, const struct observed *observed, struct err *e)
{
	enum container_state state;

	if (!r->api->ready)
		r->known++;
	if (!observed->state || !container_state_of_name(observed->state, &state) || state == STATE_STOPPED ||
	    state == STATE_CRASHED || strv_contains(&r->running, observed->id))
		return 0;
	return strv_add(&r->running, observed->id) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

/* What can't be used is kept: perhaps somebody can read it. */
static int
recovery_put_in_place(struct err *e)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char from[64], to[128], date[32];
	AUTO_CLOSE int dir = -1;
	time_t now = time(NULL);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm) == 0)
		return err_set(e, ERR_INTERNAL, "the clock can't be read");
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(from, sizeof from, "%s%s", API_DATABASE, ends[i]);
		snprintf(to, sizeof to, "%s.damaged-%s%s", API_DATABASE, date, ends[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			return err_sys(e, "put '%s' aside", from);
	}
	FAULT("api.set-aside");
	if (rename(recovery_new_file, API_DATABASE) < 0)
		return err_sys(e, "put the rebuilt database in its place");
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 || fsync(dir) < 0 ? err_sys(e, "put the rebuilt database in its place") : 0;
}

static void
recovery_leave(evutil_socket_t fd, short what, void *arg)
{
	struct recovery *r = arg;

	log_info("the database is rebuilt: the next api uses it");
	event_base_loopbreak(r->api->base);
}

/* After the answer has left. */
static int
recovery_leave_soon(struct recovery *r, struct err *e)
{
	const struct timeval soon = { 0, RECOVERY_LEAVE_MS * 1000 };

	return event_base_once(r->api->base, -1, EV_TIMEOUT, recovery_leave, r, &soon) < 0
	               ? err_set(e, ERR_INTERNAL, "out of memory")
	               : 0;
}

static int
recovery_complete(struct recovery *r, char **result_out, struct err *e)
{
	struct json_object *report = NULL;
	int rc = rebuild_finish(r->rebuild, &report, e);

	if (rc == 0 && !r->dry_run) {
		rc = rebuild_save(r->rebuild, recovery_new_file, e);
		FAULT("api.rebuilt");
		if (rc == 0)
			rc = recovery_put_in_place(e);
		if (rc == 0)
			rc = recovery_leave_soon(r, e);
	}
	if (rc == 0)
		*result_out = strdup(json_object_to_json_string_ext(report, JSON_C_TO_STRING_PLAIN));
	json_object_put(report);
	return rc < 0 || *result_out ? rc : err_set(e, ERR_INTERNAL, "out of memory");
}

static void
recovery_done(struct recovery *r, const struct done *from_engine)
{
	struct done done = *from_engine;
	AUTO_FREE char *result = NULL;
	struct err e = { 0 };

	if (strcmp(done.op, r->op) != 0) {
		link_answer(r->api->link, &done);
		return;
	}
	if (!done.kind && recovery_complete(r, &result, &e) < 0) {
		log_err(&e, "rebuild the database");
		link_fail(r->api->link, r->op, &e);
	} else {
		done.result = result;
		link_answer(r->api->link, &done);
	}
	recovery_end(r);
}

static bool
recovery_told(struct recovery *r, const char *op)
{
	return r->rebuild && op && strcmp(op, r->op) == 0;
}

static int
recovery_take_copy(struct recovery *r, struct msg *msg, struct err *e)
{
	const struct database_copy *copy = msg->record;

	return recovery_told(r, copy->op) && msg->nfds == 1 ? rebuild_take_copy(r->rebuild, copy->name, msg->fds[0], e) : 0;
}

static int
recovery_take_container(struct recovery *r, const struct manifest *m, struct err *e)
{
	return recovery_told(r, m->op) ? rebuild_take_container(r->rebuild, m, strv_contains(&r->running, m->id), e) : 0;
}

/* One that fails on a container fails: whoever asked is told which. */
static int
recovery_collect(struct recovery *r, struct msg *msg)
{
	struct err e = { 0 };
	int rc = msg->type == REPLY_COPY ? recovery_take_copy(r, msg, &e) : recovery_take_container(r, msg->record, &e);

	if (rc == 0)
		return 0;
	log_err(&e, "rebuild the database");
	link_fail(r->api->link, r->op, &e);
	recovery_end(r);
	return 0;
}

int
recovery_receive(struct recovery *r, struct msg *msg, struct err *e)
{
	switch ((int)msg->type) {
	case REPLY_OBSERVED:
		return recovery_observe(r, msg->record, e);
	case REPLY_MANIFEST:
	case REPLY_COPY:
		return recovery_collect(r, msg);
	case REPLY_DONE:
		recovery_done(r, msg->record);
		return 0;
	case REPLY_READY:
		if (!r->why[0] && r->known == 0)
			return RECOVERY_NOT_NEEDED;
		log_error("%s: run `berth recover`", r->why[0] ? r->why : "the database is gone");
		return RECOVERY_NEEDED;
	}
	return 0;
}

struct answered
recovery_handle(struct call *c)
{
	struct recovery *r = c->api->recovery;
	struct request request = { 0 };
	struct answered answered;

	if (!r || r->rebuild) {
		err_set(&c->err, ERR_CONFLICT,
		        r ? "The database is being rebuilt already" : "The database is sound: there is nothing to recover");
		return reply_error(c);
	}
	uuid_make(r->op);
	r->dry_run = c->query.dry_run;
	r->rebuild = rebuild_new(&c->api->settings);
	if (!r->rebuild || !row_put_text(&request_schema, &request, "op", r->op)) {
		recovery_end(r);
		return reply_out_of_memory(c);
	}
	answered = link_query(c, REQUEST_RECOVER, &request);
	if (err_is_set(&c->err))
		recovery_end(r);
	record_clear(&request_schema, &request);
	return answered;
}
