#include "schema/openapi.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "daemon/util/json.h"
#include "schema/example.h"
#include "schema/json_schema.h"
#include "schema/ops.h"
#include "schema/stream.h"

enum { OPENAPI_NAME = 64 };

/* The resources: the paths' second segment, and what {id} may be. */
static const struct {
	const char *name;
	const char *help;
	const char *id;
} tags[] = {
	{ "host", "The daemon and its host as a whole.", "" },
	{ "containers", "System containers.",
	  "The container's UUID, its name, or TENANT:NAME; for the host's roles also its host-wide number." },
	{ "templates", "What containers are made from.", "NAME for the newest version, or NAME@VERSION." },
	{ "tenants", "Whose containers they are, with totals over all of them.", "The tenant's name." },
	{ "plans", "Named sizes.", "The plan's name." },
	{ "networks", "Private networks of a tenant, and bridges of the host.", "The network's name, TENANT:NAME, or its UUID." },
	{ "ip-pools", "Pools of addresses that containers are given from.", "The pool's name." },
	{ "addresses", "Who holds which address, and who held it.", "The address." },
	{ "webhooks", "Whom to tell of events.", "The webhook's id." },
	{ "tokens", "Credentials: bearer tokens, and users and groups of the host.", "The token's public id." },
	{ "operations", "Calls that take time. Each is kept for seven days.", "The operation's UUID." },
	{ "events", "What happened, from a journal, then live.", "" },
};

static const char openapi_description[] =
        "Every container, tenant and setting of a Berth host, over its Unix socket or through a proxy.\n\n"
        "**Who**: on the socket /run/berth/berth.sock the kernel tells who calls; root and the group `berth` are admins. Anybody "
        "else, and\n"
        "everybody on the token listener, brings `Authorization: Bearer TOKEN`. Each operation bears `x-berth-roles`: who may call "
        "it. A\n"
        "tenant's roles see what is the tenant's alone; somebody else's is answered like what doesn't exist.\n\n"
        "**What takes time** is answered 202 at once, with the operation and its `Location`. Follow `/v1/operations/{id}/events` "
        "until its\n"
        "`end`, or read the operation until `ended_at` is there.\n\n"
        "**Errors** are problem+json (RFC 9457) with a `code` that stays as it is. All wrong parameters are told together, before "
        "anything\n"
        "is done; `dry_run=true` stops there.\n\n"
        "**Changes**: send the `ETag` that you saw as `If-Match`, and nobody's change is overwritten.\n\n"
        "**Lists** are `items` and `next`: the `cursor` of the next page, or null.\n\n"
        "**Versions**: within /v1 fields, operations and codes are only ever added; ignore what you don't know.";

static void
openapi_camel(const char *name, const char *suffix, char out[OPENAPI_NAME])
{
	bool upper = true;
	size_t n = 0;

	for (; *name && n + 1 < OPENAPI_NAME; name++) {
		if (*name != '_')
			out[n++] = (char)(upper ? toupper((unsigned char)*name) : *name);
		upper = *name == '_';
	}
	out[n] = '\0';
	snprintf(out + n, OPENAPI_NAME - n, "%s", suffix);
}

static size_t
openapi_tag(const struct op *op)
{
	const char *segment = op->path + strlen("/v1/");

	for (size_t i = 1; i < sizeof tags / sizeof *tags; i++)
		if (strlen(op->path) > strlen("/v1/") && strncmp(segment, tags[i].name, strlen(tags[i].name)) == 0)
			return i;
	return 0;
}

/* One id names an object: its path bears it. */
static bool
openapi_has_id(const struct op *op)
{
	return strstr(op->path, "{id}");
}

static bool
openapi_is_page(const struct op *op)
{
	return op->query && field_find(op->query, "cursor", NULL);
}

/* Frames both ways, not a body. */
static bool
openapi_is_upgrade(const struct op *op)
{
	return op->kind == KIND_STREAM && op->method == METHOD_POST;
}

static bool
openapi_is_versioned(const struct op *op)
{
	return op->answer && answer_field(op->answer, "revision");
}

static bool
openapi_takes_match(const struct op *op)
{
	return openapi_has_id(op) && op->method != METHOD_GET && openapi_is_versioned(op);
}

