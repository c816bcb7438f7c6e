#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/audit.h"
#include "daemon/api/boot.h"
#include "daemon/api/callers.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/container.h"
#include "daemon/model/container_state.h"
#include "daemon/model/operation.h"
#include "daemon/model/template.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "schema/stream.h"

/* What a call on a container works with; cleared when its handler returns. */
struct scene {
	struct container_view view;
	struct operation operation;
	struct request request;
};

static void
scene_clear(struct scene *s)
{
	record_clear(&container_view_schema, &s->view);
	record_clear(&operation_schema, &s->operation);
	record_clear(&request_schema, &s->request);
}

#define AUTO_SCENE __attribute__((cleanup(scene_clear)))

static int
container_add_item(void *arg, const void *record)
{
	const struct container_view *view = record;
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = show_container(page->c->who.role, view);
	if (page_add(page, json, "%s:%s", view->config.tenant, view->config.name) < 0)
		return -1;
	return reply_select(page->c, json);
}

static int
container_read_page(struct call *c, char *after, struct page *page)
{
	struct container_filter filter = {
		.name = c->query.name,
		.tenant = c->who.tenant[0] ? c->who.tenant : c->query.tenant,
		.state = c->query.state,
		.template = c->query.template,
		.plan = c->query.plan,
		.owner = c->query.owner,
		.billing = c->query.billing,
		.label = c->query.label,
		.limit = page->left + 1,
	};

	/* Another's tenant is as empty as one that isn't there. */
	if (c->query.tenant && !who_sees(&c->who, c->query.tenant))
		return 0;
	if (after[0]) {
		char *colon = strchr(after, ':');

		if (!colon)
			return err_param(&c->err, "cursor", "is none that this server gave");
		*colon = '\0';
		filter.after_tenant = after;
		filter.after_name = colon + 1;
	}
	return store_container_list(c->api->model.store, &filter, container_add_item, page, &c->err);
}

struct answered
container_handle_list(struct call *c)
{
	return handler_list(c, container_read_page);
}

static struct answered
container_reply(struct call *c, const struct container_view *view)
{
	struct json_object *json = show_container(c->who.role, view);
	char etag[48];

	if (!json)
		return reply_out_of_memory(c);
	if (reply_select(c, json) < 0) {
		json_object_put(json);
		return reply_error(c);
	}
	snprintf(etag, sizeof etag, "ETag: \"%lld\"\r\n", (long long)view->revision);
	return reply_json(c, 200, json, etag);
}

struct answered
container_handle_show(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };

	if (container_find(&c->api->model, &c->who, c->arg, &s.view, &c->err) < 0)
		return reply_error(c);
	return container_reply(c, &s.view);
}

/* What of the whole configuration an engine's request carries. */
static bool
container_fill_request(struct scene *s, bool with_config)
{
	if (!row_put_text(&request_schema, &s->request, "id", s->view.config.id))
		return false;
	if (!with_config)
		return true;
	record_mark(&request_schema, &s->request, "config", true);
	return record_copy(&container_config_schema, &s->request.config, &s->view.config);
}

/* Of an operation that is in the journal by now: whoever can't go on has to end it. */
static int
container_fill_journalled(struct call *c, struct scene *s)
{
	if (fault_at("api.filling", &c->err) < 0)
		return -1;
	return container_fill_request(s, true) ? 0 : err_set(&c->err, ERR_INTERNAL, "out of memory");
}

struct answered
container_handle_create(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };
	int64_t tenant = 0;

	if (container_create(&c->api->model, &c->who, c->body, c->query.dry_run, &s.view, &s.operation, &c->err) < 0)
		return reply_error(c);
	if (c->query.dry_run)
		return container_reply(c, &s.view);
	if (store_tenant_number(c->api->model.store, s.view.config.tenant, &tenant, &c->err) < 0 ||
	    container_fill_journalled(c, &s) < 0)
		return handler_fail(c, &s.operation);
	row_put_int(&request_schema, &s.request, "tenant_number", tenant);
	return handler_start(c, REQUEST_CREATE, &s.request, &s.operation);
}

struct answered
container_handle_set(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };
	struct model *m = &c->api->model;

	if (container_find(m, &c->who, c->arg, &s.view, &c->err) < 0 || reply_check_match(c, s.view.revision) < 0 ||
	    container_change(m, &c->who, &s.view, c->body, c->query.dry_run, &s.request.changed, &s.operation, &c->err) < 0)
		return reply_error(c);
	if (c->query.dry_run)
		return container_reply(c, &s.view);
	if (s.request.changed.n == 0)
		return reply_operation(c, &s.operation);
	record_mark(&request_schema, &s.request, "changed", true);
	if (container_fill_journalled(c, &s) < 0)
		return handler_fail(c, &s.operation);
	return handler_start(c, REQUEST_SET, &s.request, &s.operation);
}

static bool
container_fill_options(struct call *c, struct scene *s)
{
	if (c->body && !handler_fill_request(&s->request, c->op->body, c->body))
		return false;
	return !c->op->query || handler_fill_request(&s->request, c->op->query, &c->query);
}

