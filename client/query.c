#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"
#include "daemon/util/strv.h"

static const struct opt query_opts[] = {
	{ "data", 'd', "JSON", "The body: JSON, @FILE, or - for standard input.", "@file" },
	{ "header", 'H', "HEADER", "A header line, such as 'If-Match: \"3\"'; may be repeated.", NULL },
	{ "include", 'i', NULL, "Show the status and the Location first, on standard error.", NULL },
	{ NULL },
};

enum { QUERY_BODY_MAX = 64 << 20 };

static int
query_read_all(int fd, struct buf *out, struct err *e)
{
	char data[65536];
	ssize_t n;

	while ((n = read(fd, data, sizeof data)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read the body");
		if (out->len > QUERY_BODY_MAX)
			return err_set(e, ERR_TOO_LARGE, "The body is larger than %d bytes", QUERY_BODY_MAX);
		buf_add(out, data, (size_t)n);
	}
	return out->failed ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

static int
query_body(const char *data, struct buf *out, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	buf_add(out, "", 0);
	if (strcmp(data, "-") == 0)
		return query_read_all(STDIN_FILENO, out, e);
	if (*data != '@') {
		buf_addf(out, "%s", data);
		return 0;
	}
	fd = open(data + 1, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open '%s'", data + 1);
	return query_read_all(fd, out, e);
}

/* arg: the last byte written. */
static int
query_take(void *arg, const char *data, size_t len)
{
	struct buf out = { 0 };
	char *last = arg;

	if (len > 0)
		*last = data[len - 1];
	buf_add(&out, data, len);
	return print_flush(&out) ? 0 : 1;
}

static int
query_headers(const struct args *args, struct strv *headers, struct err *e)
{
	for (size_t i = 0; i < args->n; i++) {
		const char *value = args->given[i].value;

		if (strcmp(args->given[i].name, "header") != 0)
			continue;
		if (!strchr(value, ':') || strpbrk(value, "\r\n"))
			return args_usage(e, "--header takes one line, NAME: VALUE");
		if (!strv_add(headers, value))
			return err_set(e, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

static int
query_check(const struct args *args, struct err *e)
{
	const char *method = args->words[0], *path = args->words[1];

	if (strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(method) || !*method)
		return args_usage(e, "The method is GET, POST, PATCH, PUT or DELETE");
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return args_usage(e, "The path holds a character that must be percent-encoded");
	return *path == '/' ? 0 : args_usage(e, "The path begins with '/', such as /v1/containers");
}

static void
query_tell(const struct http_reply *reply)
{
	AUTO_BUF struct buf location = { 0 };

	clean_text(reply->location ? reply->location : "", &location);
	fprintf(stderr, "HTTP %d\n", reply->status);
	if (reply->location && !location.failed)
		fprintf(stderr, "Location: %s\n", location.data);
}

static int
query_send(struct client *c, const struct args *args, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_BUF struct buf body = { 0 };
	AUTO_STRV struct strv headers = { 0 };
	const char *data = args_value(args, "data");
	char last = '\n';
	struct http_request request = {
		.method = args->words[0], .path = args->words[1], .timeout_ms = -1, .sink = query_take, .arg = &last
	};

	if (query_check(args, e) < 0 || query_headers(args, &headers, e) < 0 || (data && query_body(data, &body, e) < 0))
		return -1;
	request.body = data ? body.data : NULL;
	request.body_len = body.len;
	request.headers = (const char *const *)headers.v;
	if (http_exchange(&c->http, &request, &reply, e) < 0)
		return -1;
	/* The prompt doesn't stand behind the body. */
	if (last != '\n' && isatty(STDOUT_FILENO))
		puts("");
	if (args_has(args, "include"))
		query_tell(&reply);
	return problem_check(&reply, e);
}

const struct verb query_verb = {
	.name = "query",
	.args = "METHOD PATH",
	.help = "Send a request to the API as it is",
	.examples = "berth query GET /v1/containers?limit=2\n"
	            "berth query POST /v1/containers -d @web1.json",
	.options = query_opts,
	.min = 2,
	.max = 2,
	.words = "GET POST PATCH PUT DELETE",
	.run = query_send,
};
