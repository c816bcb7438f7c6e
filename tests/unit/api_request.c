/* HTTP and calls without sockets: the same whatever pieces the bytes come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/api/handlers.h"
#include "daemon/api/http.h"
#include "daemon/api/route.h"
#include "schema/container.h"

static const char whole[] =
        "POST /v1/containers?dry_run=1 HTTP/1.1\r\nHost: x\r\nIf-Match: \"7\"\r\nX-Very-Long-Header-Name-Of-No-Use: 1\r\n"
        "Content-Length: 34\r\n\r\n{\"name\":\"web\",\"template\":\"a@1.2\"} ";

static enum reader_phase
feed(struct reader *r, const char *data, size_t len, size_t step)
{
	enum reader_phase phase = READER_IDLE;

	while (len > 0) {
		size_t n = step < len ? step : len, used;

		phase = reader_feed(r, data, n, &used);
		if (phase == READER_DONE || phase == READER_FAILED)
			break;
		assert_int_equal(used, n);
		data += n;
		len -= n;
	}
	return phase;
}

static void
test_any_pieces(void **state)
{
	struct reader r;

	reader_init(&r, 1024);
	for (size_t step = 1; step < sizeof whole; step++) {
		struct call c = { 0 };

		assert_int_equal(feed(&r, whole, sizeof whole - 1, step), READER_DONE);
		assert_string_equal(r.request.if_match, "\"7\"");
		assert_int_equal(call_decode(&c, &r.request), 0);
		assert_int_equal(c.id, CONTAINER_CREATE);
		assert_true(c.query.dry_run);
		assert_string_equal(((struct container_config *)c.body)->name, "web");
		call_clear(&c);
		reader_reset(&r);
	}
	reader_clear(&r);
}

/* What a request says counts for it alone, on a connection that is kept. */
static void
test_headers_end_with_their_request(void **state)
{
	static const char first[] = "POST /v1/x HTTP/1.1\r\nAuthorization: Bearer berth_x\r\nIf-Match: 1\r\nLast-Event-ID: 1\r\n"
	                            "Upgrade: x\r\nExpect: x\r\n\r\n",
	                  second[] = "GET /v1 HTTP/1.1\r\n\r\n";
	struct reader r;

	reader_init(&r, 64);
	assert_int_equal(feed(&r, first, sizeof first - 1, 7), READER_DONE);
	assert_string_equal(r.request.authorization, "Bearer berth_x");
	reader_reset(&r);
	assert_int_equal(feed(&r, second, sizeof second - 1, 7), READER_DONE);
	assert_string_equal(r.request.authorization, "");
	assert_string_equal(r.request.if_match, "");
	assert_string_equal(r.request.last_event_id, "");
	assert_string_equal(r.request.upgrade, "");
	assert_string_equal(r.request.expect, "");
	reader_clear(&r);
}

/* What follows a chunked body may have been added past a proxy that looks at the head alone. */
static void
test_trailers_say_nothing(void **state)
{
	static const char text[] =
	        "POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
	        "Authorization: Bearer berth_x\r\nIf-Match: 1\r\nIdempotency-Key: k\r\nTransfer-Encoding: gzip\r\n\r\n";
	struct reader r;

	reader_init(&r, 64);
	for (size_t step = 1; step < sizeof text; step++) {
		assert_int_equal(feed(&r, text, sizeof text - 1, step), READER_DONE);
		assert_string_equal(r.request.authorization, "");
		assert_string_equal(r.request.if_match, "");
		assert_string_equal(r.request.idempotency_key, "");
		assert_int_equal(r.request.body.len, 1);
		reader_reset(&r);
	}
	reader_clear(&r);
}

static int
status_of(const char *text, size_t step)
{
	struct reader r;
	int status;

	reader_init(&r, 64);
	feed(&r, text, strlen(text), step);
	status = r.phase == READER_FAILED ? r.status : r.phase == READER_DONE ? 200 : 0;
	reader_clear(&r);
	return status;
}

