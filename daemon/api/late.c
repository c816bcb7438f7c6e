#include "daemon/api/late.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/api/api.h"
#include "daemon/model/operation.h"
#include "daemon/util/log.h"

/* Of an error that isn't known to pass so many tries are made; a new process may be the cure. */
enum { LATE_MAX = 4096, LATE_TRIES = 60 };

struct late_message {
	STAILQ_ENTRY(late_message) next;
	struct msg msg;
};

struct late {
	struct api *api;
	struct event *again;
	STAILQ_HEAD(, late_message) messages;
	size_t n;
	int tries; /* of the first one */
};

static void
late_drop_first(struct late *late)
{
	struct late_message *message = STAILQ_FIRST(&late->messages);

	STAILQ_REMOVE_HEAD(&late->messages, next);
	late->n--;
	late->tries = 0;
	msg_clear(&message->msg);
	free(message);
}

static void
late_wait(struct late *late)
{
	const struct timeval second = { 1, 0 };

	event_add(late->again, &second);
}

static void
late_on_time(evutil_socket_t fd, short what, void *arg)
{
	struct late *late = arg;
	size_t n = late->n;
	struct err e = { 0 };

	while (late->n > 0) {
		if (api_record(late->api, &STAILQ_FIRST(&late->messages)->msg, &e) < 0)
			break;
		late_drop_first(late);
	}
	if (late->n == 0) {
		log_info("what couldn't be recorded is: %zu messages", n);
		return;
	}
	if (!err_kind_info(e.kind)->retryable && ++late->tries >= LATE_TRIES) {
		log_err(&e, "what happened still can't be recorded: another api begins anew");
		event_base_loopbreak(late->api->base);
		return;
	}
	late_wait(late);
}

struct late *
late_new(struct api *api)
{
	struct late *late = calloc(1, sizeof *late);

	if (!late)
		return NULL;
	late->api = api;
	STAILQ_INIT(&late->messages);
	late->again = evtimer_new(api->base, late_on_time, late);
	if (late->again)
		return late;
	free(late);
	return NULL;
}

void
late_free(struct late *late)
{
	if (!late)
		return;
	while (late->n > 0)
		late_drop_first(late);
	event_free(late->again);
	free(late);
}

bool
late_waits(const struct late *late)
{
	return late->n > 0;
}

int
late_keep(struct late *late, struct msg *msg, struct err *e)
{
	struct late_message *message = late->n < LATE_MAX ? calloc(1, sizeof *message) : NULL;

	if (!message)
		return err_set(e, ERR_INTERNAL, "%zu messages wait to be recorded", late->n);
	message->msg = *msg;
	memset(msg, 0, sizeof *msg);
	STAILQ_INSERT_TAIL(&late->messages, message, next);
	if (late->n++ == 0)
		late_wait(late);
	return 0;
}

static void
late_keep_end(struct late *late, const struct done *done)
{
	AUTO_MSG struct msg msg = { .type = REPLY_DONE, .record = calloc(1, sizeof *done) };
	struct err e = { 0 };

	if (!msg.record || !record_copy(&done_schema, msg.record, done) || !row_put_text(&done_schema, msg.record, "op", done->op))
		err_set(&e, ERR_INTERNAL, "out of memory");
	if (err_is_set(&e) || late_keep(late, &msg, &e) < 0)
		log_err(&e, "the operation %s stays open until the next start", done->op);
}

void
late_end(struct late *late, const struct done *done)
{
	struct err e = { 0 };

	if (!late_waits(late) && operation_end(&late->api->model, done, &e) >= 0)
		return;
	if (err_is_set(&e))
		log_err(&e, "end the operation %s", done->op);
	late_keep_end(late, done);
}

void
late_fail(struct late *late, const char *operation, const struct err *why)
{
	struct done done = { 0 };

	if (done_from_err(&done, operation, why))
		late_end(late, &done);
	else
		log_err(why, "the operation %s stays open until the next start", operation);
	record_clear(&done_schema, &done);
}
