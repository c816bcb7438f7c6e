/* Records to JSON and back. */
#include "schema/field.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int
json_take_number(const struct field *field, struct json_object *value, void *record, struct err *e)
{
	int64_t *place = field_int(field, record);
	enum json_type type = json_object_get_type(value);
	const char *why = NULL;

	if (!value) {
		*place = FIELD_NULL;
		return 0;
	}
	if (field->type == FIELD_BOOL) {
		if (type != json_type_boolean)
			return err_param(e, field->name, "must be true or false");
		*place = json_object_get_boolean(value);
		return 0;
	}
	if (type == json_type_string && field->type == FIELD_SIZE) {
		if (field_parse_size(json_object_get_string(value), place, &why) < 0)
			return err_param(e, field->name, "%s", why);
		return 0;
	}
	if (type == json_type_double && field->type == FIELD_MILLI) {
		double scaled = json_object_get_double(value) * 1000;

		if (!(scaled >= -1e15 && scaled <= 1e15))
			return err_param(e, field->name, "is out of range");
		*place = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
		return 0;
	}
	if (type != json_type_int)
		return err_param(e, field->name,
		                 field->type == FIELD_SIZE    ? "must be a whole number of bytes or a text such as \"512M\""
		                 : field->type == FIELD_MILLI ? "must be a number"
		                                              : "must be a whole number");
	*place = json_object_get_int64(value);
	if (*place == INT64_MAX || *place == INT64_MIN)
		return err_param(e, field->name, "is out of range");
	if (field->type == FIELD_MILLI && __builtin_mul_overflow(*place, 1000, place))
		return err_param(e, field->name, "is out of range");
	return 0;
}

/* A NUL inside would cut the text short for whatever reads it as C. */
static int
json_take_text(const struct field *field, struct json_object *value, const char **text_out, struct err *e)
{
	if (!json_object_is_type(value, json_type_string))
		return err_param(e, field->name, "must be a text");
	*text_out = json_object_get_string(value);
	if (strlen(*text_out) != (size_t)json_object_get_string_len(value))
		return err_param(e, field->name, "holds a NUL character");
	return 0;
}