static void
test_malformed(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "\0", 0 },
		{ "nonsense\r\n\r\n", 400 },
		{ "GET / HTTP/1.0\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\nContent-Length: 65\r\n\r\n", 413 },
		{ "GET / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400 },
		{ "GET http://a/ HTTP/1.1\r\n\r\n", 400 },
		{ "OPTIONS * HTTP/1.1\r\n\r\n", 400 },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400 },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400 },
		{ "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", 0 },
		/* What two programs in a row may read in two ways. */
		{ "GET / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", 400 },
		{ "GET / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501 },
		{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nContent-Length: +2\r\n\r\nab", 400 },
		{ "GET / HTTP/1.1\r\nContent-Length: 2,2\r\n\r\nab", 400 },
		{ "GET / HTTP/1.1\r\nContent-Length: 18446744073709551618\r\n\r\nab", 400 },
		{ "GET / HTTP/1.1\r\nContent-Length : 2\r\n\r\nab", 400 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", 400 },
		{ "\r\n\r\nGET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\nX: a\n b\n\n", 400 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nX: a\x01\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nX\x01: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nIf-Match: 1\r\nIf-Match: 2\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nAuthorization:\r\nauthorization: Bearer x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nX: a\r\nX:\tb c \r\n\r\n", 200 },
		/* A body's lines are its own. */
		{ "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n\r\n \n", 200 },
		{ "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n\n \r\n0\r\n\r\n", 200 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t step = 1; step < 80; step++)
			if (status_of(cases[i].text, step) != cases[i].status)
				fail_msg("%s: %d in pieces of %zu, not %d", cases[i].text, status_of(cases[i].text, step), step,
				         cases[i].status);
}

static void
decode(const char *text, struct call *c, struct reader *r)
{
	reader_init(r, 65536);
	assert_int_equal(feed(r, text, strlen(text), 1000), READER_DONE);
	memset(c, 0, sizeof *c);
	call_decode(c, &r->request);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
		const char *param;
	} cases[] = {
		{ "GET /v1/nope HTTP/1.1\r\n\r\n", ERR_NOT_FOUND, NULL },
		{ "PUT /v1/containers HTTP/1.1\r\n\r\n", ERR_BAD_REQUEST, NULL },
		{ "HEAD /v1/events HTTP/1.1\r\n\r\n", ERR_BAD_REQUEST, NULL },
		{ "GET /v1/containers?limit=0 HTTP/1.1\r\n\r\n", ERR_INVALID, "limit" },
		{ "GET /v1/containers?name=a%00b HTTP/1.1\r\n\r\n", ERR_BAD_REQUEST, NULL },
		{ "GET /v1/containers?name=%4 HTTP/1.1\r\n\r\n", ERR_BAD_REQUEST, NULL },
		{ "GET /v1/containers?x HTTP/1.1\r\n\r\n", ERR_INVALID, "x" },
		{ "POST /v1/containers HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", ERR_BAD_REQUEST, NULL },
		{ "POST /v1/containers HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", ERR_BAD_REQUEST, NULL },
		{ "POST /v1/containers HTTP/1.1\r\nContent-Length: 4\r\n\r\nnull", ERR_BAD_REQUEST, NULL },
		{ "POST /v1/containers HTTP/1.1\r\nContent-Length: 4\r\n\r\n{} x", ERR_BAD_REQUEST, NULL },
		{ "POST /v1/containers HTTP/1.1\r\nContent-Length: 8\r\n\r\n{\"pid\":1", ERR_BAD_REQUEST, NULL },
		{ "POST /v1/containers HTTP/1.1\r\nContent-Length: 10\r\n\r\n{\"ctid\":1}", ERR_INVALID, "ctid" },
		{ "PATCH /v1/containers/a HTTP/1.1\r\nContent-Length: 12\r\n\r\n{\"name\":\"b\"}", ERR_INVALID, "name" },
		{ "POST /v1/containers/a/exec HTTP/1.1\r\nContent-Length: 11\r\n\r\n{\"argv\":[]}", ERR_INVALID, "argv" },
		{ "POST /v1/containers/a/freeze HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", ERR_BAD_REQUEST, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reader r;
		struct call c;

		decode(cases[i].text, &c, &r);
		assert_int_equal(c.err.kind, cases[i].kind);
		if (cases[i].param)
			assert_string_equal(c.err.params[0].name, cases[i].param);
		call_clear(&c);
		reader_clear(&r);
	}
}

static void
test_every_operation_has_a_handler(void **state)
{
	for (int i = 0; i < OP_COUNT; i++)
		assert_non_null(handlers[i]);
}

static void
test_fuzz_entry(void **state)
{
	char twice[2 * sizeof whole];

	memcpy(twice, whole, sizeof whole - 1);
	memcpy(twice + sizeof whole - 1, whole, sizeof whole - 1);
	assert_int_equal(http_fuzz(twice, 2 * (sizeof whole - 1)), 2);
	for (size_t cut = 0; cut < sizeof whole - 1; cut++)
		assert_int_equal(http_fuzz(whole, cut), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_pieces),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_every_operation_has_a_handler),
		cmocka_unit_test(test_trailers_say_nothing),
		cmocka_unit_test(test_fuzz_entry),
		cmocka_unit_test(test_headers_end_with_their_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