static enum json_schema_use
openapi_use(const struct op *op)
{
	switch (op_accepts(op)) {
	case FIELD_CREATE:
		return JSON_SCHEMA_CREATE;
	case FIELD_PATCH:
		return JSON_SCHEMA_PATCH;
	}
	return JSON_SCHEMA_ARGS;
}

static void
openapi_put_ref(struct json_object *json, const char *kind, const char *name)
{
	json_put_text(json, "$ref", "#/components/%s/%s", kind, name);
}

static void
openapi_body_name(const struct op *op, char out[OPENAPI_NAME])
{
	switch (openapi_use(op)) {
	case JSON_SCHEMA_CREATE:
		openapi_camel(op->answer->name, "Create", out);
		return;
	case JSON_SCHEMA_PATCH:
		openapi_camel(op->answer->name, "Patch", out);
		return;
	case JSON_SCHEMA_ARGS:
	case JSON_SCHEMA_SHOWN:
		break;
	}
	openapi_camel(op->body->name, "", out);
}

/* The components. */

/* The new component's schema; NULL: it is there. Its name outlives the caller's. */
static struct json_object *
openapi_component(struct json_object *schemas, const char *name)
{
	struct json_object *schema;

	if (json_object_object_get_ex(schemas, name, NULL))
		return NULL;
	schema = json_object_new_object();
	json_object_object_add(schemas, name, schema);
	return schema;
}

static void
openapi_add_page(struct json_object *schemas, const char *name, const char *item)
{
	struct json_object *page = openapi_component(schemas, name), *properties, *required, *member;

	if (!page)
		return;
	json_put_text(page, "type", "object");
	required = json_put_list(page, "required");
	json_append_text(required, "items");
	json_append_text(required, "next");
	properties = json_put_object(page, "properties");
	member = json_put_object(properties, "items");
	json_put_text(member, "type", "array");
	openapi_put_ref(json_put_object(member, "items"), "schemas", item);
	member = json_put_object(properties, "next");
	json_put_text(member, "description", "The cursor of the next page; null: this was the last one.");
	required = json_put_list(member, "type");
	json_append_text(required, "string");
	json_append_text(required, "null");
}

static void
openapi_add_answer(struct json_object *schemas, const struct answer *answer)
{
	char name[OPENAPI_NAME];
	struct json_object *schema;

	openapi_camel(answer->name, "", name);
	schema = openapi_component(schemas, name);
	if (schema)
		json_schema_add_answer(schema, answer);
}

static void
openapi_add_schemas(struct json_object *schemas)
{
	char name[OPENAPI_NAME], page[OPENAPI_NAME];
	struct json_object *schema;

	openapi_add_answer(schemas, &problem_answer);
	openapi_add_answer(schemas, &operation_answer);
	for (int id = 0; id < OP_COUNT; id++) {
		const struct op *op = op_get((enum op_id)id);

		if (op->answer)
			openapi_add_answer(schemas, op->answer);
		if (op->answer && openapi_is_page(op)) {
			openapi_camel(op->answer->name, "", name);
			openapi_camel(op->answer->name, "Page", page);
			openapi_add_page(schemas, page, name);
		}
		if (!op->body)
			continue;
		openapi_body_name(op, name);
		schema = openapi_component(schemas, name);
		if (schema)
			json_schema_add_body(schema, op->body, openapi_use(op));
	}
}

/* An operation. */

static void
openapi_put_content(struct json_object *response, const char *type, const char *schema)
{
	struct json_object *types = json_object_object_get(response, "content"), *content;

	content = json_put_object(types ? types : json_put_object(response, "content"), type);
	if (schema)
		openapi_put_ref(json_put_object(content, "schema"), "schemas", schema);
	else
		json_put_text(json_put_object(content, "schema"), "type", "string");
}

static void
openapi_put_header(struct json_object *response, const char *name, const char *help)
{
	struct json_object *headers = json_object_object_get(response, "headers"), *header;

	header = json_put_object(headers ? headers : json_put_object(response, "headers"), name);
	json_put_text(header, "description", "%s", help);
	json_put_text(json_put_object(header, "schema"), "type", "string");
}

