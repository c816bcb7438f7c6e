#include "daemon/api/route.h"

#include <ctype.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/audit.h"
#include "daemon/api/handlers.h"
#include "daemon/api/idempotency.h"
#include "daemon/api/queue.h"
#include "daemon/api/recovery.h"
#include "daemon/api/reply.h"
#include "daemon/model/policy.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/container.h"
#include "schema/tenant.h"

enum { ROUTE_JSON_DEPTH = 16 };

static int
route_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; false for a malformed escape or a NUL. */
static bool
route_unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		int c = (unsigned char)*text;

		if (c == '+')
			c = ' ';
		if (c == '%') {
			int high = route_hex(text[1]), low = high < 0 ? -1 : route_hex(text[2]);

			if (low < 0 || high * 16 + low == 0)
				return false;
			c = high * 16 + low;
			text += 2;
		}
		*out++ = (char)c;
	}
	*out = '\0';
	return true;
}

static int
route_take_parameter(struct call *c, char *word)
{
	const struct schema *schema = c->op->query;
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	else
		value = word + strlen(word);
	if (!route_unescape(word) || !route_unescape(value))
		return err_set(&c->err, ERR_BAD_REQUEST, "The query holds a malformed escape");
	if (!schema || !field_find(schema, word, NULL))
		return err_param(&c->err, word, "is no known parameter");
	if (record_has(schema, &c->query, word))
		return err_param(&c->err, word, "is given twice");
	return record_set_text(schema, &c->query, word, value, &c->err);
}

static int
route_decode_query(struct call *c)
{
	AUTO_FREE char *query = strdup(c->request->query);
	char *save = NULL;
	int rc = 0;

	if (!query)
		return err_set(&c->err, ERR_INTERNAL, "out of memory");
	for (char *word = strtok_r(query, "&", &save); word; word = strtok_r(NULL, "&", &save)) {
		if (route_take_parameter(c, word) < 0)
			rc = -1;
		if (c->err.kind == ERR_BAD_REQUEST)
			break;
	}
	return rc;
}

