#include "client/http.h"

#include <errno.h>
#include <fcntl.h>
#include <http_parser.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "daemon/util/fd.h"
#include "schema/stream.h"

/* One reply under way. */
struct http_state {
	const struct http_request *request;
	struct http_reply *reply;
	struct buf name, value;
	bool in_value, done, enough, too_large, any;
};

int
http_init(struct http *http, const char *path, struct err *e)
{
	http->fd = -1;
	http->interrupt_fd = -1;
	if (*path == '\0')
		return err_set(e, ERR_INVALID, "The socket's path is empty");
	if (strlen(path) >= sizeof http->path)
		return err_set(e, ERR_INVALID, "The socket's path is longer than %zu bytes: %s", sizeof http->path - 1, path);
	snprintf(http->path, sizeof http->path, "%s", path);
	return 0;
}

void
http_close(struct http *http)
{
	if (http->fd >= 0)
		close(http->fd);
	http->fd = -1;
}

void
http_reply_clear(struct http_reply *reply)
{
	free(reply->location);
	free(reply->type);
	buf_clear(&reply->body);
	memset(reply, 0, sizeof *reply);
}

static int
http_connect(struct http *http, struct err *e)
{
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return err_sys(e, "make a socket");
	memcpy(address.sun_path, http->path, sizeof http->path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) {
		int why = errno;

		err_set(e, ERR_UNAVAILABLE,
		        "Can't reach the daemon at %s: %s. Check that berthd runs there (systemctl status berthd, journalctl -u "
		        "berthd); another socket is named by --socket or BERTH_SOCKET",
		        http->path, strerror(why));
		return -1;
	}
	http->fd = take_fd(&fd);
	return 0;
}

static void
http_keep_header(struct http_state *s)
{
	const char *name = s->name.data ? s->name.data : "", *value = s->value.data ? s->value.data : "";
	char **place = strcasecmp(name, "location") == 0       ? &s->reply->location
	               : strcasecmp(name, "content-type") == 0 ? &s->reply->type
	                                                       : NULL;

	if (place && !*place)
		*place = strdup(value);
	buf_clear(&s->name);
	buf_clear(&s->value);
	s->in_value = false;
}

static int
http_on_name(http_parser *parser, const char *at, size_t len)
{
	struct http_state *s = parser->data;

	if (s->in_value)
		http_keep_header(s);
	buf_add(&s->name, at, len);
	return 0;
}

static int
http_on_value(http_parser *parser, const char *at, size_t len)
{
	struct http_state *s = parser->data;

	s->in_value = true;
	buf_add(&s->value, at, len);
	return 0;
}

static int
http_on_headers(http_parser *parser)
{
	struct http_state *s = parser->data;

	http_keep_header(s);
	s->reply->status = (int)parser->status_code;
	return 0;
}

static int
http_on_body(http_parser *parser, const char *at, size_t len)
{
	struct http_state *s = parser->data;

	if (s->enough)
		return 0;
	if (s->request->sink && s->reply->status / 100 == 2) {
		s->enough = s->request->sink(s->request->arg, at, len) != 0;
		return 0;
	}
	if (len > HTTP_BODY_MAX - s->reply->body.len) {
		s->too_large = true;
		return 1;
	}
	buf_add(&s->reply->body, at, len);
	return 0;
}

static int
http_on_end(http_parser *parser)
{
	struct http_state *s = parser->data;

	/* 100 Continue and its like come before the answer itself. */
	if (parser->status_code / 100 == 1 && parser->status_code != 101)
		return 0;
	s->done = true;
	if (parser->status_code != 101)
		http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings http_callbacks = {
	.on_header_field = http_on_name,
	.on_header_value = http_on_value,
	.on_headers_complete = http_on_headers,
	.on_body = http_on_body,
	.on_message_complete = http_on_end,
};

static void
http_build(const struct http *http, const struct http_request *request, struct buf *out)
{
	buf_addf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: berth/" PACKAGE_VERSION "\r\n", request->method,
	         request->path);
	if (http->token)
		buf_addf(out, "Authorization: Bearer %s\r\n", http->token);
	for (const char *const *h = request->headers; h && *h; h++)
		buf_addf(out, "%s\r\n", *h);
	if (request->upgrade)
		buf_addf(out, "Connection: Upgrade\r\nUpgrade: " STREAM_PROTOCOL "\r\n");
	if (request->body)
		buf_addf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", request->body_len);
	else if (strcmp(request->method, "GET") != 0)
		buf_addf(out, "Content-Length: 0\r\n");
	buf_addf(out, "\r\n");
	if (request->body)
		buf_add(out, request->body, request->body_len);
}

