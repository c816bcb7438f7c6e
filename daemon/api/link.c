#include "daemon/api/link.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/reply.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

enum { LINK_QUEUE_MAX = 256, LINK_QUERY_MS = 15 * 1000 };

/* Those whose jobs may take longer; the engine ends them before. */
static const struct {
	enum msg_type type;
	int64_t ms;
} link_long_queries[] = { { REQUEST_DOCTOR, 70 * 1000 }, { REQUEST_RECOVER, 310 * 1000 } };

struct link_message {
	STAILQ_ENTRY(link_message) next;
	struct buf data;
	int fd; /* or -1 */
};

struct link_waiter {
	TAILQ_ENTRY(link_waiter) next;
	char op[UUID_SIZE];
	struct conn *conn;
	enum role role;
	link_finish *finish; /* or NULL */
	int64_t deadline_ms;
};

struct link {
	struct api *api;
	int fd;
	struct event *readable;
	struct event *writable;
	struct event *tick;
	STAILQ_HEAD(, link_message) queue;
	size_t queued;
	TAILQ_HEAD(, link_waiter) waiters;
};

static void
link_lost(struct link *link)
{
	log_info("the engine has gone");
	event_base_loopbreak(link->api->base);
}

static void
link_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	for (;;) {
		AUTO_MSG struct msg msg = { 0 };
		struct err e = { 0 };
		int rc = msg_recv(fd, &msg, &e);

		if (rc < 0 && e.kind == ERR_BUSY)
			return;
		if (rc == 0) {
			link_lost(link);
			return;
		}
		if (rc < 0 || api_receive(link->api, &msg, &e) < 0) {
			log_err(&e, "the link to the engine");
			link_lost(link);
			return;
		}
	}
}

static void
link_free_message(struct link_message *message)
{
	if (message->data.data)
		explicit_bzero(message->data.data, message->data.size);
	buf_clear(&message->data);
	if (message->fd >= 0)
		close(message->fd);
	free(message);
}

/* 1 sent, 0 the socket is full, -1 the engine is gone. */
static int
link_write(struct link *link, const struct link_message *message)
{
	if (fd_send(link->fd, message->data.data, message->data.len, &message->fd, message->fd >= 0, 0) == 0)
		return 1;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

static void
link_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct link_message *message;

	while ((message = STAILQ_FIRST(&link->queue))) {
		int rc = link_write(link, message);

		if (rc == 0) {
			event_add(link->writable, NULL);
			return;
		}
		STAILQ_REMOVE_HEAD(&link->queue, next);
		link->queued--;
		link_free_message(message);
		if (rc < 0)
			link_lost(link);
	}
}

static int
link_push(struct link *link, struct link_message *message, struct err *e)
{
	int rc = link->queued > 0 ? 0 : link_write(link, message);

	if (rc == 1) {
		link_free_message(message);
		return 0;
	}
	if (rc == 0 && link->queued < LINK_QUEUE_MAX) {
		STAILQ_INSERT_TAIL(&link->queue, message, next);
		link->queued++;
		event_add(link->writable, NULL);
		return 0;
	}
	link_free_message(message);
	return rc < 0 ? err_set(e, ERR_UNAVAILABLE, "The engine has gone")
	              : err_set(e, ERR_BUSY, "The engine doesn't keep up: try again");
}

int
link_send(struct link *link, enum msg_type type, const struct request *request, int passed, struct err *e)
{
	struct link_message *message = calloc(1, sizeof *message);

	if (!message) {
		if (passed >= 0)
			close(passed);
		return err_set(e, ERR_INTERNAL, "out of memory");
	}
	message->fd = passed;
	if (msg_check_request(type, request, e) < 0 || msg_encode(type, request, &message->data, e) < 0) {
		link_free_message(message);
		return -1;
	}
	return link_push(link, message, e);
}

int
link_send_alive(struct link *link, const struct alive *alive, struct err *e)
{
	return link_send_record(link, ALIVE, alive, e);
}

int
link_send_record(struct link *link, enum msg_type type, const void *record, struct err *e)
{
	struct link_message *message = calloc(1, sizeof *message);

	if (!message)
		return err_set(e, ERR_INTERNAL, "out of memory");
	message->fd = -1;
	if (msg_encode(type, record, &message->data, e) < 0) {
		link_free_message(message);
		return -1;
	}
	return link_push(link, message, e);
}

static int64_t
link_query_ms(enum msg_type type)
{
	for (size_t i = 0; i < sizeof link_long_queries / sizeof *link_long_queries; i++)
		if (link_long_queries[i].type == type)
			return link_long_queries[i].ms;
	return LINK_QUERY_MS;
}

struct answered
link_query(struct call *c, enum msg_type type, const struct request *request)
{
	return link_query_then(c, type, request, NULL);
}