/* Secrets don't stay behind in freed memory. */
static void
route_wipe_json(const struct schema *schema, struct json_object *json)
{
	struct json_object *value = NULL;

	for (const struct field *f = schema->fields; f->name; f++)
		if ((f->flags & FIELD_SECRET) && json_object_is_type(json, json_type_object) &&
		    json_object_object_get_ex(json, f->name, &value) && json_object_is_type(value, json_type_string))
			explicit_bzero((char *)(uintptr_t)json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

static struct json_object *
route_parse_json(const struct buf *body, struct err *e)
{
	struct json_tokener *tok = json_tokener_new_ex(ROUTE_JSON_DEPTH);
	struct json_object *json;

	if (!tok) {
		err_set(e, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its final NUL, which ends a number or a bare word. */
	json = json_tokener_parse_ex(tok, body->data, (int)body->len + 1);
	if (!json && json_tokener_get_error(tok) == json_tokener_success)
		err_set(e, ERR_BAD_REQUEST, "The body must be a JSON object");
	else if (!json || json_tokener_get_error(tok) != json_tokener_success || json_tokener_get_parse_end(tok) < body->len) {
		err_set(e, ERR_BAD_REQUEST, "The body is no valid JSON, at byte %zu: %s", json_tokener_get_parse_end(tok),
		        json_tokener_error_desc(json_tokener_get_error(tok)));
		json_object_put(json);
		json = NULL;
	}
	explicit_bzero(tok->pb->buf, (size_t)tok->pb->size);
	json_tokener_free(tok);
	return json;
}

static int
route_decode_body(struct call *c)
{
	const struct schema *schema = c->op->body;
	const struct buf *body = &c->request->body;
	struct json_object *json;
	int rc = 0;

	if (!schema)
		return body->len == 0 ? 0 : err_set(&c->err, ERR_BAD_REQUEST, "%s takes no body", c->op->path);
	c->body = calloc(1, schema->size);
	if (!c->body)
		return err_set(&c->err, ERR_INTERNAL, "out of memory");
	if (body->len > 0) {
		json = route_parse_json(body, &c->err);
		if (!json)
			return -1;
		rc = record_from_json(schema, json, op_accepts(c->op), c->body, &c->err);
		route_wipe_json(schema, json);
		json_object_put(json);
	}
	if (rc < 0 && c->err.kind != ERR_INVALID)
		return -1;
	for (size_t i = 0; schema->fields[i].name && c->op->method != METHOD_PATCH; i++)
		if ((schema->fields[i].flags & FIELD_REQUIRED) && !record_has_row(c->body, i) &&
		    !err_names(&c->err, schema->fields[i].name))
			rc = err_param(&c->err, schema->fields[i].name, "is required");
	return rc;
}

static int
route_match(struct call *c)
{
	const char *method = c->request->method;
	int rc;

	c->head = strcmp(method, "HEAD") == 0;
	rc = op_match(c->head ? "GET" : method, c->request->path, &c->op, c->arg, sizeof c->arg, &c->allowed);
	if (rc == 0)
		return err_set(&c->err, ERR_NOT_FOUND, "There is no %.200s", c->request->path);
	if (rc > 0 && c->head && c->op->kind != KIND_READ && c->op->kind != KIND_TEXT) {
		c->allowed = 1u << METHOD_GET;
		rc = -1;
	}
	if (rc < 0) {
		c->op = NULL;
		c->status = 405;
		err_set(&c->err, ERR_BAD_REQUEST, "%.200s doesn't take %s", c->request->path, method);
		return err_code(&c->err, "method_not_allowed");
	}
	c->id = (enum op_id)(c->op - op_get((enum op_id)0));
	return 0;
}

int
call_decode(struct call *c, const struct http_request *request)
{
	int rc;

	c->request = request;
	if (route_match(c) < 0)
		return -1;
	rc = route_decode_query(c);
	if (rc < 0 && c->err.kind != ERR_INVALID)
		return -1;
	return route_decode_body(c) < 0 ? -1 : rc;
}

void
call_clear(struct call *c)
{
	if (c->op && c->op->query)
		record_clear(c->op->query, &c->query);
	if (c->body) {
		record_clear(c->op->body, c->body);
		free(c->body);
		c->body = NULL;
	}
}

static bool
route_works_without_store(enum op_id id)
{
	return id == RECOVER || id == DOCTOR || id == FEATURES;
}

static int
route_refuse(struct call *c)
{
	if (c->who.role == ROLE_NONE)
		return err_set(&c->err, ERR_DENIED, "%s may not do this: be root or a member of the group '%s', or bring a token",
		               c->who.actor, reply_admin_group(c));
	return err_set(&c->err, ERR_DENIED, "The role %s doesn't allow this", role_name(c->who.role));
}

/* Who may do nothing is told so, not what is wrong with his request. */
static bool
route_is_allowed(const struct call *c)
{
	return !c->op || access_allows(c->op->access, c->who.role);
}

static struct answered
route_handle(struct call *c)
{
	if (!c->query.dry_run && queue_check_room(c->api->queue, c->id, &c->who, &c->err) < 0)
		return reply_error(c);
	return handlers[c->id](c);
}

/* The first transaction that the call commits carries its key and its entry in the audit. */
static int
route_last_part(void *arg, struct err *e)
{
	struct call *c = arg;

	if (idempotency_last_part(c, e) < 0)
		return -1;
	return audit_applies(c) ? audit_last_part(c, e) : 0;
}

static void
route_watch(struct call *c, bool on)
{
	c->api->model.subject = on ? &c->subject : NULL;
	if (c->api->model.store)
		store_before_commit(c->api->model.store, on ? route_last_part : NULL, on ? c : NULL);
}

static struct answered
route_authorised(struct call *c)
{
	struct answered answered;
	int rc;

	if (c->api->recovery && !route_works_without_store(c->id)) {
		recovery_refuse(c->api->recovery, c);
		return reply_error(c);
	}
	if (policy_check_feature(&c->api->model, &c->who, c->id, &c->err) < 0)
		return reply_error(c);
	/* What was done already needs no room. */
	rc = idempotency_begin(c, &answered);
	if (rc > 0) {
		/* It was told of when it was done. */
		c->answered = 0;
		return answered;
	}
	if (rc < 0)
		return reply_error(c);
	route_watch(c, true);
	answered = route_handle(c);
	route_watch(c, false);
	return answered;
}

static struct answered
route_run(struct call *c, const struct http_request *request)
{
	int rc = call_decode(c, request);

	if (!route_is_allowed(c)) {
		err_clear(&c->err);
		route_refuse(c);
		return reply_error(c);
	}
	/* A creation adds what else is wrong with its body. */
	if (rc < 0 && !(c->op && c->id == CONTAINER_CREATE && c->err.kind == ERR_INVALID))
		return reply_error(c);
	return route_authorised(c);
}

struct answered
route_dispatch(struct api *api, struct conn *conn, const struct http_request *request, const struct peer *peer,
               const struct who *who)
{
	struct call c = { .api = api, .conn = conn, .peer = peer, .who = *who };
	struct answered answered = route_run(&c, request);

	audit_end(&c);
	call_clear(&c);
	return answered;
}
