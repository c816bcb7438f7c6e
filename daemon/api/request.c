#include "daemon/api/request.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int
reader_fail(struct reader *r, int status, enum err_kind kind, const char *code, const char *text)
{
	if (r->status)
		return -1;
	r->status = status;
	err_set(&r->err, kind, "%s", text);
	return err_code(&r->err, code);
}

static struct reader *
reader_of(http_parser *parser)
{
	return parser->data;
}

static int
reader_on_begin(http_parser *parser)
{
	reader_of(parser)->phase = READER_HEADERS;
	return 0;
}

static int
reader_on_url(http_parser *parser, const char *at, size_t len)
{
	struct reader *r = reader_of(parser);

	if (r->request.target.len + len > HTTP_TARGET_MAX)
		return reader_fail(r, 414, ERR_TOO_LARGE, "target_too_long",
		                   "The request's path and query are longer than 8192 bytes");
	buf_add(&r->request.target, at, len);
	return 0;
}

/* The headers that matter, and where their values go. What comes behind a chunked body is none of them. */
static char *
reader_value_place(struct reader *r, unsigned int *bit_out)
{
	struct http_request *q = &r->request;
	const struct {
		const char *name;
		char *place;
	} places[] = {
		{ "Authorization", q->authorization },         { "If-Match", q->if_match }, { "Last-Event-ID", q->last_event_id },
		{ "Idempotency-Key", q->idempotency_key },     { "Upgrade", q->upgrade },   { "Expect", q->expect },
		{ "Transfer-Encoding", q->transfer_encoding }, { "Host", q->host },         { "Accept", q->accept },
	};

	if (r->name_len >= sizeof r->name || r->phase != READER_HEADERS)
		return NULL;
	r->name[r->name_len] = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (strcasecmp(places[i].name, r->name) == 0) {
			*bit_out = 1u << i;
			return places[i].place;
		}
	return NULL;
}

/* A name is a token (RFC 9110): the parser lets a space before the colon pass, and another program may read that as another header.
 */
static int
reader_on_field(http_parser *parser, const char *at, size_t len)
{
	struct reader *r = reader_of(parser);

	if (r->in_value) {
		r->in_value = false;
		r->name_len = 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)at[i]) && (!at[i] || !strchr("!#$%&'*+-.^_`|~", at[i])))
			return reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request",
			                   "A header's name holds a space or another character that no name has");
		if (r->name_len < sizeof r->name)
			r->name[r->name_len++] = at[i];
	}
	return 0;
}

/* A list may come in several lines, which are one. */
static bool
reader_begin_list(struct reader *r)
{
	if (r->value != r->request.accept)
		return false;
	r->value_len = strlen(r->value);
	if (r->value_len > 0 && r->value_len + 1 < HTTP_ACCEPT_MAX)
		r->value[r->value_len++] = ',';
	r->value[r->value_len] = '\0';
	return true;
}

static int
reader_begin_value(struct reader *r)
{
	unsigned int bit = 0;
	char text[96];

	r->in_value = true;
	r->value = reader_value_place(r, &bit);
	r->value_len = 0;
	if (!r->value || reader_begin_list(r))
		return 0;
	/* Which of the two a proxy before us went by can't be known. */
	snprintf(text, sizeof text, "The header %s is given twice", r->name);
	if (r->seen & bit)
		return reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request", text);
	r->seen |= bit;
	r->value[0] = '\0';
	return 0;
}

static int
reader_on_value(http_parser *parser, const char *at, size_t len)
{
	struct reader *r = reader_of(parser);

	if (!r->in_value && reader_begin_value(r) < 0)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)at[i] < 0x20 && at[i] != '\t') || at[i] == 0x7f)
			return reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request", "A header's value holds a control character");
	if (!r->value)
		return 0;
	/* What somebody would rather have is no reason to refuse him. */
	if (r->value == r->request.accept && r->value_len + len >= HTTP_ACCEPT_MAX) {
		r->value[0] = '\0';
		r->value = NULL;
		return 0;
	}
	if (r->value != r->request.accept && r->value_len + len >= HTTP_VALUE_MAX)
		return reader_fail(r, 431, ERR_TOO_LARGE, "header_too_long", "A header's value is longer than 255 bytes");
	memcpy(r->value + r->value_len, at, len);
	r->value_len += len;
	r->value[r->value_len] = '\0';
	return 0;
}

static int
reader_split_target(struct reader *r)
{
	struct http_request *q = &r->request;
	char *mark;

	if (q->target.failed || !q->target.data || q->target.data[0] != '/' || memchr(q->target.data, '\0', q->target.len))
		return reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request", "The request's target must be a path, such as /v1");
	mark = strchr(q->target.data, '?');
	q->path = q->target.data;
	q->query = "";
	if (mark) {
		*mark = '\0';
		q->query = mark + 1;
	}
	return 0;
}

/* Where the body ends must be beyond doubt. */
static int
reader_check_framing(struct reader *r)
{
	const char *coding = r->request.transfer_encoding;

	if (!*coding)
		return 0;
	if (r->request.minor == 0)
		return reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request", "HTTP/1.0 has no Transfer-Encoding");
	return strcasecmp(coding, "chunked") == 0 ? 0
	                                          : reader_fail(r, 501, ERR_BAD_REQUEST, "transfer_encoding",
	                                                        "The only Transfer-Encoding taken here is chunked");
}

