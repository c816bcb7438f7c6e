#include "daemon/api/queue.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/boot.h"
#include "daemon/api/late.h"
#include "daemon/api/turns.h"
#include "daemon/model/operation.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"

#define REQUEST (&request_schema)
#define OPERATION (&operation_schema)

enum { QUEUE_RESTORE_MAX = 1 << 20 };

struct queue_item {
	struct turn turn; /* first */
	char op[UUID_SIZE];
	enum msg_type type;
	struct request request; /* cleared once it is sent */
};

struct queue {
	struct api *api;
	struct turns turns;
};

/* Those without a row take a place and have no privilege. */
static const struct queue_rule {
	enum op_id op;
	bool passes; /* takes no place: a word to its monitor, or no job */
	bool urgent; /* where one of the host's roles asks for it */
} queue_rules[] = {
	{ CONTAINER_STOP, .passes = true },   { CONTAINER_FREEZE, .passes = true },  { CONTAINER_THAW, .passes = true },
	{ HOST_BOOT, .passes = true },        { HOST_SHUTDOWN, .passes = true },     { DOCTOR_FIX, .passes = true },
	{ CONTAINER_DELETE, .urgent = true }, { CONTAINER_SUSPEND, .urgent = true },
};

static const struct queue_rule *
queue_rule(enum op_id op)
{
	static const struct queue_rule usual = { .op = OP_COUNT };

	for (size_t i = 0; i < sizeof queue_rules / sizeof *queue_rules; i++)
		if (queue_rules[i].op == op)
			return &queue_rules[i];
	return &usual;
}

struct queue *
queue_new(struct api *api)
{
	struct queue *queue = calloc(1, sizeof *queue);

	if (!queue)
		return NULL;
	queue->api = api;
	turns_init(&queue->turns);
	return queue;
}

static void
queue_drop(struct queue *queue, struct queue_item *item)
{
	if (item->turn.lane)
		turns_end(&queue->turns, &item->turn);
	record_clear(REQUEST, &item->request);
	free(item);
}

static struct queue_item *
queue_item_of(struct turn *turn)
{
	return (struct queue_item *)turn;
}

/* The one that waits first in any lane, or NULL. */
static struct queue_item *
queue_first_waiting(const struct queue *queue)
{
	const struct lane *lane;

	for (int class = 0; class < TURN_CLASSES; class ++)
		TAILQ_FOREACH(lane, &queue->turns.lanes[class], next)
	if (!TAILQ_EMPTY(&lane->waiting))
		return queue_item_of(TAILQ_FIRST(&lane->waiting));
	return NULL;
}

void
queue_free(struct queue *queue)
{
	struct queue_item *item;

	if (!queue)
		return;
	while ((item = queue_first_waiting(queue)))
		queue_drop(queue, item);
	while (!TAILQ_EMPTY(&queue->turns.running))
		queue_drop(queue, queue_item_of(TAILQ_FIRST(&queue->turns.running)));
	free(queue);
}

static int
queue_refuse(struct err *e, int64_t waiting, const char *whose)
{
	err_set(e, ERR_BUSY, "%lld operations %s wait already: try again when some have ended", (long long)waiting, whose);
	return err_code(e, "queue_full");
}

int
queue_check_room(const struct queue *queue, enum op_id op, const struct who *who, struct err *e)
{
	const struct settings *settings = &queue->api->settings;
	const struct turns *turns = &queue->turns;
	int64_t waiting;

	if (op_get(op)->kind != KIND_JOB || queue_rule(op)->passes)
		return 0;
	if (!role_is_tenants(who->role)) {
		waiting = turns_waiting(turns, TURN_URGENT) + turns_waiting(turns, TURN_HOST);
		return waiting < settings->max_queued ? 0 : queue_refuse(e, waiting, "of the host's roles");
	}
	waiting = turns_waiting_of(turns, TURN_TENANT, who->tenant);
	if (waiting >= settings->tenant_queued)
		return queue_refuse(e, waiting, "of this tenant");
	/* How many wait in all tells of others. */
	if (turns_waiting(turns, TURN_TENANT) < settings->max_queued)
		return 0;
	err_set(e, ERR_BUSY, "Too many operations wait already: try again when some have ended");
	return err_code(e, "queue_full");
}

/* From here on it is under way: after a crash it is rolled back. */
static int
queue_send(struct queue *queue, enum msg_type type, const struct request *request, struct err *e)
{
	struct api *api = queue->api;

	if ((type == REQUEST_START || type == REQUEST_RESTART) && boot_check_start(api->boot, e) < 0)
		return -1;
	if (operation_started(&api->model, request->op, e) < 0)
		return -1;
	return link_send(api->link, type, request, -1, e);
}

