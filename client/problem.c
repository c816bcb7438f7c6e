#include "client/problem.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/clean.h"
#include "client/client.h"

static const char *
problem_text(struct json_object *problem, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(problem, json_type_object) || !json_object_object_get_ex(problem, name, &value))
		return NULL;
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* For a precise code that no kind is named after, the status tells the kind. */
static enum err_kind
problem_kind(const char *code, int status)
{
	static const struct {
		int status;
		enum err_kind kind;
	} kinds[] = {
		{ 400, ERR_BAD_REQUEST }, { 401, ERR_DENIED },  { 403, ERR_DENIED },   { 404, ERR_NOT_FOUND },
		{ 405, ERR_BAD_REQUEST }, { 408, ERR_TIMEOUT }, { 409, ERR_CONFLICT }, { 412, ERR_PRECONDITION },
		{ 413, ERR_TOO_LARGE },   { 422, ERR_INVALID }, { 423, ERR_LOCKED },   { 429, ERR_BUSY },
		{ 501, ERR_UNSUPPORTED }, { 503, ERR_BUSY },    { 504, ERR_TIMEOUT },  { 507, ERR_NO_SPACE },
	};
	enum err_kind kind = code ? err_kind_of_code(code) : ERR_INTERNAL;

	if (kind != ERR_INTERNAL)
		return kind;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return ERR_INTERNAL;
}

static void
problem_take_params(struct json_object *problem, struct err *e)
{
	struct json_object *params = NULL;

	if (!json_object_is_type(problem, json_type_object) || !json_object_object_get_ex(problem, "invalid_params", &params) ||
	    !json_object_is_type(params, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(params) && e->nparams < ERR_PARAMS_MAX; i++) {
		struct json_object *param = json_object_array_get_idx(params, i);
		const char *name = problem_text(param, "name"), *reason = problem_text(param, "reason");
		struct err_param *place = &e->params[e->nparams++];

		snprintf(place->name, sizeof place->name, "%s", name ? name : "?");
		snprintf(place->reason, sizeof place->reason, "%s", reason ? reason : "is wrong");
	}
}

int
problem_to_err(struct json_object *problem, int status, struct err *e)
{
	const char *code = problem_text(problem, "code"), *detail = problem_text(problem, "detail");
	struct json_object *number = NULL;

	if (!detail)
		detail = problem_text(problem, "title");
	if (status == 0 && json_object_is_type(problem, json_type_object) && json_object_object_get_ex(problem, "status", &number))
		status = json_object_get_int(number);
	err_set(e, problem_kind(code, status), "%s", detail ? detail : "The daemon gave no reason");
	if (code)
		err_code(e, code);
	problem_take_params(problem, e);
	return -1;
}

int
problem_check(const struct http_reply *reply, struct err *e)
{
	struct json_object *json;

	if (reply->status / 100 == 2 || reply->status == 101)
		return 0;
	json = reply->body.len > 0 ? json_tokener_parse(reply->body.data) : NULL;
	if (!json_object_is_type(json, json_type_object)) {
		struct err unknown = { 0 };

		problem_to_err(NULL, reply->status, &unknown);
		err_set(e, unknown.kind, "The daemon answered with HTTP status %d and no reason", reply->status);
	} else {
		problem_to_err(json, reply->status, e);
	}
	json_object_put(json);
	return -1;
}

int
problem_exit_status(const struct err *e)
{
	if (e->kind == ERR_CANCELLED && strcmp(e->code, "ctrl_c") == 0)
		return EXIT_INTERRUPTED;
	return err_kind_info(e->kind)->exit_status;
}

void
problem_print(const char *subject, const struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	buf_addf(&out, "berth: ");
	if (subject) {
		clean_text(subject, &out);
		buf_addf(&out, ": ");
	}
	clean_text(e->message, &out);
	buf_addf(&out, "\n");
	for (size_t i = 0; i < e->nparams; i++) {
		buf_addf(&out, "  ");
		clean_text(e->params[i].name, &out);
		buf_addf(&out, ": ");
		clean_text(e->params[i].reason, &out);
		buf_addf(&out, "\n");
	}
	if (!out.failed)
		fputs(out.data, stderr);
}