static int
reader_on_headers(http_parser *parser)
{
	struct reader *r = reader_of(parser);
	struct http_request *q = &r->request;

	q->method = http_method_str(parser->method);
	q->minor = parser->http_minor;
	q->keep_alive = http_should_keep_alive(parser);
	if (parser->http_major != 1)
		return reader_fail(r, 505, ERR_BAD_REQUEST, "http_version", "Only HTTP/1.0 and HTTP/1.1 are spoken here");
	if (reader_split_target(r) < 0 || reader_check_framing(r) < 0)
		return -1;
	if (parser->flags & F_CONTENTLENGTH && parser->content_length > r->max_body)
		return reader_fail(r, 413, ERR_TOO_LARGE, "body_too_large", "The body is larger than this server takes (max_body)");
	/* A tunnel has no place here; an upgrade that isn't ours is ignored, which RFC 9110 allows. */
	if (parser->method == HTTP_CONNECT)
		return reader_fail(r, 405, ERR_BAD_REQUEST, "method_not_allowed", "CONNECT isn't offered");
	parser->upgrade = 0;
	q->has_body = (parser->flags & F_CHUNKED) || ((parser->flags & F_CONTENTLENGTH) && parser->content_length > 0);
	r->phase = READER_BODY;
	return 0;
}

static int
reader_on_body(http_parser *parser, const char *at, size_t len)
{
	struct reader *r = reader_of(parser);

	if (len > r->max_body - r->request.body.len)
		return reader_fail(r, 413, ERR_TOO_LARGE, "body_too_large", "The body is larger than this server takes (max_body)");
	buf_add(&r->request.body, at, len);
	return 0;
}

static int
reader_on_end(http_parser *parser)
{
	struct reader *r = reader_of(parser);

	if (r->request.body.failed || r->request.target.failed)
		return reader_fail(r, 503, ERR_BUSY, "out_of_memory", "The server is out of memory");
	r->phase = READER_DONE;
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings reader_settings = {
	.on_message_begin = reader_on_begin,
	.on_url = reader_on_url,
	.on_header_field = reader_on_field,
	.on_header_value = reader_on_value,
	.on_headers_complete = reader_on_headers,
	.on_body = reader_on_body,
	.on_message_complete = reader_on_end,
};

void
reader_init(struct reader *r, size_t max_body)
{
	memset(r, 0, sizeof *r);
	http_parser_set_max_header_size(HTTP_HEADERS_MAX);
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->parser.data = r;
	r->max_body = max_body;
}

void
reader_reset(struct reader *r)
{
	struct http_request *q = &r->request;

	if (q->body.data)
		explicit_bzero(q->body.data, q->body.size);
	buf_clear(&q->body);
	explicit_bzero(q->authorization, sizeof q->authorization);
	q->target.len = 0;
	q->if_match[0] = q->idempotency_key[0] = q->last_event_id[0] = q->upgrade[0] = q->expect[0] = '\0';
	q->host[0] = q->transfer_encoding[0] = '\0';
	q->path = q->query = q->method = NULL;
	q->has_body = false;
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->phase = READER_IDLE;
	r->name_len = 0;
	r->in_value = false;
	r->seen = 0;
	r->head_begun = r->head_ended = r->after_newline = false;
	r->status = 0;
}

void
reader_clear(struct reader *r)
{
	reader_reset(r);
	buf_clear(&r->request.target);
}

static void
reader_judge(struct reader *r)
{
	enum http_errno why = HTTP_PARSER_ERRNO(&r->parser);
	char text[160];

	r->phase = READER_FAILED;
	if (why == HPE_HEADER_OVERFLOW)
		reader_fail(r, 431, ERR_TOO_LARGE, "headers_too_large", "The request's head is larger than 16384 bytes");
	snprintf(text, sizeof text, "The request is no valid HTTP/1.1: %s", http_errno_description(why));
	reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request", text);
}

/* A line of the head that begins with a space goes on with the one before it, which the parser takes and RFC 9112 forbids: it hides
 * a header from whoever reads line by line. */
static bool
reader_is_folded(struct reader *r, const char *at, size_t len)
{
	const char *end = at + len;

	while (!r->head_begun && at < end && (*at == '\r' || *at == '\n'))
		at++;
	while (at < end && !r->head_ended) {
		r->head_begun = true;
		if (r->after_newline && (*at == ' ' || *at == '\t'))
			return true;
		r->head_ended = r->after_newline && (*at == '\r' || *at == '\n');
		at = memchr(at, '\n', (size_t)(end - at));
		r->after_newline = at != NULL;
		at = at ? at + 1 : end;
	}
	return false;
}

enum reader_phase
reader_feed(struct reader *r, const void *data, size_t len, size_t *used_out)
{
	*used_out = 0;
	if (r->phase == READER_DONE || r->phase == READER_FAILED || len == 0)
		return r->phase;
	if (reader_is_folded(r, data, len)) {
		reader_fail(r, 400, ERR_BAD_REQUEST, "bad_request", "A header's value goes on in a second line");
		r->phase = READER_FAILED;
		return r->phase;
	}
	*used_out = http_parser_execute(&r->parser, &reader_settings, data, len);
	if (r->phase == READER_DONE)
		return r->phase;
	if (HTTP_PARSER_ERRNO(&r->parser) != HPE_OK || *used_out != len)
		reader_judge(r);
	return r->phase;
}
