/* Records between the daemon's own processes. See record_encode() in field.h for the format. */
#include "schema/field.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/fd.h"

static void
wire_add_u32(struct buf *out, size_t value)
{
	uint32_t le = htole32((uint32_t)value);

	buf_add(out, &le, sizeof le);
}

static void
wire_add_bytes(struct buf *out, const char *text)
{
	wire_add_u32(out, strlen(text));
	buf_add(out, text, strlen(text));
}

static void
wire_add_value(const struct field *field, const void *record, struct buf *out)
{
	const struct strv *list;
	uint64_t number;

	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		number = htole64((uint64_t)*field_int(field, record));
		buf_add(out, &number, sizeof number);
		break;
	case FIELD_STRING:
		if (*field_string(field, record))
			buf_add(out, *field_string(field, record), strlen(*field_string(field, record)));
		break;
	case FIELD_LIST:
		list = field_list(field, record);
		for (size_t i = 0; i < list->n; i++)
			wire_add_bytes(out, list->v[i]);
		break;
	case FIELD_OBJECT:
		record_encode(field->object, field_object(field, record), out);
		break;
	}
}

void
record_encode(const struct schema *schema, const void *record, struct buf *out)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		unsigned char index = (unsigned char)i;
		uint32_t len;
		size_t at;

		if (!record_has_row(record, i))
			continue;
		buf_add(out, &index, 1);
		at = out->len;
		wire_add_u32(out, 0);
		wire_add_value(&schema->fields[i], record, out);
		if (out->failed)
			return;
		len = htole32((uint32_t)(out->len - at - sizeof len));
		memcpy(out->data + at, &len, sizeof len);
	}
}

struct wire_reader {
	const unsigned char *p;
	size_t left;
};

static int
wire_take(struct wire_reader *r, void *out, size_t len)
{
	if (len > r->left)
		return -1;
	memcpy(out, r->p, len);
	r->p += len;
	r->left -= len;
	return 0;
}

static int
wire_take_u32(struct wire_reader *r, size_t *value_out)
{
	uint32_t le;

	if (wire_take(r, &le, sizeof le) < 0)
		return -1;
	*value_out = le32toh(le);
	return *value_out <= r->left ? 0 : -1;
}

/* A text of len bytes without a NUL inside, or NULL. */
static char *
wire_take_text(struct wire_reader *r, size_t len)
{
	char *text;

	if (memchr(r->p, '\0', len))
		return NULL;
	text = malloc(len + 1);
	if (!text)
		return NULL;
	memcpy(text, r->p, len);
	text[len] = '\0';
	r->p += len;
	r->left -= len;
	return text;
}

static int
wire_take_list(const struct field *field, struct wire_reader *r, void *record)
{
	struct strv *list = field_list(field, record);

	while (r->left > 0) {
		AUTO_FREE char *text = NULL;
		size_t len;

		if (list->n >= (size_t)field->max || wire_take_u32(r, &len) < 0 || !(text = wire_take_text(r, len)) ||
		    !strv_add(list, text))
			return -1;
	}
	return 0;
}

static int wire_take_record(const struct schema *schema, struct wire_reader *r, void *record, struct err *e);

static int
wire_take_value(const struct field *field, struct wire_reader *r, void *record, struct err *e)
{
	uint64_t number;

	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		if (r->left != sizeof number || wire_take(r, &number, sizeof number) < 0)
			return -1;
		*field_int(field, record) = (int64_t)le64toh(number);
		return 0;
	case FIELD_STRING:
		*field_string(field, record) = wire_take_text(r, r->left);
		return *field_string(field, record) ? 0 : -1;
	case FIELD_LIST:
		return wire_take_list(field, r, record);
	case FIELD_OBJECT:
		return wire_take_record(field->object, r, field_object(field, record), e);
	}
	return -1;
}

static int
wire_malformed(const struct schema *schema, struct err *e)
{
	/* A nested record has said more precisely what is wrong. */
	return err_is_set(e) ? -1 : err_set(e, ERR_BAD_REQUEST, "malformed %s message", schema->name);
}

static int
wire_take_record(const struct schema *schema, struct wire_reader *r, void *record, struct err *e)
{
	size_t count = 0;
	int last = -1;

	while (schema->fields[count].name)
		count++;
	while (r->left > 0) {
		struct wire_reader value;
		unsigned char index;
		size_t size;

		if (wire_take(r, &index, 1) < 0 || index <= last || index >= count || wire_take_u32(r, &size) < 0)
			return wire_malformed(schema, e);
		last = index;
		value = (struct wire_reader){ r->p, size };
		if (wire_take_value(&schema->fields[index], &value, record, e) < 0)
			return wire_malformed(schema, e);
		record_mark_row(record, index, true);
		if (field_check_value(&schema->fields[index], record, e) < 0)
			return -1;
		r->p += size;
		r->left -= size;
	}
	return 0;
}

/* A nested record may be partial: which of its fields a message needs is for whoever takes the message to say. */
int
record_decode(const struct schema *schema, const void *data, size_t len, void *record, struct err *e)
{
	struct wire_reader r = { data, len };

	return wire_take_record(schema, &r, record, e) < 0 ? -1 : record_check(schema, record, true, e);
}
