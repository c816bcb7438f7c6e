/* An HTTP/1.1 request, read from whatever pieces of bytes arrive; no sockets here. */
#ifndef BERTH_API_REQUEST_H
#define BERTH_API_REQUEST_H

#include <http_parser.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"

enum { HTTP_HEADERS_MAX = 16 * 1024, HTTP_TARGET_MAX = 8 * 1024, HTTP_VALUE_MAX = 256, HTTP_ACCEPT_MAX = 1024 };

struct http_request {
	const char *method; /* "GET"; static */
	struct buf target;  /* path, NUL, query */
	const char *path;   /* in target */
	const char *query;  /* in target; "" when there is none */
	struct buf body;
	char authorization[HTTP_VALUE_MAX];
	char if_match[HTTP_VALUE_MAX];
	char last_event_id[HTTP_VALUE_MAX];
	char idempotency_key[HTTP_VALUE_MAX];
	char upgrade[HTTP_VALUE_MAX];
	char expect[HTTP_VALUE_MAX];
	char host[HTTP_VALUE_MAX];
	char transfer_encoding[HTTP_VALUE_MAX];
	char accept[HTTP_ACCEPT_MAX]; /* all lines of it; "" also when they are longer than anybody needs */
	bool keep_alive;
	bool has_body;
	unsigned short minor; /* of HTTP/1.x */
};

enum reader_phase { READER_IDLE, READER_HEADERS, READER_BODY, READER_DONE, READER_FAILED };

struct reader {
	http_parser parser;
	struct http_request request;
	enum reader_phase phase;
	size_t max_body;
	char name[32]; /* of the header being read; longer names are none of ours */
	size_t name_len;
	char *value; /* where its value goes, or NULL */
	size_t value_len;
	bool in_value;
	unsigned int seen;  /* which of the headers that are read have come, a bit each */
	bool head_begun;    /* what came is more than empty lines */
	bool head_ended;    /* its empty line has come */
	bool after_newline; /* the last byte so far was one */
	int status;         /* of READER_FAILED */
	struct err err;
};

void reader_init(struct reader *r, size_t max_body);
/* Wipes and frees the request, and is ready for the next. */
void reader_reset(struct reader *r);
void reader_clear(struct reader *r);

/*
 * Takes bytes up to the end of one request; *used_out tells how many. After READER_DONE and READER_FAILED it takes no more
 * until it is reset.
 */
enum reader_phase reader_feed(struct reader *r, const void *data, size_t len, size_t *used_out);

#endif