/* Taken, so that it doesn't end the program later. */
int
http_interrupted(const struct http *http, struct err *e)
{
	struct signalfd_siginfo info;

	while (read(http->interrupt_fd, &info, sizeof info) < 0 && errno == EINTR)
		;
	err_set(e, ERR_CANCELLED, "Interrupted");
	return err_code(e, "ctrl_c");
}

/* 1 readable, 0 silence, -1 error. */
static int
http_wait(const struct http *http, int timeout_ms, struct err *e)
{
	struct pollfd fds[2] = { { http->fd, POLLIN, 0 }, { http->interrupt_fd, POLLIN, 0 } };
	int n;

	do
		n = poll(fds, 2, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "wait for the daemon");
	if (n > 0 && fds[1].revents)
		return http_interrupted(http, e);
	return n > 0;
}

static int
http_hung_up(const struct http_state *s, struct err *e)
{
	if (s->any)
		return err_set(e, ERR_UNAVAILABLE, "The daemon hung up in the middle of its answer; try again");
	return err_set(e, ERR_UNAVAILABLE, "The daemon hung up without an answer; try again, and look into its log");
}

/* What came is given to the parser; after an upgrade the rest belongs to the stream. */
static int
http_feed(http_parser *parser, struct http_state *s, const char *data, size_t len, struct err *e)
{
	size_t used = http_parser_execute(parser, &http_callbacks, data, len);

	if (s->too_large)
		return err_set(e, ERR_TOO_LARGE, "The answer is larger than %d bytes", HTTP_BODY_MAX);
	if (parser->upgrade && s->reply->status == 101) {
		s->reply->upgraded = true;
		s->done = true;
		buf_add(&s->reply->body, data + used, len - used);
		return 0;
	}
	if (s->done || s->enough)
		return 0;
	if (HTTP_PARSER_ERRNO(parser) != HPE_OK)
		return err_set(e, ERR_UNAVAILABLE, "What answers at the socket doesn't speak HTTP: %s",
		               http_errno_description(HTTP_PARSER_ERRNO(parser)));
	return 0;
}

static int
http_receive(struct http *http, http_parser *parser, struct http_state *s, struct err *e)
{
	int timeout = s->request->timeout_ms == 0 ? HTTP_TIMEOUT_MS : s->request->timeout_ms;
	char data[32768];

	while (!s->done && !s->enough) {
		int ready = http_wait(http, timeout, e);
		ssize_t n;

		if (ready < 0)
			return -1;
		if (ready == 0)
			return err_set(e, ERR_TIMEOUT, "The daemon didn't answer within %d s", timeout / 1000);
		n = recv(http->fd, data, sizeof data, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* An answer without a length ends with its connection. */
			http_parser_execute(parser, &http_callbacks, data, 0);
			return s->done ? 0 : http_hung_up(s, e);
		}
		s->any = true;
		if (http_feed(parser, s, data, (size_t)n, e) < 0)
			return -1;
	}
	return 0;
}

static void
http_send(const struct http *http, const struct buf *out)
{
	size_t sent = 0;

	/* An error isn't told here: the daemon may have answered and hung up before it took the whole body. */
	while (sent < out->len) {
		ssize_t n = send(http->fd, out->data + sent, out->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		sent += (size_t)n;
	}
}

static int
http_try(struct http *http, const struct http_request *request, const struct buf *out, struct http_reply *reply, bool *any_out,
         struct err *e)
{
	struct http_state s = { .request = request, .reply = reply };
	http_parser parser;
	int rc;

	http_parser_init(&parser, HTTP_RESPONSE);
	parser.data = &s;
	http_send(http, out);
	rc = http_receive(http, &parser, &s, e);
	*any_out = s.any;
	buf_clear(&s.name);
	buf_clear(&s.value);
	if (rc < 0 || (!reply->upgraded && (s.enough || !s.done || !http_should_keep_alive(&parser))))
		http_close(http);
	if (rc == 0 && reply->body.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return rc;
}

int
http_exchange(struct http *http, const struct http_request *request, struct http_reply *reply, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	bool kept = http->fd >= 0, any = false;

	http_build(http, request, &out);
	if (out.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (!kept && http_connect(http, e) < 0)
		return -1;
	if (http_try(http, request, &out, reply, &any, e) == 0)
		return 0;
	/* A kept connection may have been closed while it was idle; nothing was answered, so that once more is the first time. */
	if (!kept || any || e->kind != ERR_UNAVAILABLE)
		return -1;
	http_reply_clear(reply);
	if (http_connect(http, e) < 0)
		return -1;
	return http_try(http, request, &out, reply, &any, e);
}
