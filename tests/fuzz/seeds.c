#include "tests/fuzz/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/container.h"
#include "schema/example.h"
#include "schema/protocol.h"
#include "schema/settings.h"
#include "schema/spec.h"
#include "schema/stream.h"
#include "schema/tenant.h"
#include "tests/lib/field_text.h"

const struct seed_caller seed_callers[SEED_CALLERS] = {
	{ 0, "admin", NULL },      { 1001, "owner", "acme" },  { 1002, "viewer", "acme" },
	{ 1003, "auditor", NULL }, { 1004, "operator", NULL }, { 65534, "", NULL },
};

static const char *
seed_word(const struct field *f)
{
	const char *text = field_text(f);

	return text ? text : "";
}

static int64_t
seed_number(const struct field *f)
{
	return f->preset >= f->min && f->preset <= f->max ? f->preset : f->min;
}

/* Every field, with a value that passes its rule. */
static void
seed_fill(const struct schema *schema, void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		switch (f->type) {
		case FIELD_BOOL:
		case FIELD_INT:
		case FIELD_SIZE:
		case FIELD_MILLI:
		case FIELD_TIME:
			*field_int(f, record) = seed_number(f);
			break;
		case FIELD_STRING:
			*field_string(f, record) = strdup(seed_word(f));
			break;
		case FIELD_LIST:
			strv_add(field_list(f, record), seed_word(f));
			break;
		case FIELD_OBJECT:
			seed_fill(f->object, field_object(f, record));
			break;
		}
		record_mark_row(record, i, true);
	}
}

/* As JSON writes it: variant 0 a right value, then the bounds, then what is wrong. False past the last. */
static bool
seed_value(const struct field *f, size_t variant, struct buf *out)
{
	static const char *const wrong[] = { "null", "\"\"",   "[[[[]]]]", "{\"a\":{}}", "1e308", "\"a\\n\\u0000\\u009b\"",
		                             "true", "-0.0005" };

	if (variant >= 3) {
		buf_addf(out, "%s", variant - 3 < sizeof wrong / sizeof *wrong ? wrong[variant - 3] : "");
		return variant - 3 < sizeof wrong / sizeof *wrong;
	}
	switch (f->type) {
	case FIELD_BOOL:
		buf_addf(out, "%s", variant ? "true" : "false");
		break;
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_TIME:
		buf_addf(out, "%lld", (long long)(variant == 0 ? seed_number(f) : variant == 1 ? f->min - (f->min > 0) : f->max));
		break;
	case FIELD_MILLI:
		buf_addf(out, "%lld.%03lld", (long long)(variant == 2 ? f->max : f->min) / 1000,
		         (long long)(variant == 2 ? f->max : f->min) % 1000);
		break;
	case FIELD_STRING:
		buf_addf(out, "\"%s\"", variant == 1 ? "*' OR 1=1 --%_" : variant == 2 ? "web" : seed_word(f));
		break;
	case FIELD_LIST:
		buf_addf(out, variant == 1 ? "[]" : variant == 2 ? "[\"%s\",\"%%\",\"auto\"]" : "[\"%s\"]", seed_word(f));
		break;
	case FIELD_OBJECT:
		buf_addf(out, "{}");
		break;
	}
	return true;
}

static bool
seed_is_accepted(const struct field *f, unsigned int accept)
{
	return accept ? (f->flags & accept) : !(f->flags & (FIELD_READONLY | FIELD_INTERNAL));
}

/* only NULL: all fields. */
static void
seed_body(const struct schema *schema, unsigned int accept, const struct field *only, size_t variant, struct buf *out)
{
	const char *comma = "{";

	for (const struct field *f = schema->fields; f->name; f++) {
		if (only ? f != only && !((f->flags & FIELD_REQUIRED) && accept != FIELD_PATCH) : !seed_is_accepted(f, accept))
			continue;
		buf_addf(out, "%s\"%s\":", comma, f->name);
		seed_value(f, f == only ? variant : 0, out);
		comma = ",";
	}
	buf_addf(out, "%s", *comma == '{' ? "{}" : "}");
}

struct seeds {
	const char *target;
	seed_take *take;
	void *arg;
};

static void
seed_give(const struct seeds *s, const struct buf *b)
{
	if (!b->failed && b->len > 0)
		s->take(s->arg, b->data, b->len);
}

static void
seed_request(const struct seeds *s, int caller, const struct op *op, const char *arg, const char *query, const char *body)
{
	AUTO_BUF struct buf out = { 0 };

	if (strcmp(s->target, "api") == 0)
		buf_addf(&out, "%c", '0' + caller);
	buf_addf(&out, "%s ", op_method_name(op->method));
	op_path(op, arg, &out);
	buf_addf(&out, "%s%s HTTP/1.1\r\nHost: b\r\n", *query ? "?" : "", query);
	if (op->kind == KIND_STREAM && op->method == METHOD_POST)
		buf_addf(&out, "Connection: Upgrade\r\nUpgrade: " STREAM_PROTOCOL "\r\n");
	if (op->method == METHOD_PATCH || op->method == METHOD_DELETE)
		buf_addf(&out, "If-Match: \"1\"\r\n");
	if (op->method == METHOD_POST)
		buf_addf(&out, "Idempotency-Key: key-1\r\n");
	if (body)
		buf_addf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	buf_addf(&out, "\r\n%s", body ? body : "");
	seed_give(s, &out);
}

