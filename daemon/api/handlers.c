#include "daemon/api/handlers.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/boot.h"
#include "daemon/api/late.h"
#include "daemon/api/queue.h"
#include "daemon/api/recovery.h"
#include "daemon/api/reply.h"
#include "daemon/model/container.h"
#include "daemon/model/operation.h"
#include "daemon/util/fault.h"
#include "daemon/util/log.h"
#include "daemon/util/uuid.h"
#include "schema/check.h"

call_handler *const handlers[OP_COUNT] = {
	[FEATURES] = host_handle_features,
	[OPENAPI] = host_handle_openapi,
	[CONTAINER_LIST] = container_handle_list,
	[CONTAINER_CREATE] = container_handle_create,
	[CONTAINER_SHOW] = container_handle_show,
	[CONTAINER_SET] = container_handle_set,
	[CONTAINER_DELETE] = container_handle_action,
	[CONTAINER_START] = container_handle_action,
	[CONTAINER_STOP] = container_handle_action,
	[CONTAINER_RESTART] = container_handle_action,
	[CONTAINER_FREEZE] = container_handle_action,
	[CONTAINER_THAW] = container_handle_action,
	[CONTAINER_SUSPEND] = container_handle_suspend,
	[CONTAINER_UNSUSPEND] = container_handle_suspend,
	[CONTAINER_LIMITS] = container_handle_limits,
	[CONTAINER_EXEC] = container_handle_stream,
	[CONTAINER_CONSOLE] = container_handle_stream,
	[CONTAINER_LOGS] = container_handle_stream,
	[TEMPLATE_LIST] = template_handle_list,
	[TEMPLATE_BUILD] = template_handle_build,
	[TEMPLATE_SHOW] = template_handle_show,
	[TEMPLATE_DELETE] = template_handle_delete,
	[TENANT_LIST] = table_handle_list,
	[TENANT_CREATE] = table_handle_create,
	[TENANT_SHOW] = table_handle_show,
	[TENANT_SET] = table_handle_set,
	[TENANT_DELETE] = table_handle_delete,
	[PLAN_LIST] = table_handle_list,
	[PLAN_CREATE] = table_handle_create,
	[PLAN_SHOW] = table_handle_show,
	[PLAN_SET] = table_handle_set,
	[PLAN_DELETE] = table_handle_delete,
	[IP_POOL_LIST] = table_handle_list,
	[IP_POOL_CREATE] = table_handle_create,
	[IP_POOL_SHOW] = table_handle_show,
	[IP_POOL_SET] = table_handle_set,
	[IP_POOL_DELETE] = table_handle_delete,
	[METRICS] = metrics_handle_show,
	[NETWORK_LIST] = table_handle_list,
	[NETWORK_CREATE] = table_handle_create,
	[NETWORK_SHOW] = table_handle_show,
	[NETWORK_SET] = table_handle_set,
	[NETWORK_DELETE] = table_handle_delete,
	[ADDRESS_LIST] = address_handle_list,
	[ADDRESS_HISTORY] = address_handle_history,
	[USAGE_LIST] = usage_handle_list,
	[CONTAINER_USAGE] = usage_handle_container,
	[TOKEN_LIST] = table_handle_list,
	[TOKEN_CREATE] = table_handle_create,
	[TOKEN_SHOW] = table_handle_show,
	[TOKEN_SET] = table_handle_set,
	[TOKEN_DELETE] = table_handle_delete,
	[OPERATION_LIST] = operation_handle_list,
	[OPERATION_SHOW] = operation_handle_show,
	[OPERATION_EVENTS] = operation_handle_events,
	[OPERATION_CANCEL] = operation_handle_cancel,
	[EVENTS] = host_handle_events,
	[WEBHOOK_LIST] = table_handle_list,
	[WEBHOOK_CREATE] = table_handle_create,
	[WEBHOOK_SHOW] = table_handle_show,
	[WEBHOOK_SET] = table_handle_set,
	[WEBHOOK_DELETE] = table_handle_delete,
	[AUDIT] = audit_handle_list,
	[HOST_BOOT] = boot_handle,
	[HOST_SHUTDOWN] = boot_handle,
	[RECOVER] = recovery_handle,
	[DOCTOR] = host_handle_doctor,
	[DOCTOR_FIX] = host_handle_fix,
	[WHICH] = host_handle_which,
	[CAPACITY] = capacity_handle_show,
};

