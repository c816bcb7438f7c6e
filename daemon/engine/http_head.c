#include "daemon/engine/http_head.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "daemon/util/buf.h"
#include "daemon/util/fd.h"
#include "schema/stream.h"

enum { HTTP_STALL_S = 30 };

int
http_write(int conn, const void *data, size_t len, struct err *e)
{
	const struct timeval timeout = { .tv_sec = HTTP_STALL_S };

	if (setsockopt(conn, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0 || fd_set_nonblock(conn, false, NULL) < 0)
		return err_sys(e, "prepare the client's connection");
	if (fd_write_all(conn, data, len) == 0)
		return 0;
	if (errno == EAGAIN)
		return err_set(e, ERR_UNAVAILABLE, "the client doesn't read");
	return err_set(e, ERR_UNAVAILABLE, "the client has gone: %s", strerror(errno));
}

static void
problem_add(struct json_object *problem, const char *key, struct json_object *value)
{
	json_object_object_add(problem, key, value);
}

static struct json_object *
problem_params(const struct err *problem)
{
	struct json_object *params = json_object_new_array();

	for (size_t i = 0; i < problem->nparams; i++) {
		struct json_object *param = json_object_new_object();

		problem_add(param, "name", json_object_new_string(problem->params[i].name));
		problem_add(param, "reason", json_object_new_string(problem->params[i].reason));
		json_object_array_add(params, param);
	}
	return params;
}

char *
http_problem_text(const struct err *problem, const char *op)
{
	const struct err_kind_info *info = err_kind_info(problem->kind);
	bool internal = problem->kind == ERR_INTERNAL || problem->kind == ERR_NONE;
	struct json_object *json = json_object_new_object();
	const char *text;
	char *copy;

	problem_add(json, "type", json_object_new_string("about:blank"));
	problem_add(json, "title", json_object_new_string(info->title));
	problem_add(json, "status", json_object_new_int(info->http_status));
	problem_add(json, "code", json_object_new_string(problem->code[0] ? problem->code : info->code));
	/* What failed inside the host is for its log. */
	problem_add(json, "detail",
	            json_object_new_string(internal ? "Internal error; the daemon's log says more" : problem->message));
	problem_add(json, "retryable", json_object_new_boolean(info->retryable));
	if (op)
		problem_add(json, "operation", json_object_new_string(op));
	if (problem->nparams > 0)
		problem_add(json, "invalid_params", problem_params(problem));
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	copy = text ? strdup(text) : NULL;
	json_object_put(json);
	return copy;
}

bool
http_problem_answer(const struct err *problem, const char *op, struct buf *out)
{
	const struct err_kind_info *info = err_kind_info(problem->kind == ERR_NONE ? ERR_INTERNAL : problem->kind);
	AUTO_FREE char *text = http_problem_text(problem, op);

	if (!text)
		return false;
	buf_addf(out,
	         "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	         info->http_status, info->title, strlen(text), text);
	return !out->failed;
}

void
http_problem(int conn, const struct err *problem, const char *op)
{
	AUTO_BUF struct buf out = { 0 };

	/* Whoever doesn't take his refusal goes without. */
	if (http_problem_answer(problem, op, &out))
		http_write(conn, out.data, out.len, NULL);
}

int
http_switch(int conn, struct err *e)
{
	static const char head[] =
	        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: " STREAM_PROTOCOL "\r\nConnection: Upgrade\r\n\r\n";

	return http_write(conn, head, sizeof head - 1, e);
}

int
http_body_begin(int conn, struct err *e)
{
	static const char head[] =
	        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
	        "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";

	return http_write(conn, head, sizeof head - 1, e);
}

int
http_body_add(int conn, const void *data, size_t len, struct err *e)
{
	AUTO_BUF struct buf chunk = { 0 };

	/* A chunk of no bytes would be the body's end. */
	if (len == 0)
		return 0;
	buf_addf(&chunk, "%zx\r\n", len);
	buf_add(&chunk, data, len);
	buf_addf(&chunk, "\r\n");
	return chunk.failed ? err_set(e, ERR_INTERNAL, "out of memory") : http_write(conn, chunk.data, chunk.len, e);
}

int
http_body_end(int conn, struct err *e)
{
	return http_write(conn, "0\r\n\r\n", 5, e);
}
