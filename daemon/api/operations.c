#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/boot.h"
#include "daemon/api/handlers.h"
#include "daemon/api/queue.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/container.h"
#include "daemon/model/operation.h"
#include "schema/check.h"

static struct json_object *
operation_json(struct call *c, struct operation *operation)
{
	struct json_object *json;

	follow_add_progress(c->api->follow, operation);
	json = show_operation(c->who.role, operation);
	queue_add_position(c->api->queue, operation, json);
	return json;
}

static int
operation_add_item(void *arg, const void *record)
{
	struct operation *operation = (struct operation *)(uintptr_t)record;
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = operation_json(page->c, operation);
	if (page_add(page, json, "%s", operation->id) < 0)
		return -1;
	return reply_select(page->c, json);
}

static int
operation_read_page(struct call *c, char *after, struct page *page)
{
	struct operation_filter filter = { .state = c->query.state, .kind = c->query.kind, .limit = page->left + 1 };
	char container[UUID_SIZE];
	struct store *store = c->api->model.store;

	if (c->query.tenant && !who_sees(&c->who, c->query.tenant))
		return 0;
	if (handler_filter_container(c, container) < 0)
		return -1;
	if (after[0]) {
		int rc = store_operation_seq(store, after, c->who.tenant[0] ? c->who.tenant : NULL, &filter.before, &c->err);

		if (rc <= 0)
			return rc < 0 ? -1 : err_param(&c->err, "cursor", "is none that this server gave, or is too old");
	}
	filter.container = container[0] ? container : NULL;
	filter.tenant = c->who.tenant[0] ? c->who.tenant : c->query.tenant;
	return store_operation_list(store, &filter, operation_add_item, page, &c->err);
}

struct answered
operation_handle_list(struct call *c)
{
	return handler_list(c, operation_read_page);
}

struct answered
operation_handle_show(struct call *c)
{
	struct operation operation = { 0 };
	struct json_object *json = NULL;
	int rc = operation_find(&c->api->model, &c->who, c->arg, &operation, &c->err);

	if (rc == 0) {
		json = operation_json(c, &operation);
		rc = json ? reply_select(c, json) : err_set(&c->err, ERR_INTERNAL, "out of memory");
	}
	record_clear(&operation_schema, &operation);
	if (rc < 0) {
		json_object_put(json);
		return reply_error(c);
	}
	return reply_json(c, 200, json, NULL);
}

struct answered
operation_handle_events(struct call *c)
{
	struct operation operation = { 0 };
	struct answered answered;

	if (operation_find(&c->api->model, &c->who, c->arg, &operation, &c->err) < 0)
		answered = reply_error(c);
	else
		answered = follow_operation(c, &operation);
	record_clear(&operation_schema, &operation);
	return answered;
}

static int
operation_cancel(struct call *c, struct operation *operation)
{
	struct request request = { 0 };
	int rc;

	if (operation_find(&c->api->model, &c->who, c->arg, operation, &c->err) < 0 ||
	    operation_check_cancel(&c->who, operation, &c->err) < 0)
		return -1;
	if (boot_cancel(c->api->boot, operation->id))
		return 0;
	rc = queue_cancel(c->api->queue, operation->id, &c->err);
	if (rc == 1) {
		record_clear(&operation_schema, operation);
		return operation_find(&c->api->model, &c->who, c->arg, operation, &c->err);
	}
	if (rc < 0)
		return -1;
	rc = row_put_text(&request_schema, &request, "op", operation->id)
	             ? link_send(c->api->link, REQUEST_CANCEL, &request, -1, &c->err)
	             : err_set(&c->err, ERR_INTERNAL, "out of memory");
	record_clear(&request_schema, &request);
	return rc;
}

struct answered
operation_handle_cancel(struct call *c)
{
	struct operation operation = { 0 };
	struct answered answered;

	if (operation_cancel(c, &operation) < 0)
		answered = reply_error(c);
	else
		answered = reply_operation(c, &operation);
	record_clear(&operation_schema, &operation);
	return answered;
}
