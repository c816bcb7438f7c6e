#include "client/sse.h"

#include <string.h>

void
sse_clear(struct sse *sse)
{
	buf_clear(&sse->line);
	buf_clear(&sse->event);
	buf_clear(&sse->data);
	buf_clear(&sse->id);
}

static const char *
sse_text(const struct buf *b, const char *otherwise)
{
	return b->len > 0 ? b->data : otherwise;
}

static int
sse_dispatch(struct sse *sse)
{
	int rc = 0;

	if (sse->has_data && !sse->overflow && !sse->data.failed)
		rc = sse->handler(sse->arg, sse_text(&sse->event, "message"), sse_text(&sse->id, ""), sse_text(&sse->data, ""));
	buf_clear(&sse->event);
	buf_clear(&sse->data);
	sse->has_data = sse->overflow = false;
	return rc;
}

static void
sse_take_field(struct sse *sse, const char *name, size_t name_len, const char *value)
{
	size_t len = strlen(value);

	if (name_len == 4 && memcmp(name, "data", 4) == 0) {
		if (len + 1 > SSE_EVENT_MAX - sse->data.len) {
			sse->overflow = true;
			return;
		}
		if (sse->has_data)
			buf_add(&sse->data, "\n", 1);
		buf_add(&sse->data, value, len);
		sse->has_data = true;
	} else if (name_len == 5 && memcmp(name, "event", 5) == 0) {
		buf_clear(&sse->event);
		buf_add(&sse->event, value, len);
	} else if (name_len == 2 && memcmp(name, "id", 2) == 0) {
		buf_clear(&sse->id);
		buf_add(&sse->id, value, len);
	}
}

static int
sse_take_line(struct sse *sse)
{
	const char *line = sse->line.data, *value;
	size_t name_len;

	if (!line || *line == '\0') {
		buf_clear(&sse->line);
		return sse_dispatch(sse);
	}
	/* A line that begins with a colon is a comment. */
	name_len = strcspn(line, ":");
	value = line + name_len + (line[name_len] == ':');
	if (*value == ' ')
		value++;
	if (name_len > 0)
		sse_take_field(sse, line, name_len, value);
	buf_clear(&sse->line);
	return 0;
}

int
sse_feed(struct sse *sse, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = 0;

		if (sse->skip_lf && *data == '\n') {
			data++;
			len--;
			sse->skip_lf = false;
			continue;
		}
		sse->skip_lf = false;
		while (n < len && data[n] != '\n' && data[n] != '\r')
			n++;
		if (n <= SSE_EVENT_MAX - sse->line.len)
			buf_add(&sse->line, data, n);
		else
			sse->overflow = true;
		if (n == len)
			return 0;
		sse->skip_lf = data[n] == '\r';
		if (sse_take_line(sse))
			return 1;
		data += n + 1;
		len -= n + 1;
	}
	return 0;
}
