#include "daemon/api/reply.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/show.h"
#include "daemon/util/log.h"

enum { REPLY_JSON = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE };

static const struct answered answered_now = { ANSWERED_NOW };

static void
problem_add_params(struct json_object *json, const struct err *e)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < e->nparams; i++) {
		struct json_object *param = json_object_new_object();

		json_object_object_add(param, "name", json_object_new_string(e->params[i].name));
		json_object_object_add(param, "reason", json_object_new_string(e->params[i].reason));
		json_object_array_add(list, param);
	}
	json_object_object_add(json, "invalid_params", list);
}

const char *
reply_code(const struct err *e)
{
	return e->code[0] ? e->code : err_kind_info(e->kind == ERR_NONE ? ERR_INTERNAL : e->kind)->code;
}

struct json_object *
problem_json(const struct err *e, int status)
{
	const struct err_kind_info *info = err_kind_info(e->kind == ERR_NONE ? ERR_INTERNAL : e->kind);
	struct json_object *json = json_object_new_object();

	if (!json)
		return NULL;
	json_object_object_add(json, "type", json_object_new_string("about:blank"));
	json_object_object_add(json, "title", json_object_new_string(info->title));
	json_object_object_add(json, "status", json_object_new_int(status ? status : info->http_status));
	json_object_object_add(json, "detail", json_object_new_string(e->message[0] ? e->message : info->title));
	json_object_object_add(json, "code", json_object_new_string(reply_code(e)));
	json_object_object_add(json, "retryable", json_object_new_boolean(info->retryable || strcmp(e->code, "interrupted") == 0));
	if (e->nparams > 0)
		problem_add_params(json, e);
	return json;
}

static void
reply_send(struct conn *conn, int status, const char *type, struct json_object *json, const char *headers, bool close)
{
	static const char nothing[] = "{}";
	struct http_response response = { .status = status, .type = type, .headers = headers, .body = nothing, .close = close };
	size_t len = sizeof nothing - 1;
	const char *text = json ? json_object_to_json_string_length(json, REPLY_JSON, &len) : NULL;

	if (text)
		response.body = text;
	response.len = len;
	conn_respond(conn, &response);
	json_object_put(json);
}

struct answered
reply_json(struct call *c, int status, struct json_object *json, const char *headers)
{
	if (!json)
		return reply_out_of_memory(c);
	c->answered = status;
	reply_send(c->conn, status, "application/json", json, headers, false);
	return answered_now;
}

void
reply_problem(struct conn *conn, int status, const struct err *e, bool close)
{
	const struct err_kind_info *info = err_kind_info(e->kind == ERR_NONE ? ERR_INTERNAL : e->kind);

	if (!status)
		status = info->http_status;
	if (status >= 500 && e->kind == ERR_INTERNAL)
		log_err(e, "a request failed");
	reply_send(conn, status, "application/problem+json", problem_json(e, status),
	           e->kind == ERR_UNAUTHORIZED ? "WWW-Authenticate: Bearer\r\n"
	           : info->retryable           ? "Retry-After: 1\r\n"
	                                       : NULL,
	           close);
}

static void
reply_add_allow(const struct call *c, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "Allow: ");

	for (int m = 0; m < METHOD_COUNT && len < size; m++)
		if (c->allowed & (1u << m))
			len += (size_t)snprintf(out + len, size - len, "%s%s", len > strlen("Allow: ") ? ", " : "",
			                        op_method_name((enum op_method)m));
	if (len < size)
		snprintf(out + len, size - len, "\r\n");
}

/* A tenant is told nothing of the host; its operator finds in the log what happened. */
static void
reply_hide_internal(enum role role, const char *whose, struct err *e)
{
	if (!role_is_tenants(role) || e->kind != ERR_INTERNAL)
		return;
	log_err(e, "a request of %s failed", whose);
	show_hide_internal(role, e);
}

struct answered
reply_error(struct call *c)
{
	char allow[100];

	c->answered = c->status ? c->status : err_kind_info(c->err.kind == ERR_NONE ? ERR_INTERNAL : c->err.kind)->http_status;
	reply_hide_internal(c->who.role, c->who.actor, &c->err);
	if (c->status != 405) {
		reply_problem(c->conn, c->status, &c->err, false);
		return answered_now;
	}
	reply_add_allow(c, allow, sizeof allow);
	reply_send(c->conn, 405, "application/problem+json", problem_json(&c->err, 405), allow, false);
	return answered_now;
}

struct answered
reply_out_of_memory(struct call *c)
{
	err_set(&c->err, ERR_INTERNAL, "out of memory");
	return reply_error(c);
}

struct answered
reply_operation(struct call *c, const struct operation *operation)
{
	char location[100];

	snprintf(location, sizeof location, "Location: /v1/operations/%s\r\n", operation->id);
	return reply_json(c, 202, show_operation(c->who.role, operation), location);
}

struct answered
reply_text(struct call *c, int status, const char *headers, const char *text)
{
	struct http_response response = {
		.status = status, .type = "application/json", .headers = headers, .body = text, .len = strlen(text)
	};

	c->answered = status;
	conn_respond(c->conn, &response);
	return answered_now;
}

struct answered
reply_bytes(struct call *c, const char *type, const char *headers, const char *data, size_t len)
{
	const struct http_response response = { .status = 200, .type = type, .headers = headers, .body = data, .len = len };

	c->answered = 200;
	conn_respond(c->conn, &response);
	return answered_now;
}

struct answered
reply_constant(struct call *c, const char *text)
{
	struct http_response response = {
		.status = 200, .type = "application/json", .body = text, .len = strlen(text), .constant = true
	};

	conn_respond(c->conn, &response);
	return answered_now;
}

void
reply_late_json(struct conn *conn, const char *text)
{
	struct http_response response = { .status = 200, .type = "application/json", .body = text, .len = strlen(text) };

	conn_respond(conn, &response);
}

void
reply_late_error(struct conn *conn, enum role role, const struct err *e)
{
	struct err told = *e;

	reply_hide_internal(role, "a tenant to the engine", &told);
	reply_problem(conn, 0, &told, false);
}

static int
reply_split_fields(struct call *c, struct strv *wanted)
{
	char copy[1024], *save = NULL;
	int rc = 0;

	snprintf(copy, sizeof copy, "%s", c->query.fields);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (!answer_field(c->op->answer, name))
			rc = err_param(&c->err, "fields", "'%.60s' is no field of it", name);
		else if (!strv_add(wanted, name))
			return err_set(&c->err, ERR_INTERNAL, "out of memory");
	}
	return rc;
}

int
reply_select(struct call *c, struct json_object *json)
{
	AUTO_STRV struct strv wanted = { 0 };

	if (!c->query.fields)
		return 0;
	if (reply_split_fields(c, &wanted) < 0)
		return -1;
	/* The macro allows the deletion of the member in hand. */
	json_object_object_foreach(json, name, value)
	{
		if (value && strv_contains(&wanted, name))
			continue;
		json_object_object_del(json, name);
	}
	return 0;
}

int
reply_check_match(struct call *c, int64_t revision)
{
	const char *match = c->request->if_match;
	char etag[32];

	snprintf(etag, sizeof etag, "\"%lld\"", (long long)revision);
	if (!*match || strcmp(match, "*") == 0 || strcmp(match, etag) == 0)
		return 0;
	return err_set(&c->err, ERR_PRECONDITION, "It has been changed meanwhile: its revision is %lld now", (long long)revision);
}

const char *
reply_admin_group(const struct call *c)
{
	return c->api->settings.admin_group;
}