/* For {id}, of one's own, of others, of none, and badly written. */
static const char *const ids[] = { "web",
	                           "acme:web",
	                           "globex:secret",
	                           "acme",
	                           "globex",
	                           "busybox",
	                           "small",
	                           "office",
	                           "hidden",
	                           "203.0.113.1",
	                           "101",
	                           "abad1deaabad1dea",
	                           "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11",
	                           "..",
	                           "%00",
	                           "*" };

static void
seed_fields(const struct seeds *s, const struct op *op)
{
	for (const struct field *f = op->body ? op->body->fields : NULL; f && f->name; f++)
		for (size_t variant = 0;; variant++) {
			AUTO_BUF struct buf value = { 0 }, body = { 0 };

			if (!seed_value(f, variant, &value))
				break;
			seed_body(op->body, op_accepts(op), f, variant, &body);
			seed_request(s, 1, op, "web", "", body.data);
		}
}

static void
seed_parameters(const struct seeds *s, const struct op *op)
{
	/* A cursor is hexadecimal. */
	static const char *const values[] = { "1",
		                              "web",
		                              "acme",
		                              "globex",
		                              "running",
		                              "tier%3Dfront",
		                              "%25_*'%22",
		                              "61636d653a776562",
		                              "676c6f6265783a736563726574",
		                              "-1",
		                              "id,name" };

	for (const struct field *f = op->query ? op->query->fields : NULL; f && f->name; f++)
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			char query[128];

			snprintf(query, sizeof query, "%s=%s", f->name, values[i]);
			seed_request(s, 1, op, "web", query, NULL);
		}
}

static void
seeds_http(const struct seeds *s)
{
	for (size_t i = 0; i < examples_count; i++)
		for (int caller = 0; caller < SEED_CALLERS; caller++)
			seed_request(s, caller, op_get(examples[i].op), examples[i].arg, examples[i].query, examples[i].body);
	for (int id = 0; id < OP_COUNT; id++) {
		const struct op *op = op_get((enum op_id)id);
		AUTO_BUF struct buf body = { 0 };

		if (op->body)
			seed_body(op->body, op_accepts(op), NULL, 0, &body);
		for (size_t i = 0; i < (strstr(op->path, "{id}") ? sizeof ids / sizeof *ids : 1); i++)
			for (int caller = 0; caller < SEED_CALLERS; caller++)
				seed_request(s, caller, op, ids[i], "", body.data);
		seed_fields(s, op);
		seed_parameters(s, op);
	}
}

const struct schema *
seed_schema(size_t i)
{
	static const struct schema *const more[] = { &settings_schema, &place_schema, &template_schema, &container_view_schema };

	for (int id = 0; id < OP_COUNT; id++)
		if (op_get((enum op_id)id)->body && i-- == 0)
			return op_get((enum op_id)id)->body;
	return i < sizeof more / sizeof *more ? more[i] : NULL;
}

static void
seeds_json(const struct seeds *s)
{
	for (size_t i = 0; seed_schema(i); i++)
		for (const struct field *f = seed_schema(i)->fields; f->name; f++)
			for (size_t variant = 0;; variant++) {
				AUTO_BUF struct buf value = { 0 }, body = { 0 };

				if (!seed_value(f, variant, &value))
					break;
				buf_addf(&body, "%c", (int)i);
				seed_body(seed_schema(i), 0, f, variant, &body);
				seed_give(s, &body);
			}
}

/* What a request doesn't take goes; it is told in the order of the fields. */
static void
seed_trim(enum msg_type type, struct request *request)
{
	for (const struct field *f = request_schema.fields; f->name; f++) {
		struct err e = { 0 };
		char takes[64];

		if (msg_check_request(type, request, &e) == 0)
			return;
		snprintf(takes, sizeof takes, "takes no '%s'", f->name);
		if (strstr(e.message, takes))
			record_mark(&request_schema, request, f->name, false);
	}
}

static void
seed_message(const struct seeds *s, enum msg_type type, const struct field *only)
{
	const struct schema *schema = msg_info(type)->schema;
	void *record = calloc(1, schema->size);
	AUTO_BUF struct buf out = { 0 };
	struct err e = { 0 };

	if (!record)
		return;
	seed_fill(schema, record);
	if (schema == &request_schema)
		seed_trim(type, record);
	if (only)
		record_mark(schema, record, only->name, !record_has(schema, record, only->name));
	if (msg_encode(type, record, &out, &e) == 0)
		seed_give(s, &out);
	record_clear(schema, record);
	free(record);
}

static void
seeds_protocol(const struct seeds *s)
{
	for (int type = 0; type < MSG_TYPE_COUNT; type++) {
		seed_message(s, (enum msg_type)type, NULL);
		for (const struct field *f = msg_info((enum msg_type)type)->schema->fields; f->name; f++)
			seed_message(s, (enum msg_type)type, f);
	}
}

void
seeds_each(const char *target, seed_take *take, void *arg)
{
	const struct seeds s = { target, take, arg };

	if (strcmp(target, "http") == 0 || strcmp(target, "api") == 0)
		seeds_http(&s);
	else if (strcmp(target, "json") == 0)
		seeds_json(&s);
	else if (strcmp(target, "protocol") == 0)
		seeds_protocol(&s);
}