static void
openapi_put_success(struct json_object *responses, const struct op *op)
{
	char name[OPENAPI_NAME] = "";
	struct json_object *response;
	bool made = op->kind == KIND_WRITE && op_accepts(op) == FIELD_CREATE;

	if (openapi_is_upgrade(op)) {
		response = json_put_object(responses, "101");
		json_put_text(response, "description", "The connection is a stream of " STREAM_PROTOCOL " frames now.");
		openapi_put_header(response, "Upgrade", STREAM_PROTOCOL);
		return;
	}
	if (op->answer)
		openapi_camel(op->answer->name, openapi_is_page(op) ? "Page" : "", name);
	response = json_put_object(responses, made ? "201" : "200");
	json_put_text(response, "description",
	              op->kind == KIND_JOB      ? "Nothing stands against it; nothing was done (dry_run)."
	              : op->kind == KIND_FOLLOW ? "A stream of events, of which each `data` is such an object."
	              : made                    ? "Made."
	                                        : "Done.");
	if (openapi_is_versioned(op) && !openapi_is_page(op))
		openapi_put_header(response, "ETag", "Its revision, for If-Match.");
	if (made)
		openapi_put_header(response, "Location", "Where it is.");
	openapi_put_content(response,
	                    op->kind == KIND_FOLLOW   ? "text/event-stream"
	                    : op->kind == KIND_STREAM ? "application/octet-stream"
	                    : op->kind == KIND_TEXT   ? "text/plain"
	                                              : "application/json",
	                    op->answer ? name : NULL);
	/* What Accept may ask for. */
	if (op->kind == KIND_TEXT)
		openapi_put_content(response, "application/openmetrics-text", NULL);
	if (op->kind != KIND_JOB)
		return;
	response = json_put_object(responses, "202");
	json_put_text(response, "description", "Begun: the operation.");
	openapi_put_header(response, "Location", "Where the operation is.");
	openapi_put_content(response, "application/json", "Operation");
}

static bool
openapi_may_fail(const struct op *op, enum err_kind kind)
{
	switch ((int)kind) {
	case ERR_UNAUTHORIZED:
	case ERR_BUSY:
		return true;
	case ERR_DENIED:
		return op->access != ACCESS_ANY;
	case ERR_NOT_FOUND:
		return openapi_has_id(op);
	case ERR_BAD_REQUEST:
	case ERR_INVALID:
		return op->body || op->query;
	case ERR_TOO_LARGE:
		return op->body;
	case ERR_PRECONDITION:
		return openapi_takes_match(op);
	case ERR_CONFLICT:
		return op->kind == KIND_JOB || op->kind == KIND_WRITE;
	case ERR_LOCKED:
		return op->kind == KIND_JOB;
	case ERR_TIMEOUT:
		return op->kind == KIND_QUERY;
	}
	return false;
}

static void
openapi_put_problems(struct json_object *responses, const struct op *op)
{
	for (int kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++) {
		const struct err_kind_info *info = err_kind_info((enum err_kind)kind);
		char status[8];

		if (!openapi_may_fail(op, (enum err_kind)kind))
			continue;
		snprintf(status, sizeof status, "%d", info->http_status);
		/* The key must outlive this. */
		json_object_object_add(responses, status, json_object_new_object());
		openapi_put_ref(json_object_object_get(responses, status), "responses", info->code);
	}
	openapi_put_ref(json_put_object(responses, "default"), "responses", "problem");
}

static struct json_object *
openapi_add_parameter(struct json_object *list, const char *in, const char *name, const char *help)
{
	struct json_object *parameter = json_append_object(list);

	json_put_text(parameter, "name", "%s", name);
	json_put_text(parameter, "in", "%s", in);
	json_put_text(parameter, "description", "%s", help);
	return json_put_object(parameter, "schema");
}

static void
openapi_put_parameters(struct json_object *json, const struct op *op)
{
	struct json_object *list = json_put_list(json, "parameters"), *schema;

	if (openapi_has_id(op)) {
		schema = openapi_add_parameter(list, "path", "id", tags[openapi_tag(op)].id);
		json_put_text(schema, "type", "string");
		json_put_bool(json_object_array_get_idx(list, 0), "required", true);
	}
	for (const struct field *f = op->query ? op->query->fields : NULL; f && f->name; f++) {
		schema = openapi_add_parameter(list, "query", f->name, f->help);
		json_schema_add_field(schema, f, JSON_SCHEMA_ARGS);
		json_object_object_del(schema, "description");
	}
	if (op->method == METHOD_POST && (op->kind == KIND_JOB || op->kind == KIND_WRITE || op->kind == KIND_STREAM)) {
		schema = openapi_add_parameter(
		        list, "header", "Idempotency-Key",
		        "Of the caller's own choice, kept for a day: the same request with the same key is answered as the "
		        "first one was, and nothing is done twice.");
		json_put_text(schema, "type", "string");
		json_put_int(schema, "maxLength", 128);
	}
	if (openapi_takes_match(op)) {
		schema =
		        openapi_add_parameter(list, "header", "If-Match", "The ETag that was seen: 412 when it has changed since.");
		json_put_text(schema, "type", "string");
	}
}

