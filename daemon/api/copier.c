#include "daemon/api/copier.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

enum { COPIER_FIRST_S = 60 };

static const char copier_file[] = API_DATABASE ".copy";

struct copier {
	struct api *api;
	struct event *due;
	struct event *step;
	struct store_copy *copy;
	char op[UUID_SIZE]; /* of the last one that was handed over */
};

static void
copier_wait(struct copier *copier, int64_t seconds)
{
	const struct timeval wait = { seconds, 0 };

	if (seconds > 0)
		event_add(copier->due, &wait);
}

static void
copier_end(struct copier *copier, const struct err *why)
{
	store_copy_end(copier->copy);
	copier->copy = NULL;
	unlink(copier_file);
	if (why)
		log_err(why, "copy the database to the pool");
	copier_wait(copier, copier->api->settings.copy_interval);
}

/* The engine writes where the api can't. */
static int
copier_hand_over(struct copier *copier, struct err *e)
{
	struct request request = { 0 };
	int fd = open(copier_file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;

	if (fd < 0)
		return err_sys(e, "open '%s'", copier_file);
	uuid_make(copier->op);
	if (!row_put_text(&request_schema, &request, "op", copier->op)) {
		close(fd);
		return err_set(e, ERR_INTERNAL, "out of memory");
	}
	rc = link_send(copier->api->link, REQUEST_COPY, &request, fd, e);
	record_clear(&request_schema, &request);
	return rc;
}

static void
copier_on_step(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval next = { 0, 1000 };
	struct copier *copier = arg;
	struct err e = { 0 };
	int rc = store_copy_step(copier->copy, &e);

	if (rc == 1) {
		event_add(copier->step, &next);
		return;
	}
	if (rc == 0)
		rc = copier_hand_over(copier, &e);
	copier_end(copier, rc < 0 ? &e : NULL);
}

static void
copier_on_due(evutil_socket_t fd, short what, void *arg)
{
	struct copier *copier = arg;
	struct err e = { 0 };

	if (store_copy_begin(copier->api->model.store, copier_file, &copier->copy, &e) < 0)
		copier_end(copier, &e);
	else
		copier_on_step(-1, 0, copier);
}

struct copier *
copier_new(struct api *api)
{
	struct copier *copier = calloc(1, sizeof *copier);
	int64_t interval = api->settings.copy_interval;

	if (!copier)
		return NULL;
	copier->api = api;
	copier->due = evtimer_new(api->base, copier_on_due, copier);
	copier->step = evtimer_new(api->base, copier_on_step, copier);
	if (!copier->due || !copier->step) {
		copier_free(copier);
		return NULL;
	}
	copier_wait(copier, interval < COPIER_FIRST_S ? interval : COPIER_FIRST_S);
	return copier;
}

void
copier_free(struct copier *copier)
{
	if (!copier)
		return;
	store_copy_end(copier->copy);
	if (copier->due)
		event_free(copier->due);
	if (copier->step)
		event_free(copier->step);
	free(copier);
}

bool
copier_ended(struct copier *copier, const struct done *done)
{
	if (!copier || strcmp(copier->op, done->op) != 0)
		return false;
	if (done->kind)
		log_error("keep a copy of the database: %s", done->message ? done->message : done->kind);
	return true;
}
