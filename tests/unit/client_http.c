/* The client's side of HTTP, on answers written beforehand into its connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "client/http.h"
#include "client/problem.h"
#include "client/sse.h"

/* The connection whose other end has said `answer`, and nothing more. */
static int
open_http(struct http *http, const char *answer, size_t len)
{
	struct err e = { 0 };
	int pair[2];

	assert_int_equal(http_init(http, "/nonexistent/socket", &e), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], answer, len), (ssize_t)len);
	http->fd = pair[0];
	return pair[1];
}

static int
ask(const char *answer, struct http_reply *reply, struct err *e)
{
	struct http http;
	struct http_request request = { .method = "GET", .path = "/v1", .timeout_ms = 2000 };
	int other = open_http(&http, answer, strlen(answer)), rc;

	shutdown(other, SHUT_WR);
	*reply = (struct http_reply){ 0 };
	rc = http_exchange(&http, &request, reply, e);
	http_close(&http);
	close(other);
	return rc;
}

static void
test_bodies(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nhello",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
	};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct http_reply reply;
		struct err e = { 0 };

		assert_int_equal(ask(answers[i], &reply, &e), 0);
		assert_int_equal(reply.status, 200);
		assert_string_equal(reply.type, "text/plain");
		assert_string_equal(reply.body.data, "hello");
		http_reply_clear(&reply);
	}
}

static void
test_broken(void **state)
{
	static const char *const answers[] = {
		"",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
		"SSH-2.0-OpenSSH_9.2p1\r\n",
		"HTTP/1.1 200",
	};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct http_reply reply;
		struct err e = { 0 };

		assert_int_equal(ask(answers[i], &reply, &e), -1);
		assert_int_equal(e.kind, ERR_UNAVAILABLE);
		http_reply_clear(&reply);
	}
}

/* The connection is kept, and the next answer on it isn't taken for a part of this one. */
static void
test_kept(void **state)
{
	static const char answers[] =
	        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 202 A\r\nLocation: /v1/operations/x\r\nContent-Length: 2\r\n\r\n{}";
	struct http_request request = {
		.method = "POST", .path = "/v1/containers", .body = "{}", .body_len = 2, .timeout_ms = 2000
	};
	struct http_reply reply = { 0 };
	struct err e = { 0 };
	struct http http;
	char sent[512] = "";
	size_t first = (size_t)(strstr(answers, "\r\n\r\n") + 4 - answers);
	int other = open_http(&http, answers, first);

	assert_int_equal(http_exchange(&http, &request, &reply, &e), 0);
	assert_int_equal(reply.status, 204);
	http_reply_clear(&reply);
	assert_true(http.fd >= 0);
	assert_true(write(other, answers + first, sizeof answers - 1 - first) > 0);
	assert_int_equal(http_exchange(&http, &request, &reply, &e), 0);
	assert_int_equal(reply.status, 202);
	assert_string_equal(reply.location, "/v1/operations/x");
	assert_true(read(other, sent, sizeof sent - 1) > 0);
	assert_non_null(strstr(sent, "POST /v1/containers HTTP/1.1\r\n"));
	assert_non_null(strstr(sent, "Content-Length: 2\r\n"));
	http_reply_clear(&reply);
	http_close(&http);
	close(other);
}

static void
test_upgrade(void **state)
{
	static const char answer[] =
	        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: berth-stream/1\r\n\r\n\1\0\0\0\0\0\0\2hi";
	struct http_request request = {
		.method = "POST", .path = "/v1/x", .body = "{}", .body_len = 2, .upgrade = true, .timeout_ms = 2000
	};
	struct http_reply reply = { 0 };
	struct err e = { 0 };
	struct http http;
	int other = open_http(&http, answer, sizeof answer - 1);

	assert_int_equal(http_exchange(&http, &request, &reply, &e), 0);
	assert_true(reply.upgraded);
	assert_true(http.fd >= 0);
	assert_int_equal(reply.body.len, 10);
	assert_memory_equal(reply.body.data, "\1\0\0\0\0\0\0\2hi", 10);
	http_reply_clear(&reply);
	http_close(&http);
	close(other);
}