static bool
handler_copy_field(struct request *request, const struct field *to, const struct field *from, const void *record)
{
	switch (from->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		row_put_int(&request_schema, request, to->name, *field_int(from, record));
		return true;
	case FIELD_STRING:
		return row_put_text(&request_schema, request, to->name, *field_string(from, record));
	case FIELD_LIST:
		record_mark(&request_schema, request, to->name, true);
		return strv_copy(field_list(to, request), field_list(from, record));
	case FIELD_OBJECT:
		break;
	}
	return true;
}

bool
handler_fill_request(struct request *request, const struct schema *schema, const void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *from = &schema->fields[i], *to = field_find(&request_schema, from->name, NULL);

		if (record_has_row(record, i) && to && to->type == from->type && !handler_copy_field(request, to, from, record))
			return false;
	}
	return true;
}

bool
handler_name_request(struct request *request)
{
	char id[UUID_SIZE];

	uuid_make(id);
	return row_put_text(&request_schema, request, "op", id);
}

int
handler_filter_container(struct call *c, char id_out[UUID_SIZE])
{
	const char *wanted = c->query.container;
	struct container_view view = { 0 };
	int rc;

	if (!wanted || !check_uuid(wanted)) {
		snprintf(id_out, UUID_SIZE, "%s", wanted ? wanted : "");
		return 0;
	}
	rc = container_find(&c->api->model, &c->who, wanted, &view, &c->err);
	if (rc == 0)
		snprintf(id_out, UUID_SIZE, "%s", view.config.id);
	record_clear(&container_view_schema, &view);
	return rc;
}

struct answered
handler_fail(struct call *c, const struct operation *operation)
{
	late_fail(c->api->late, operation->id, &c->err);
	return reply_error(c);
}

struct answered
handler_start(struct call *c, enum msg_type type, struct request *request, const struct operation *operation)
{
	FAULT("api.journalled");
	if (!row_put_text(&request_schema, request, "op", operation->id))
		err_set(&c->err, ERR_INTERNAL, "out of memory");
	else if (queue_add(c->api->queue, type, request, &c->err) == 0) {
		FAULT("api.asked");
		return reply_operation(c, operation);
	}
	return handler_fail(c, operation);
}

/* {"items": [...], "next": cursor or null}; items is taken over. */
static struct json_object *
page_json(struct json_object *items, const char *next)
{
	struct json_object *json = json_object_new_object();

	if (!json) {
		json_object_put(items);
		return NULL;
	}
	json_object_object_add(json, "items", items);
	json_object_object_add(json, "next", next && *next ? json_object_new_string(next) : NULL);
	return json;
}

/* A cursor is hexadecimal text of whatever the list goes by. */
static void
page_encode_cursor(const char *text, char out[CURSOR_MAX])
{
	for (size_t i = 0; text[i] && 2 * i + 3 <= CURSOR_MAX; i++)
		snprintf(out + 2 * i, 3, "%02x", (unsigned int)(unsigned char)text[i]);
}

static int
handler_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
page_decode_cursor(struct call *c, char out[CURSOR_MAX])
{
	const char *text = c->query.cursor ? c->query.cursor : "";
	size_t len = strlen(text) / 2;

	if (strlen(text) % 2 != 0 || len >= CURSOR_MAX)
		return err_param(&c->err, "cursor", "is none that this server gave");
	for (size_t i = 0; i < len; i++) {
		int high = handler_hex(text[2 * i]), low = handler_hex(text[2 * i + 1]);

		if (high < 0 || low < 0 || high + low == 0)
			return err_param(&c->err, "cursor", "is none that this server gave");
		out[i] = (char)(high * 16 + low);
	}
	out[len] = '\0';
	return 0;
}

bool
page_is_full(struct page *page)
{
	if (page->left-- > 0)
		return false;
	page->more = true;
	return true;
}

int
page_add(struct page *page, struct json_object *json, const char *fmt, ...)
{
	va_list ap;

	if (!json)
		return err_set(&page->c->err, ERR_INTERNAL, "out of memory");
	json_object_array_add(page->items, json);
	va_start(ap, fmt);
	vsnprintf(page->last, sizeof page->last, fmt, ap);
	va_end(ap);
	return 0;
}

struct answered
handler_list(struct call *c, int (*read)(struct call *c, char *after, struct page *page))
{
	struct page page = { .c = c, .items = json_object_new_array(), .left = c->query.limit > 0 ? c->query.limit : 100 };
	char after[CURSOR_MAX], next[CURSOR_MAX] = "";

	if (!page.items)
		return reply_out_of_memory(c);
	if (page_decode_cursor(c, after) < 0 || read(c, after, &page) < 0) {
		json_object_put(page.items);
		return reply_error(c);
	}
	if (page.more)
		page_encode_cursor(page.last, next);
	return reply_json(c, 200, page_json(page.items, next), NULL);
}