static int
json_take_string(const struct field *field, struct json_object *value, void *record, struct err *e)
{
	char **place = field_string(field, record);
	const char *text;

	if (json_take_text(field, value, &text, e) < 0)
		return -1;
	free(*place);
	*place = strdup(text);
	return *place ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
json_take_list(const struct field *field, struct json_object *value, void *record, struct err *e)
{
	struct strv *list = field_list(field, record);
	const char *text;

	if (!json_object_is_type(value, json_type_array))
		return err_param(e, field->name, "must be a list of texts");
	strv_clear(list);
	for (size_t i = 0; i < json_object_array_length(value) && i <= (size_t)field->max; i++) {
		if (json_take_text(field, json_object_array_get_idx(value, i), &text, e) < 0)
			return -1;
		if (!strv_add(list, text))
			return err_set(e, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

static int json_take_record(const struct schema *schema, struct json_object *json, unsigned int accept, unsigned int refuse,
                            void *record, struct err *e);

static int
json_take_field(const struct field *field, struct json_object *value, unsigned int accept, unsigned int refuse, void *record,
                struct err *e)
{
	switch (field->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		return json_take_number(field, value, record, e);
	case FIELD_STRING:
		return json_take_string(field, value, record, e);
	case FIELD_LIST:
		return json_take_list(field, value, record, e);
	case FIELD_OBJECT:
		if (!json_object_is_type(value, json_type_object))
			return err_param(e, field->name, "must be an object");
		return json_take_record(field->object, value, accept, refuse, field_object(field, record), e);
	}
	return -1;
}

static const char *
json_refusal(const struct field *field, unsigned int accept, unsigned int refuse)
{
	if (!field || (field->flags & refuse & FIELD_INTERNAL))
		return "is no known field";
	if (field->flags & refuse & FIELD_READONLY)
		return "is read-only";
	if (accept && !(field->flags & accept))
		return accept & FIELD_PATCH ? "can't be changed once it exists" : "can't be given here";
	return NULL;
}

static int
json_take_record(const struct schema *schema, struct json_object *json, unsigned int accept, unsigned int refuse, void *record,
                 struct err *e)
{
	int rc = 0;

	json_object_object_foreach(json, key, value)
	{
		size_t i = 0;
		const struct field *f = field_find(schema, key, &i);
		const char *why = json_refusal(f, accept, refuse);

		if (why)
			rc = err_param(e, key, "%s", why);
		else if (!value && !(f->flags & FIELD_NULLABLE))
			rc = err_param(e, key, "must not be null");
		else if (json_take_field(f, value, accept, refuse, record, e) < 0)
			rc = -1;
		else {
			record_mark_row(record, i, true);
			if (field_check_value(f, record, e) < 0)
				rc = -1;
		}
	}
	return rc;
}

int
record_from_json(const struct schema *schema, struct json_object *json, unsigned int accept, void *record, struct err *e)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(e, ERR_BAD_REQUEST, "The body must be a JSON object");
	return json_take_record(schema, json, accept, FIELD_READONLY | FIELD_INTERNAL, record, e);
}

int
record_from_file_json(const struct schema *schema, struct json_object *json, void *record, struct err *e)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(e, ERR_BAD_REQUEST, "not a JSON object");
	return json_take_record(schema, json, 0, 0, record, e);
}

static struct json_object *
json_from_time(int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return json_object_new_string(text);
}

static struct json_object *
json_from_milli(int64_t milli)
{
	char text[32];

	if (milli % 1000 == 0)
		return json_object_new_int64(milli / 1000);
	snprintf(text, sizeof text, "%.10g", (double)milli / 1000);
	return json_object_new_double_s((double)milli / 1000, text);
}

static struct json_object *
json_from_list(const struct strv *list)
{
	struct json_object *array = json_object_new_array_ext((int)list->n);

	for (size_t i = 0; array && i < list->n; i++)
		json_object_array_add(array, json_object_new_string(list->v[i]));
	return array;
}

static struct json_object *
json_from_field(const struct field *field, const void *record, bool internal)
{
	const char *s;

	if ((field->flags & FIELD_NULLABLE) && *field_int(field, record) == FIELD_NULL)
		return NULL;
	switch (field->type) {
	case FIELD_BOOL:
		return json_object_new_boolean(*field_int(field, record) != 0);
	case FIELD_INT:
	case FIELD_SIZE:
		return json_object_new_int64(*field_int(field, record));
	case FIELD_MILLI:
		return json_from_milli(*field_int(field, record));
	case FIELD_TIME:
		return internal ? json_object_new_int64(*field_int(field, record)) : json_from_time(*field_int(field, record));
	case FIELD_STRING:
		s = *field_string(field, record);
		return json_object_new_string(s ? s : "");
	case FIELD_LIST:
		return json_from_list(field_list(field, record));
	case FIELD_OBJECT:
		return record_to_json(field->object, field_object(field, record), internal);
	}
	return NULL;
}

static void
json_add_record(const struct schema *schema, const void *record, bool internal, struct json_object *json)
{
	unsigned int hidden = FIELD_SECRET | (internal ? 0 : FIELD_INTERNAL);
	for (size_t i = 0; schema->fields[i].name; i++) {
		const struct field *f = &schema->fields[i];

		/* A time of 0 is one that hasn't been. */
		if (!record_has_row(record, i) || (f->flags & hidden) ||
		    (f->type == FIELD_TIME && !internal && *field_int(f, record) == 0))
			continue;
		if ((f->flags & FIELD_FLAT) && !internal)
			json_add_record(f->object, field_object(f, record), internal, json);
		else
			json_object_object_add_ex(json, f->name, json_from_field(f, record, internal),
			                          JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
	}
}

struct json_object *
record_to_json(const struct schema *schema, const void *record, bool internal)
{
	struct json_object *json = json_object_new_object();

	if (json)
		json_add_record(schema, record, internal, json);
	return json;
}
