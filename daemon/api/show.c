#include "daemon/api/show.h"

#include <json-c/json.h>
#include <stdio.h>

#include "daemon/api/reply.h"

enum { SHOW_FLAGS = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY };

void
show_hide(enum role role, const struct schema *schema, struct json_object *json)
{
	for (const struct field *f = schema->fields; f->name; f++)
		if ((f->flags & FIELD_HOST) && role_is_tenants(role))
			json_object_object_del(json, f->name);
}

void
show_hide_internal(enum role role, struct err *e)
{
	if (role_is_tenants(role) && e->kind == ERR_INTERNAL)
		snprintf(e->message, sizeof e->message, "Something went wrong on the host; its operator can see what");
}

struct json_object *
show_container(enum role role, const struct container_view *view)
{
	struct json_object *json = record_to_json(&container_view_schema, view, false);

	if (json)
		show_hide(role, &container_view_schema, json);
	return json;
}

struct json_object *
show_template(const struct template *template)
{
	struct json_object *json = record_to_json(&template_schema, template, false);
	char ref[128];

	if (!json)
		return NULL;
	snprintf(ref, sizeof ref, "%s@%s", template->name, template->version);
	json_object_object_add_ex(json, "id", json_object_new_string(ref), SHOW_FLAGS);
	return json;
}

static void
show_add_error(enum role role, struct json_object *json, const struct operation *operation)
{
	struct err e = { 0 };
	struct done done = {
		.kind = operation->error_kind,
		.code = operation->error_code,
		.message = operation->error_message,
		.params = operation->error_params,
	};

	done_to_err(&done, &e);
	show_hide_internal(role, &e);
	json_object_object_add_ex(json, "error", problem_json(&e, 0), SHOW_FLAGS);
}

struct json_object *
show_operation(enum role role, const struct operation *operation)
{
	struct json_object *json = record_to_json(&operation_schema, operation, false), *result;

	if (!json)
		return NULL;
	if (operation->error_kind)
		show_add_error(role, json, operation);
	result = operation->result ? json_tokener_parse(operation->result) : NULL;
	if (result)
		json_object_object_add_ex(json, "result", result, SHOW_FLAGS);
	return json;
}

static void
show_add_text(struct json_object *json, const char *name, const char *text)
{
	if (text)
		json_object_object_add_ex(json, name, json_object_new_string(text), SHOW_FLAGS);
}

struct json_object *
show_event(const struct event_row *event)
{
	struct json_object *json = json_object_new_object(), *data = event->data ? json_tokener_parse(event->data) : NULL;
	char text[32];
	struct tm tm;
	time_t t = event->time;

	if (!json) {
		json_object_put(data);
		return NULL;
	}
	json_object_object_add_ex(json, "seq", json_object_new_int64(event->seq), SHOW_FLAGS);
	if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		show_add_text(json, "time", text);
	show_add_text(json, "type", event->type);
	show_add_text(json, "container", event->container);
	show_add_text(json, "tenant", event->tenant);
	show_add_text(json, "name", event->name);
	show_add_text(json, "operation", event->operation);
	if (data)
		json_object_object_add_ex(json, "data", data, SHOW_FLAGS);
	return json;
}