static bool
openapi_requires_body(const struct op *op)
{
	for (const struct field *f = op->body->fields; f->name; f++)
		if ((f->flags & FIELD_REQUIRED) && op->method != METHOD_PATCH)
			return true;
	return op->method == METHOD_PATCH;
}

static void
openapi_put_body(struct json_object *json, const struct op *op)
{
	struct json_object *body = json_put_object(json, "requestBody");
	char name[OPENAPI_NAME];

	openapi_body_name(op, name);
	openapi_put_content(body, "application/json", name);
	for (size_t i = 0; i < examples_count; i++)
		if (op_get(examples[i].op) == op && examples[i].body && examples[i].status < 300) {
			json_put(json_object_object_get(json_object_object_get(body, "content"), "application/json"), "example",
			         json_tokener_parse(examples[i].body));
			break;
		}
	json_put_bool(body, "required", openapi_requires_body(op));
}

/* A shell's word, within double quotes; nothing in the examples needs more. */
static void
openapi_put_curl(struct json_object *json, const struct example *example, const char *path)
{
	const struct op *op = op_get(example->op);
	char method[16] = "";

	if (op->method != METHOD_GET && !(op->method == METHOD_POST && example->body))
		snprintf(method, sizeof method, "-X %s ", op_method_name(op->method));
	json_put_text(json, "source", "curl --unix-socket /run/berth/berth.sock %s%s\"http://localhost%s%s%s\"%s%s%s",
	              op->kind == KIND_FOLLOW ? "-N " : "", method, path, *example->query ? "?" : "", example->query,
	              example->body ? " --json '" : "", example->body ? example->body : "", example->body ? "'" : "");
}

static void
openapi_put_examples(struct json_object *json, enum op_id id)
{
	struct json_object *list = NULL, *item;

	for (size_t i = 0; i < examples_count; i++) {
		const char *hole = strstr(op_get(id)->path, "{id}");
		char path[256];

		if (examples[i].op != id)
			continue;
		if (!list)
			list = json_put_list(json, "x-berth-examples");
		snprintf(path, sizeof path, "%.*s%s%s", hole ? (int)(hole - op_get(id)->path) : (int)strlen(op_get(id)->path),
		         op_get(id)->path, examples[i].arg, hole ? hole + strlen("{id}") : "");
		item = json_append_object(list);
		json_put_int(item, "step", (int64_t)i + 1);
		json_put_text(item, "path", "%s%s%s", path, *examples[i].query ? "?" : "", examples[i].query);
		if (examples[i].body)
			json_put(item, "body", json_tokener_parse(examples[i].body));
		json_put_int(item, "status", examples[i].status);
		if (!openapi_is_upgrade(op_get(id)))
			openapi_put_curl(item, &examples[i], path);
	}
}

static void
openapi_put_roles(struct json_object *json, const struct op *op)
{
	struct json_object *roles = json_put_list(json, "x-berth-roles");

	for (int role = ROLE_NONE; role < ROLE_COUNT; role++)
		if (access_allows(op->access, (enum role)role))
			json_append_text(roles, role_name((enum role)role));
}

