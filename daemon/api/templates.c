#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/operation.h"
#include "daemon/model/template.h"
#include "daemon/util/fd.h"

static int
template_finish(struct call *c, const struct template *template, struct json_object *json)
{
	int64_t users = 0;
	char ref[128];

	snprintf(ref, sizeof ref, "%s@%s", template->name, template->version);
	/* The number tells of others. */
	if (role_is_tenants(c->who.role))
		return reply_select(c, json);
	if (store_template_users(c->api->model.store, ref, &users, &c->err) < 0)
		return -1;
	json_object_object_add(json, "containers", json_object_new_int64(users));
	return reply_select(c, json);
}

static int
template_add_item(void *arg, const void *record)
{
	const struct template *template = record;
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = show_template(template);
	if (page_add(page, json, "%s@%s", template->name, template->version) < 0)
		return -1;
	return template_finish(page->c, template, json);
}

static int
template_read_page(struct call *c, char *after, struct page *page)
{
	char *at = strchr(after, '@');

	if (after[0] && !at)
		return err_param(&c->err, "cursor", "is none that this server gave");
	if (at)
		*at++ = '\0';
	return store_template_list(c->api->model.store, c->query.name, after, at, page->left + 1, template_add_item, page, &c->err);
}

struct answered
template_handle_list(struct call *c)
{
	return handler_list(c, template_read_page);
}

struct answered
template_handle_show(struct call *c)
{
	struct template template = { 0 };
	struct json_object *json = NULL;
	int rc = template_find(&c->api->model, c->arg, &template, &c->err);

	if (rc == 0) {
		json = show_template(&template);
		rc = json ? template_finish(c, &template, json) : err_set(&c->err, ERR_INTERNAL, "out of memory");
	}
	record_clear(&template_schema, &template);
	if (rc < 0) {
		json_object_put(json);
		return reply_error(c);
	}
	return reply_json(c, 200, json, NULL);
}

/* A dry run has no row to show, only that nothing stands against it. */
static struct answered
template_reply(struct call *c, enum msg_type type, struct request *request, struct operation *operation)
{
	if (c->query.dry_run)
		return reply_json(c, 200, show_operation(c->who.role, operation), NULL);
	return handler_start(c, type, request, operation);
}

struct answered
template_handle_build(struct call *c)
{
	const struct op_args *body = c->body;
	struct operation operation = { 0 };
	struct request request = { 0 };
	struct answered answered;

	if (!handler_fill_request(&request, c->op->body, body))
		answered = reply_out_of_memory(c);
	else if (operation_template_build(&c->api->model, &c->who, body->template, c->query.dry_run, &operation, &c->err) < 0)
		answered = reply_error(c);
	else
		answered = template_reply(c, REQUEST_TEMPLATE_BUILD, &request, &operation);
	record_clear(&operation_schema, &operation);
	record_clear(&request_schema, &request);
	return answered;
}

struct answered
template_handle_delete(struct call *c)
{
	struct template template = { 0 };
	struct operation operation = { 0 };
	struct request request = { 0 };
	struct answered answered;
	char ref[128];

	if (template_find(&c->api->model, c->arg, &template, &c->err) < 0)
		return reply_error(c);
	snprintf(ref, sizeof ref, "%s@%s", template.name, template.version);
	record_clear(&template_schema, &template);
	if (!row_put_text(&request_schema, &request, "template", ref))
		answered = reply_out_of_memory(c);
	else if (operation_template_delete(&c->api->model, &c->who, ref, c->query.dry_run, &operation, &c->err) < 0)
		answered = reply_error(c);
	else
		answered = template_reply(c, REQUEST_TEMPLATE_DELETE, &request, &operation);
	record_clear(&operation_schema, &operation);
	record_clear(&request_schema, &request);
	return answered;
}