/* A tenant's own number goes before the setting; one read anew holds at once. */
static int64_t
queue_cap(void *arg, const struct lane *lane)
{
	const struct queue *queue = arg;
	int64_t cap = queue->api->settings.tenant_jobs;
	struct tenant tenant = { 0 };
	struct err e = { 0 };

	if (lane->class != TURN_TENANT)
		return INT64_MAX;
	if (store_table_get(queue->api->model.store, TABLE_TENANT, lane->tenant, &tenant, &e) < 0)
		log_err(&e, "read the tenant %s", lane->tenant);
	else if (record_has(&tenant_schema, &tenant, "jobs"))
		cap = tenant.jobs;
	record_clear(&tenant_schema, &tenant);
	return cap;
}

/* -1: `own` couldn't be sent, and is gone; what befalls others is told by their operations. */
static int
queue_run(struct queue *queue, const struct queue_item *own, struct err *e)
{
	struct turn *turn;
	int rc = 0;

	while ((turn = turns_next(&queue->turns, queue->api->settings.max_jobs, queue_cap, queue))) {
		struct queue_item *item = queue_item_of(turn);
		struct err why = { 0 };

		if (queue_send(queue, item->type, &item->request, &why) == 0) {
			record_clear(REQUEST, &item->request);
			continue;
		}
		if (item == own) {
			*e = why;
			rc = -1;
		} else {
			late_fail(queue->api->late, item->op, &why);
		}
		queue_drop(queue, item);
	}
	return rc;
}

static void
queue_go_on(struct queue *queue)
{
	queue_run(queue, NULL, NULL);
}

static enum turn_class
queue_class(const struct operation *operation)
{
	if (operation->by_tenant)
		return TURN_TENANT;
	return queue_rule(operation_op(operation))->urgent ? TURN_URGENT : TURN_HOST;
}

static const char *
queue_tenant(const struct operation *operation)
{
	return operation->tenant ? operation->tenant : "";
}

/* *request_in may be NULL: of what is under way. */
static struct queue_item *
queue_item_new(const char *op, enum msg_type type, const struct request *request_in)
{
	struct queue_item *item = calloc(1, sizeof *item);

	if (!item)
		return NULL;
	snprintf(item->op, sizeof item->op, "%s", op);
	item->type = type;
	if (!request_in || record_copy(REQUEST, &item->request, request_in))
		return item;
	record_clear(REQUEST, &item->request);
	free(item);
	return NULL;
}

static struct queue_item *
queue_wait(struct queue *queue, enum msg_type type, const struct request *request, const struct operation *operation)
{
	struct queue_item *item = queue_item_new(operation->id, type, request);

	if (item && turns_wait(&queue->turns, &item->turn, queue_class(operation), queue_tenant(operation)))
		return item;
	if (item)
		queue_drop(queue, item);
	return NULL;
}