static void
openapi_put_op(struct json_object *paths, enum op_id id)
{
	static const char *const kinds[] = {
		[KIND_READ] = "read", [KIND_TEXT] = "text",     [KIND_WRITE] = "write",   [KIND_QUERY] = "query",
		[KIND_JOB] = "job",   [KIND_STREAM] = "stream", [KIND_FOLLOW] = "follow",
	};
	static const char *const methods[METHOD_COUNT] = { "get", "post", "patch", "put", "delete" };
	const struct op *op = op_get(id);
	struct json_object *path = json_object_object_get(paths, op->path), *json, *responses;
	char name[OPENAPI_NAME];
	size_t n = 0;

	for (; op->name[n] && n + 1 < sizeof name; n++)
		name[n] = (char)tolower((unsigned char)op->name[n]);
	name[n] = '\0';
	json = json_put_object(path ? path : json_put_object(paths, op->path), methods[op->method]);
	json_put_text(json, "operationId", "%s", name);
	json_put_text(json, "summary", "%s", op->help);
	json_append_text(json_put_list(json, "tags"), tags[openapi_tag(op)].name);
	openapi_put_roles(json, op);
	json_put_text(json, "x-berth-kind", "%s", kinds[op->kind]);
	openapi_put_parameters(json, op);
	if (op->body)
		openapi_put_body(json, op);
	responses = json_put_object(json, "responses");
	openapi_put_success(responses, op);
	openapi_put_problems(responses, op);
	openapi_put_examples(json, id);
}

static void
openapi_put_info(struct json_object *doc)
{
	struct json_object *info = json_put_object(doc, "info"), *list, *item;

	json_put_text(info, "title", "Berth");
	json_put_text(info, "summary", "System containers of many tenants on one host");
	json_put_text(info, "description", "%s", openapi_description);
	json_put_text(info, "version", "%s", PACKAGE_VERSION);
	item = json_put_object(info, "license");
	json_put_text(item, "name", "GPL-2.0-or-later");
	json_put_text(item, "identifier", "GPL-2.0-or-later");
	item = json_append_object(json_put_list(doc, "servers"));
	json_put_text(item, "url", "http://localhost");
	json_put_text(item, "description", "The Unix socket, or the proxy's own address");
	list = json_put_list(doc, "security");
	json_append_object(list);
	json_put_list(json_append_object(list), "token");
	list = json_put_list(doc, "tags");
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		item = json_append_object(list);
		json_put_text(item, "name", "%s", tags[i].name);
		json_put_text(item, "description", "%s", tags[i].help);
	}
}

static void
openapi_put_problem(struct json_object *responses, const char *name, const char *description)
{
	struct json_object *response = openapi_component(responses, name);

	if (!response)
		return;
	json_put_text(response, "description", "%s", description);
	openapi_put_content(response, "application/problem+json", "Problem");
}

static void
openapi_put_codes(struct json_object *problem)
{
	struct json_object *codes = json_put_list(problem, "x-berth-codes");

	for (int kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++) {
		const struct err_kind_info *info = err_kind_info((enum err_kind)kind);
		struct json_object *code = json_append_object(codes);

		json_put_text(code, "code", "%s", info->code);
		json_put_text(code, "title", "%s", info->title);
		json_put_int(code, "status", info->http_status);
		json_put_bool(code, "retryable", info->retryable);
	}
}

static void
openapi_add_problems(struct json_object *responses)
{
	openapi_put_problem(responses, "problem", "What else may go wrong: the code tells.");
	for (int id = 0; id < OP_COUNT; id++)
		for (int kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++)
			if (openapi_may_fail(op_get((enum op_id)id), (enum err_kind)kind))
				openapi_put_problem(responses, err_kind_info((enum err_kind)kind)->code,
				                    err_kind_info((enum err_kind)kind)->title);
}

char *
openapi_text(bool pretty)
{
	struct json_object *doc = json_object_new_object(), *paths, *components, *scheme;
	char *text;

	json_put_text(doc, "openapi", "3.1.0");
	openapi_put_info(doc);
	paths = json_put_object(doc, "paths");
	for (int id = 0; id < OP_COUNT; id++)
		openapi_put_op(paths, (enum op_id)id);
	components = json_put_object(doc, "components");
	openapi_add_schemas(json_put_object(components, "schemas"));
	openapi_put_codes(json_object_object_get(json_object_object_get(components, "schemas"), "Problem"));
	openapi_add_problems(json_put_object(components, "responses"));
	scheme = json_put_object(json_put_object(components, "securitySchemes"), "token");
	json_put_text(scheme, "type", "http");
	json_put_text(scheme, "scheme", "bearer");
	text = strdup(json_object_to_json_string_ext(
	        doc, JSON_C_TO_STRING_NOSLASHESCAPE | (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0)));
	json_object_put(doc);
	return text;
}