static void
test_silence(void **state)
{
	struct http_request request = { .method = "GET", .path = "/v1", .timeout_ms = 20 };
	struct http_reply reply = { 0 };
	struct err e = { 0 };
	struct http http;
	int other = open_http(&http, "", 0);

	assert_int_equal(http_exchange(&http, &request, &reply, &e), -1);
	assert_int_equal(e.kind, ERR_TIMEOUT);
	assert_int_equal(problem_exit_status(&e), 6);
	http_reply_clear(&reply);
	close(other);
}

static void
test_problems(void **state)
{
	static const struct {
		const char *json;
		int status, exit;
	} cases[] = {
		{ "{\"code\":\"not_found\",\"detail\":\"d\",\"status\":404}", 404, 3 },
		{ "{\"code\":\"name_taken\",\"detail\":\"d\",\"status\":409}", 409, 4 },
		{ "{\"code\":\"locked\",\"detail\":\"d\"}", 423, 4 },
		{ "{\"code\":\"denied\",\"detail\":\"d\"}", 403, 5 },
		{ "{\"code\":\"timeout\",\"detail\":\"d\"}", 504, 6 },
		{ "{\"code\":\"unavailable\",\"detail\":\"d\"}", 503, 7 },
		{ "{\"code\":\"something_new\",\"detail\":\"d\"}", 500, 1 },
		{ "[]", 418, 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct json_object *json = json_tokener_parse(cases[i].json);
		struct err e = { 0 };

		assert_int_equal(problem_to_err(json, cases[i].status, &e), -1);
		assert_int_equal(problem_exit_status(&e), cases[i].exit);
		json_object_put(json);
	}
}

static void
test_invalid_params(void **state)
{
	struct json_object *json =
	        json_tokener_parse("{\"code\":\"invalid\",\"detail\":\"d\",\"invalid_params\":[{\"name\":\"memory\","
	                           "\"reason\":\"is small\"},7,{}]}");
	struct err e = { 0 };

	problem_to_err(json, 422, &e);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_int_equal(e.nparams, 3);
	assert_string_equal(e.params[0].name, "memory");
	assert_string_equal(e.params[0].reason, "is small");
	assert_string_equal(e.params[1].name, "?");
	json_object_put(json);
}

struct heard {
	char text[256];
	size_t n;
};

static int
hear(void *arg, const char *event, const char *id, const char *data)
{
	struct heard *heard = arg;
	size_t len = strlen(heard->text);

	heard->n++;
	snprintf(heard->text + len, sizeof heard->text - len, "[%s|%s|%s]", event, id, data);
	return strcmp(event, "end") == 0;
}

/* The same events, wherever the bytes were cut. */
static void
test_sse(void **state)
{
	static const char stream[] =
	        ": hello\r\n\r\nid: 7\nevent: progress\ndata: {\"a\":1}\ndata:more\n\ndata\n\nevent: none\n\r\n"
	        "data: x\rdata: y\r\revent: end\nretry: 3\ndata: z\n\ndata: after\n\n";

	for (size_t cut = 0; cut < sizeof stream; cut++) {
		struct heard heard = { .n = 0 };
		struct sse sse = { .handler = hear, .arg = &heard };
		int rc = sse_feed(&sse, stream, cut);

		if (rc == 0)
			rc = sse_feed(&sse, stream + cut, sizeof stream - 1 - cut);
		assert_int_equal(rc, 1);
		assert_string_equal(heard.text, "[progress|7|{\"a\":1}\nmore][message|7|][message|7|x\ny][end|7|z]");
		sse_clear(&sse);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),         cmocka_unit_test(test_broken),  cmocka_unit_test(test_kept),
		cmocka_unit_test(test_upgrade),        cmocka_unit_test(test_silence), cmocka_unit_test(test_problems),
		cmocka_unit_test(test_invalid_params), cmocka_unit_test(test_sse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
