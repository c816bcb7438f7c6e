#include "schema/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct field *
field_find(const struct schema *schema, const char *name, size_t *index_out)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		if (strcmp(schema->fields[i].name, name) != 0)
			continue;
		if (index_out)
			*index_out = i;
		return &schema->fields[i];
	}
	return NULL;
}

size_t
record_count(const void *record)
{
	const struct field_set *set = record;
	size_t n = 0;

	for (size_t i = 0; i < FIELDS_MAX / 64; i++)
		n += (size_t)__builtin_popcountll(set->words[i]);
	return n;
}

bool
record_is_empty(const void *record)
{
	return record_count(record) == 0;
}

static size_t
field_row(const struct schema *schema, const char *name)
{
	size_t i;

	if (!field_find(schema, name, &i))
		abort();
	return i;
}

bool
record_has(const struct schema *schema, const void *record, const char *name)
{
	return record_has_row(record, field_row(schema, name));
}

void
record_mark(const struct schema *schema, void *record, const char *name, bool given)
{
	record_mark_row(record, field_row(schema, name), given);
}

static void *
field_place(const struct field *field, const void *record)
{
	return (char *)(uintptr_t)record + field->offset;
}

int64_t *
field_int(const struct field *field, const void *record)
{
	return field_place(field, record);
}

char **
field_string(const struct field *field, const void *record)
{
	return field_place(field, record);
}

struct strv *
field_list(const struct field *field, const void *record)
{
	return field_place(field, record);
}

void *
field_object(const struct field *field, const void *record)
{
	return field_place(field, record);
}

static void
field_clear(const struct field *field, void *record)
{
	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		*field_int(field, record) = 0;
		break;
	case FIELD_STRING: {
		char **s = field_string(field, record);

		if (*s && (field->flags & FIELD_SECRET))
			explicit_bzero(*s, strlen(*s));
		free(*s);
		*s = NULL;
		break;
	}
	case FIELD_LIST:
		strv_clear(field_list(field, record));
		break;
	case FIELD_OBJECT:
		record_clear(field->object, field_object(field, record));
		break;
	}
}

void
record_clear(const struct schema *schema, void *record)
{
	for (const struct field *f = schema->fields; f->name; f++)
		field_clear(f, record);
	*(struct field_set *)record = (struct field_set){ 0 };
}

static bool
field_copy(const struct field *field, void *to, const void *from)
{
	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		*field_int(field, to) = *field_int(field, from);
		return true;
	case FIELD_STRING: {
		const char *s = *field_string(field, from);
		char *copy = s ? strdup(s) : NULL;

		field_clear(field, to);
		*field_string(field, to) = copy;
		return copy || !s;
	}
	case FIELD_LIST:
		field_clear(field, to);
		return strv_copy(field_list(field, to), field_list(field, from));
	case FIELD_OBJECT:
		return record_merge(field->object, field_object(field, to), field_object(field, from));
	}
	return false;
}

static bool
field_is_null(const struct field *field, const void *record)
{
	return (field->flags & FIELD_NULLABLE) && *field_int(field, record) == FIELD_NULL;
}

bool
record_merge(const struct schema *schema, void *to, const void *from)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		if (!record_has_row(from, i))
			continue;
		if (field_is_null(&schema->fields[i], from)) {
			field_clear(&schema->fields[i], to);
			record_mark_row(to, i, false);
			continue;
		}
		if (!field_copy(&schema->fields[i], to, from))
			return false;
		record_mark_row(to, i, true);
	}
	return true;
}

bool
record_copy(const struct schema *schema, void *to, const void *from)
{
	return record_merge(schema, to, from);
}

static bool
field_is_number(const struct field *field)
{
	return field->type != FIELD_STRING && field->type != FIELD_LIST && field->type != FIELD_OBJECT;
}