struct answered
link_query_then(struct call *c, enum msg_type type, const struct request *request, link_finish *finish)
{
	struct link *link = c->api->link;
	struct link_waiter *waiter;

	if (link_send(link, type, request, -1, &c->err) < 0)
		return reply_error(c);
	waiter = calloc(1, sizeof *waiter);
	if (!waiter)
		return reply_out_of_memory(c);
	memcpy(waiter->op, request->op, sizeof waiter->op);
	waiter->conn = c->conn;
	waiter->role = c->who.role;
	waiter->finish = finish;
	waiter->deadline_ms = http_now_ms() + link_query_ms(type);
	TAILQ_INSERT_TAIL(&link->waiters, waiter, next);
	return (struct answered){ ANSWERED_LATER };
}

static void
link_end_waiter(struct link *link, struct link_waiter *waiter, const char *result, const struct err *e)
{
	struct conn *conn = waiter->conn;
	enum role role = waiter->role;

	TAILQ_REMOVE(&link->waiters, waiter, next);
	free(waiter);
	if (e)
		reply_late_error(conn, role, e);
	else
		reply_late_json(conn, result ? result : "{}");
	conn_resume(conn);
}

static struct link_waiter *
link_find_waiter(const struct link *link, const char *op)
{
	struct link_waiter *waiter;

	TAILQ_FOREACH(waiter, &link->waiters, next)
	if (strcmp(waiter->op, op) == 0)
		return waiter;
	return NULL;
}

bool
link_answer(struct link *link, const struct done *done)
{
	struct link_waiter *waiter = link_find_waiter(link, done->op);
	struct json_object *json = NULL;
	struct err e = { 0 };
	const char *result;

	if (!waiter)
		return false;
	result = done->result;
	if (done->kind)
		done_to_err(done, &e);
	else if (waiter->finish && (json = waiter->finish(link->api, result ? result : "{}", &e)))
		result = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	link_end_waiter(link, waiter, result, err_is_set(&e) ? &e : NULL);
	json_object_put(json);
	return true;
}

void
link_fail(struct link *link, const char *op, const struct err *why)
{
	struct link_waiter *waiter = link_find_waiter(link, op);

	if (waiter)
		link_end_waiter(link, waiter, NULL, why);
}

void
link_forget(struct link *link, const struct conn *conn)
{
	struct link_waiter *waiter, *next;

	for (waiter = TAILQ_FIRST(&link->waiters); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, next);
		if (waiter->conn != conn)
			continue;
		TAILQ_REMOVE(&link->waiters, waiter, next);
		free(waiter);
	}
}

static void
link_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct link_waiter *waiter, *next;
	int64_t now_ms = http_now_ms();
	struct err e = { 0 };

	err_set(&e, ERR_TIMEOUT, "The engine didn't answer in time");
	for (waiter = TAILQ_FIRST(&link->waiters); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, next);
		if (waiter->deadline_ms < now_ms)
			link_end_waiter(link, waiter, NULL, &e);
	}
}

struct link *
link_new(struct api *api, struct event_base *base, int fd, struct err *e)
{
	const struct timeval second = { 1, 0 };
	struct link *link = calloc(1, sizeof *link);

	if (!link) {
		err_set(e, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	STAILQ_INIT(&link->queue);
	TAILQ_INIT(&link->waiters);
	link->api = api;
	link->fd = fd;
	link->readable = event_new(base, fd, EV_READ | EV_PERSIST, link_on_readable, link);
	link->writable = event_new(base, fd, EV_WRITE, link_on_writable, link);
	link->tick = event_new(base, -1, EV_PERSIST, link_on_tick, link);
	if (!link->readable || !link->writable || !link->tick || event_add(link->readable, NULL) < 0 ||
	    event_add(link->tick, &second) < 0) {
		err_set(e, ERR_INTERNAL, "out of memory");
		link_free(link);
		return NULL;
	}
	if (fd_set_nonblock(fd, true, e) < 0) {
		link_free(link);
		return NULL;
	}
	return link;
}

void
link_free(struct link *link)
{
	struct link_message *message;
	struct link_waiter *waiter;

	if (!link)
		return;
	while ((message = STAILQ_FIRST(&link->queue))) {
		STAILQ_REMOVE_HEAD(&link->queue, next);
		link_free_message(message);
	}
	while ((waiter = TAILQ_FIRST(&link->waiters))) {
		TAILQ_REMOVE(&link->waiters, waiter, next);
		free(waiter);
	}
	if (link->readable)
		event_free(link->readable);
	if (link->writable)
		event_free(link->writable);
	if (link->tick)
		event_free(link->tick);
	close(link->fd);
	free(link);
}
