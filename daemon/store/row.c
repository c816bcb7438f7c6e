#include "daemon/store/row.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sql.h"
#include "daemon/util/fd.h"

bool
row_is_column(const struct field *field)
{
	return !(field->flags & (FIELD_SECRET | FIELD_TRANSIENT)) && field->type != FIELD_OBJECT;
}

int
row_columns(const struct schema *schema)
{
	int n = 0;

	for (const struct field *f = schema->fields; f->name; f++)
		n += row_is_column(f);
	return n;
}

void
row_names(const struct schema *schema, const char *lead, const char *prefix, struct buf *out)
{
	for (const struct field *f = schema->fields; f->name; f++)
		if (row_is_column(f)) {
			buf_addf(out, "%s%s\"%s\"", lead, prefix, f->name);
			lead = ", ";
		}
}

void
row_holes(const struct schema *schema, const char *lead, int first, struct buf *out)
{
	for (const struct field *f = schema->fields; f->name; f++)
		if (row_is_column(f)) {
			buf_addf(out, "%s?%d", lead, first++);
			lead = ", ";
		}
}

void
row_assignments(const struct schema *schema, const char *lead, int first, struct buf *out)
{
	for (const struct field *f = schema->fields; f->name; f++)
		if (row_is_column(f)) {
			buf_addf(out, "%s\"%s\" = ?%d", lead, f->name, first++);
			lead = ", ";
		}
}

static bool
row_bind_list(sqlite3_stmt *stmt, int at, const struct strv *list)
{
	struct json_object *array = json_object_new_array_ext((int)list->n);
	const char *text;

	for (size_t i = 0; array && i < list->n; i++)
		json_object_array_add(array, json_object_new_string(list->v[i]));
	text = array ? json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;
	if (text)
		sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
	json_object_put(array);
	return text;
}

static bool
row_bind_field(sqlite3_stmt *stmt, int at, const struct field *field, const void *record)
{
	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		sqlite3_bind_int64(stmt, at, *field_int(field, record));
		return true;
	case FIELD_STRING:
		sqlite3_bind_text(stmt, at, *field_string(field, record), -1, SQLITE_STATIC);
		return true;
	case FIELD_LIST:
		return row_bind_list(stmt, at, field_list(field, record));
	case FIELD_OBJECT:
		break;
	}
	return true;
}

int
row_bind(sqlite3_stmt *stmt, int first, const struct schema *schema, const void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		if (!row_is_column(f))
			continue;
		if (!record_has_row(record, i))
			sqlite3_bind_null(stmt, first);
		else if (!row_bind_field(stmt, first, f, record))
			return -1;
		first++;
	}
	return first;
}

static bool
row_read_list(const char *text, struct strv *list)
{
	struct json_object *array;
	bool ok;

	strv_clear(list);
	/* Most are empty. */
	if (strcmp(text, "[]") == 0)
		return true;
	array = json_tokener_parse(text);
	ok = json_object_is_type(array, json_type_array);
	for (size_t i = 0; ok && i < json_object_array_length(array); i++)
		ok = strv_add(list, json_object_get_string(json_object_array_get_idx(array, i)));
	json_object_put(array);
	return ok;
}

static bool
row_read_field(sqlite3_stmt *stmt, int at, const struct field *field, void *record)
{
	const char *text;
	char *copy;

	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		*field_int(field, record) = sqlite3_column_int64(stmt, at);
		return true;
	case FIELD_STRING:
		copy = strdup((const char *)sqlite3_column_text(stmt, at));
		free(*field_string(field, record));
		*field_string(field, record) = copy;
		return copy;
	case FIELD_LIST:
		text = (const char *)sqlite3_column_text(stmt, at);
		return text && row_read_list(text, field_list(field, record));
	case FIELD_OBJECT:
		break;
	}
	return true;
}

int
row_read(sqlite3_stmt *stmt, int first, const struct schema *schema, void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		if (!row_is_column(f))
			continue;
		if (sqlite3_column_type(stmt, first) != SQLITE_NULL) {
			if (!row_read_field(stmt, first, f, record))
				return -1;
			record_mark_row(record, i, true);
		}
		first++;
	}
	return first;
}

bool
row_put_text(const struct schema *schema, void *record, const char *name, const char *text)
{
	const struct field *f = field_find(schema, name, NULL);
	char **place, *copy = text ? strdup(text) : NULL;

	if (!f || f->type != FIELD_STRING)
		abort();
	if (text && !copy)
		return false;
	place = field_string(f, record);
	free(*place);
	*place = copy;
	record_mark(schema, record, name, copy != NULL);
	return true;
}

void
row_put_int(const struct schema *schema, void *record, const char *name, int64_t value)
{
	const struct field *f = field_find(schema, name, NULL);

	if (!f)
		abort();
	*field_int(f, record) = value;
	record_mark(schema, record, name, true);
}

int
row_find(struct store *s, const char *sql, const char *key, const struct schema *schema, void *record, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc = sql_first(s, &stmt, sql, e, "s", key);

	if (rc == 1 && row_read(stmt, 0, schema, record) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return rc;
}