void
record_apply_presets(const struct schema *schema, void *record)
{
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		if (!field_is_number(f) || (f->flags & FIELD_NO_PRESET) || record_has_row(record, i))
			continue;
		*field_int(f, record) = f->preset;
		record_mark_row(record, i, true);
	}
}

bool
field_equal(const struct field *field, const void *a, const void *b)
{
	const struct strv *x, *y;
	const char *s, *t;

	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		return *field_int(field, a) == *field_int(field, b);
	case FIELD_STRING:
		s = *field_string(field, a);
		t = *field_string(field, b);
		return s && t ? strcmp(s, t) == 0 : s == t;
	case FIELD_LIST:
		x = field_list(field, a);
		y = field_list(field, b);
		for (size_t i = 0; x->n == y->n && i < x->n; i++)
			if (strcmp(x->v[i], y->v[i]) != 0)
				return false;
		return x->n == y->n;
	case FIELD_OBJECT:
		break;
	}
	return false;
}

const char *
field_size_text(int64_t bytes, char *buf, size_t size)
{
	static const char units[] = "\0KMGT";
	size_t unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit + 2 < sizeof units) {
		bytes /= 1024;
		unit++;
	}
	snprintf(buf, size, "%lld%.1s", (long long)bytes, &units[unit]);
	return buf;
}

/* Shows a bound in the field's own unit. */
static void
field_add_range_error(const struct field *field, struct err *e)
{
	long long min = field->min, max = field->max;
	char from[24], to[24];

	if (field->type == FIELD_MILLI)
		err_param(e, field->name, "must be from %.10g to %.10g", (double)min / 1000, (double)max / 1000);
	else if (field->type == FIELD_SIZE)
		err_param(e, field->name, "must be from %s to %s", field_size_text(min, from, sizeof from),
		          field_size_text(max, to, sizeof to));
	else
		err_param(e, field->name, "must be from %lld to %lld", min, max);
}

static int
field_check_lines(const struct field *field, const struct strv *list, struct err *e)
{
	char why[256];

	for (size_t i = 0; i < list->n; i++)
		if (!field->explain(list, i, why, sizeof why))
			return err_param(e, field->name, "%s", why);
	return 0;
}

static int
field_check_text(const struct field *field, const char *text, struct err *e)
{
	const char *why;

	/* A list's bound counts its items; one item is bounded by its rule, or by this. */
	size_t max = field->type == FIELD_LIST ? 32768 : (size_t)field->max;

	if (strlen(text) > max)
		return err_param(e, field->name, "is longer than %zu bytes", max);
	why = field->check ? field->check(text) : NULL;
	return why ? err_param(e, field->name, "%s", why) : 0;
}

int
field_check_value(const struct field *field, const void *record, struct err *e)
{
	const struct strv *list;
	const char *s;

	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		if (field_is_null(field, record) ||
		    (*field_int(field, record) >= field->min && *field_int(field, record) <= field->max))
			return 0;
		field_add_range_error(field, e);
		return -1;
	case FIELD_STRING:
		s = *field_string(field, record);
		return field_check_text(field, s ? s : "", e);
	case FIELD_LIST:
		list = field_list(field, record);
		if (list->n > (size_t)field->max)
			return err_param(e, field->name, "has more than %lld items", (long long)field->max);
		if (list->n == 0 && (field->flags & FIELD_REQUIRED))
			return err_param(e, field->name, "must not be empty");
		if (field->explain)
			return field_check_lines(field, list, e);
		for (size_t i = 0; i < list->n; i++)
			if (field_check_text(field, list->v[i], e) < 0)
				return -1;
		return 0;
	case FIELD_OBJECT:
		return record_check(field->object, field_object(field, record), false, e);
	}
	return -1;
}

int
record_check(const struct schema *schema, const void *record, bool required, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		if (record_has_row(record, i)) {
			if (field_check_value(f, record, e) < 0)
				rc = -1;
		} else if (required && (f->flags & FIELD_REQUIRED)) {
			rc = err_param(e, f->name, "is required");
		}
	}
	return rc;
}