/* So that it survives this process. One with a secret doesn't: the journal takes none. */
static void
queue_keep(struct queue *queue, const struct queue_item *item, const struct operation *operation)
{
	struct json_object *json = operation->secret ? NULL : record_to_json(REQUEST, &item->request, true);
	AUTO_BUF struct buf text = { 0 };
	struct err e = { 0 };

	if (!json)
		return;
	buf_addf(&text, "%s %s", msg_info(item->type)->name, json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	if (text.failed || operation_keep_request(&queue->api->model, item->op, text.data, &e) < 0)
		log_err(&e, "keep the request of the operation %s", item->op);
	json_object_put(json);
}

static int
queue_add_operation(struct queue *queue, enum msg_type type, const struct request *request, const struct operation *operation,
                    struct err *e)
{
	struct queue_item *item;

	if (queue_rule(operation_op(operation))->passes)
		return queue_send(queue, type, request, e);
	item = queue_wait(queue, type, request, operation);
	if (!item)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (queue_run(queue, item, e) < 0)
		return -1;
	if (!item->turn.running)
		queue_keep(queue, item, operation);
	return 0;
}

int
queue_add(struct queue *queue, enum msg_type type, const struct request *request, struct err *e)
{
	struct operation operation = { 0 };
	int rc = store_operation_get(queue->api->model.store, request->op, &operation, e);

	if (rc == 0)
		rc = err_set(e, ERR_INTERNAL, "the operation %s isn't in the journal", request->op);
	else if (rc == 1)
		rc = queue_add_operation(queue, type, request, &operation, e);
	record_clear(OPERATION, &operation);
	return rc;
}

static enum msg_type
queue_type_of_name(const char *name, size_t len)
{
	int type = 0;

	while (type < MSG_TYPE_COUNT &&
	       (strncmp(msg_info((enum msg_type)type)->name, name, len) != 0 || msg_info((enum msg_type)type)->name[len]))
		type++;
	return (enum msg_type)type;
}

/* What queue_keep() wrote. */
static int
queue_read_request(const char *text, enum msg_type *type_out, struct request *request, struct err *e)
{
	size_t len = strcspn(text, " ");
	struct json_object *json = text[len] ? json_tokener_parse(text + len + 1) : NULL;
	int rc = json ? record_from_file_json(REQUEST, json, request, e) : err_set(e, ERR_INTERNAL, "it is no JSON");

	json_object_put(json);
	*type_out = queue_type_of_name(text, len);
	return rc < 0 ? -1 : msg_check_request(*type_out, request, e);
}

static int
queue_restore_one(struct queue *queue, const struct operation *operation, struct err *e)
{
	struct request request = { 0 };
	struct err why = { 0 };
	enum msg_type type;
	int rc = 0;

	if (queue_read_request(operation->request, &type, &request, &why) < 0) {
		err_wrap(&why, "What the journal kept of it can't be read");
		late_fail(queue->api->late, operation->id, &why);
	} else if (!queue_wait(queue, type, &request, operation)) {
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	}
	record_clear(REQUEST, &request);
	return rc;
}

static int
queue_hold_place(struct queue *queue, const struct operation *operation, struct err *e)
{
	struct queue_item *item;

	if (queue_rule(operation_op(operation))->passes)
		return 0;
	item = queue_item_new(operation->id, MSG_TYPE_COUNT, NULL);
	if (item && turns_run(&queue->turns, &item->turn, queue_class(operation), queue_tenant(operation)))
		return 0;
	if (item)
		queue_drop(queue, item);
	return err_set(e, ERR_INTERNAL, "out of memory");
}

static int
queue_collect(void *arg, const void *record)
{
	const struct operation *operation = record;

	return strv_add(arg, operation->id) ? 0 : -1;
}

int
queue_restore(struct queue *queue, const struct strv *under_way, struct err *e)
{
	struct operation_filter filter = { .open = true, .limit = QUEUE_RESTORE_MAX };
	struct store *store = queue->api->model.store;
	AUTO_STRV struct strv ids = { 0 };
	int rc = store_operation_list(store, &filter, queue_collect, &ids, e);

	/* The list begins with the newest. */
	for (size_t i = ids.n; rc == 0 && i-- > 0;) {
		struct operation operation = { 0 };

		rc = store_operation_get(store, ids.v[i], &operation, e) < 0 ? -1 : 0;
		if (rc == 0 && strv_contains(under_way, ids.v[i]))
			rc = queue_hold_place(queue, &operation, e);
		else if (rc == 0 && operation.request)
			rc = queue_restore_one(queue, &operation, e);
		record_clear(OPERATION, &operation);
	}
	if (rc == 0)
		queue_go_on(queue);
	return rc;
}

static struct queue_item *
queue_find(const struct turn_list *list, const char *operation)
{
	struct turn *turn;

	TAILQ_FOREACH(turn, list, next)
	if (strcmp(queue_item_of(turn)->op, operation) == 0)
		return queue_item_of(turn);
	return NULL;
}

static struct queue_item *
queue_find_waiting(const struct queue *queue, const char *operation)
{
	struct queue_item *item = NULL;
	const struct lane *lane;

	for (int class = 0; class < TURN_CLASSES; class ++)
		TAILQ_FOREACH(lane, &queue->turns.lanes[class], next)
	if (!item)
		item = queue_find(&lane->waiting, operation);
	return item;
}

int
queue_cancel(struct queue *queue, const char *operation, struct err *e)
{
	struct queue_item *item = queue_find_waiting(queue, operation);
	struct err why = { 0 };

	if (!item)
		return 0;
	err_set(&why, ERR_CANCELLED, "The operation was cancelled before it began");
	if (operation_fail(&queue->api->model, operation, &why, e) < 0)
		return -1;
	queue_drop(queue, item);
	return 1;
}

void
queue_empty(struct queue *queue, const struct err *why)
{
	struct queue_item *item;

	while ((item = queue_first_waiting(queue))) {
		late_fail(queue->api->late, item->op, why);
		queue_drop(queue, item);
	}
}

void
queue_ended(struct queue *queue, const char *operation)
{
	struct queue_item *item = queue_find(&queue->turns.running, operation);

	if (!item)
		return;
	queue_drop(queue, item);
	queue_go_on(queue);
}

void
queue_add_position(const struct queue *queue, const struct operation *operation, struct json_object *json)
{
	struct queue_item *item = operation_is_open(operation) ? queue_find_waiting(queue, operation->id) : NULL;
	const struct turn *turn;
	int64_t position = 1;

	if (!item || !json)
		return;
	TAILQ_FOREACH(turn, &item->turn.lane->waiting, next)
	{
		if (turn == &item->turn)
			break;
		position++;
	}
	json_object_object_add(json, "position", json_object_new_int64(position));
}