struct answered
container_handle_suspend(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };
	struct model *m = &c->api->model;
	const struct op_args *body = c->body;

	if (body && body->freeze && (body->kill || record_has(c->op->body, body, "timeout")))
		err_param(&c->err, "freeze", "stops nothing: give it without timeout and kill");
	if (err_is_set(&c->err) || container_find(m, &c->who, c->arg, &s.view, &c->err) < 0 ||
	    reply_check_match(c, s.view.revision) < 0)
		return reply_error(c);
	if (!container_fill_options(c, &s))
		return reply_out_of_memory(c);
	if (container_suspend(m, &c->who, c->id, &s.view, body ? body->reason : NULL, c->query.dry_run, &s.request.changed,
	                      &s.operation, &c->err) < 0)
		return reply_error(c);
	if (c->query.dry_run)
		return container_reply(c, &s.view);
	record_mark(&request_schema, &s.request, "changed", true);
	if (container_fill_journalled(c, &s) < 0)
		return handler_fail(c, &s.operation);
	return handler_start(c, c->id == CONTAINER_SUSPEND ? REQUEST_SUSPEND : REQUEST_SET, &s.request, &s.operation);
}

/* Start, stop, restart, freeze, thaw, delete: one shape. */
static const struct {
	enum op_id op;
	enum msg_type request;
	bool with_config;
} container_actions[] = {
	{ CONTAINER_START, REQUEST_START, true },     { CONTAINER_STOP, REQUEST_STOP, false },
	{ CONTAINER_RESTART, REQUEST_RESTART, true }, { CONTAINER_FREEZE, REQUEST_FREEZE, false },
	{ CONTAINER_THAW, REQUEST_THAW, false },      { CONTAINER_DELETE, REQUEST_DELETE, false },
	{ CONTAINER_EXEC, REQUEST_EXEC, false },      { CONTAINER_CONSOLE, REQUEST_CONSOLE, false },
	{ CONTAINER_LOGS, REQUEST_LOGS, false },
};

static size_t
container_action(enum op_id op)
{
	size_t i = 0;

	while (container_actions[i].op != op)
		i++;
	return i;
}

static int
container_resolve_rescue(struct call *c, struct request *request)
{
	char *ref = NULL;

	if (!request->rescue)
		return 0;
	if (template_resolve(&c->api->model, "rescue", request->rescue, &ref, &c->err) < 0)
		return -1;
	free(request->rescue);
	request->rescue = ref;
	return 0;
}

struct answered
container_handle_action(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };
	size_t action = container_action(c->id);
	struct model *m = &c->api->model;

	if (container_find(m, &c->who, c->arg, &s.view, &c->err) < 0 || reply_check_match(c, s.view.revision) < 0)
		return reply_error(c);
	if (!container_fill_options(c, &s) || !container_fill_request(&s, container_actions[action].with_config))
		return reply_out_of_memory(c);
	if ((c->id == CONTAINER_START || c->id == CONTAINER_RESTART) && boot_check_start(c->api->boot, &c->err) < 0)
		return reply_error(c);
	if (container_resolve_rescue(c, &s.request) < 0 ||
	    container_begin(m, &c->who, c->id, &s.view, c->query.force, c->query.dry_run, &s.operation, &c->err) < 0)
		return reply_error(c);
	if (c->query.dry_run)
		return container_reply(c, &s.view);
	return handler_start(c, container_actions[action].request, &s.request, &s.operation);
}

struct answered
container_handle_limits(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };

	if (container_find(&c->api->model, &c->who, c->arg, &s.view, &c->err) < 0 ||
	    container_check_state(c->id, &s.view, false, &c->err) < 0)
		return reply_error(c);
	if (!container_fill_request(&s, true) || !handler_name_request(&s.request))
		return reply_out_of_memory(c);
	return link_query(c, REQUEST_LIMITS, &s.request);
}

static int
container_check_upgrade(struct call *c, struct request *request)
{
	if (c->id == CONTAINER_LOGS)
		return 0;
	row_put_int(&request_schema, request, "upgrade", 1);
	if (strcmp(c->request->upgrade, STREAM_PROTOCOL) == 0 && c->request->minor > 0)
		return 0;
	c->status = 426;
	err_set(&c->err, ERR_BAD_REQUEST, "This is a stream: ask for 'Connection: Upgrade' and 'Upgrade: %s'", STREAM_PROTOCOL);
	return err_code(&c->err, "upgrade_required");
}

/* The job that gets the connection answers on it. */
struct answered
container_handle_stream(struct call *c)
{
	AUTO_SCENE struct scene s = { 0 };
	size_t action = container_action(c->id);
	char caller[WHO_TEXT_SIZE];
	int fd;

	if (container_check_upgrade(c, &s.request) < 0 || container_find(&c->api->model, &c->who, c->arg, &s.view, &c->err) < 0 ||
	    container_check_state(c->id, &s.view, false, &c->err) < 0)
		return reply_error(c);
	who_write(&c->who, caller);
	if (!container_fill_options(c, &s) || !container_fill_request(&s, false) || !handler_name_request(&s.request) ||
	    !row_put_text(&request_schema, &s.request, "caller", caller))
		return reply_out_of_memory(c);
	if (msg_check_request(container_actions[action].request, &s.request, &c->err) < 0)
		return reply_error(c);
	if (callers_hand_over(c, s.request.op) < 0)
		return reply_error(c);
	if (audit_session(c, s.request.op) < 0) {
		callers_stream_ended(c->api->callers, s.request.op);
		return reply_error(c);
	}
	fd = conn_share(c->conn);
	if (fd < 0)
		err_sys(&c->err, "hand a connection over");
	if (fd < 0 || link_send(c->api->link, container_actions[action].request, &s.request, fd, &c->err) < 0) {
		callers_stream_ended(c->api->callers, s.request.op);
		return reply_error(c);
	}
	conn_abandon(c->conn);
	return (struct answered){ ANSWERED_AWAY };
}
