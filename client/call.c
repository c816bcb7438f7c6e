#include "client/call.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "client/problem.h"

/* Longer than the daemon lets any of its queries last: it tells of that itself. */
enum { CALL_QUERY_MS = 330 * 1000 };

/* A key of its own for each request, by which a repeated POST is known as the same one. */
static void
call_key(char *out, size_t size)
{
	unsigned char bytes[16];
	size_t len = (size_t)snprintf(out, size, "Idempotency-Key: ");

	if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
		out[0] = '\0';
		return;
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		len += (size_t)snprintf(out + len, size - len, "%02x", bytes[i]);
}

int
call_send(struct client *c, enum op_id id, const char *arg, const char *query, struct json_object *body, struct http_reply *reply,
          struct err *e)
{
	const struct op *op = op_get(id);
	AUTO_BUF struct buf path = { 0 };
	char key[64] = "";
	const char *headers[2] = { c->match, NULL };
	struct http_request request = { .method = op_method_name(op->method), .headers = headers };

	op_path(op, arg ? arg : "", &path);
	if (query && *query)
		buf_addf(&path, "?%s", query);
	if (path.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (op->kind == KIND_QUERY)
		request.timeout_ms = CALL_QUERY_MS;
	if (op->method == METHOD_POST) {
		call_key(key, sizeof key);
		headers[0] = *key ? key : NULL;
	}
	request.path = path.data;
	if (body) {
		request.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
		if (!request.body)
			return err_set(e, ERR_INTERNAL, "out of memory");
		request.body_len = strlen(request.body);
	}
	if (http_exchange(&c->http, &request, reply, e) < 0)
		return -1;
	return problem_check(reply, e);
}

int
call_json(struct client *c, enum op_id op, const char *arg, const char *query, struct json_object *body,
          struct json_object **json_out, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	struct json_object *json;

	if (call_send(c, op, arg, query, body, &reply, e) < 0)
		return -1;
	json = reply.body.len > 0 ? json_tokener_parse(reply.body.data) : NULL;
	if (!json)
		return err_set(e, ERR_INTERNAL, "The daemon's answer is no JSON");
	*json_out = json;
	return 0;
}

const char *
call_text(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(json, json_type_object) || !json_object_object_get_ex(json, name, &value))
		return NULL;
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

int64_t
call_int(struct json_object *json, const char *name, int64_t otherwise)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(json, json_type_object) || !json_object_object_get_ex(json, name, &value))
		return otherwise;
	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : otherwise;
}

void
call_query_add(struct buf *query, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(query, "%s%s=", query->len > 0 ? "&" : "", name);
	op_escape(value, query);
}

/* Moves a page's rows to items; 1 when a next page follows, whose cursor is added to *cursor. */
static int
call_take_page(struct json_object *page, struct json_object *items, struct buf *cursor, struct err *e)
{
	struct json_object *rows = NULL;
	const char *next = call_text(page, "next");

	if (!json_object_is_type(page, json_type_object) || !json_object_object_get_ex(page, "items", &rows) ||
	    !json_object_is_type(rows, json_type_array))
		return err_set(e, ERR_INTERNAL, "The daemon's answer is no list");
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		json_object_array_add(items, json_object_get(json_object_array_get_idx(rows, i)));
	buf_clear(cursor);
	if (!next)
		return 0;
	buf_addf(cursor, "%s", next);
	return cursor->failed ? err_set(e, ERR_INTERNAL, "out of memory") : 1;
}

int
call_list(struct client *c, enum op_id op, const char *id, const char *query, struct json_object **items_out, struct err *e)
{
	struct json_object *items = json_object_new_array();
	AUTO_BUF struct buf cursor = { 0 };
	int more;

	do {
		AUTO_BUF struct buf all = { 0 };
		struct json_object *page = NULL;

		buf_addf(&all, "%s", query ? query : "");
		call_query_add(&all, "limit", "1000");
		call_query_add(&all, "cursor", cursor.data);
		if (all.failed || call_json(c, op, id, all.data, NULL, &page, e) < 0) {
			json_object_put(items);
			return all.failed ? err_set(e, ERR_INTERNAL, "out of memory") : -1;
		}
		more = call_take_page(page, items, &cursor, e);
		json_object_put(page);
	} while (more > 0);
	if (more < 0) {
		json_object_put(items);
		return -1;
	}
	*items_out = items;
	return 0;
}
