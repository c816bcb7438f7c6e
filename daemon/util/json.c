#include "daemon/util/json.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
json_put(struct json_object *json, const char *name, struct json_object *value)
{
	if (!json) {
		json_object_put(value);
		return;
	}
	json_object_object_add_ex(json, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

void
json_put_text(struct json_object *json, const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		json_put(json, name, json_object_new_string(text));
	free(text);
}

void
json_put_int(struct json_object *json, const char *name, int64_t value)
{
	json_put(json, name, json_object_new_int64(value));
}

void
json_put_bool(struct json_object *json, const char *name, bool value)
{
	json_put(json, name, json_object_new_boolean(value));
}

struct json_object *
json_put_object(struct json_object *json, const char *name)
{
	struct json_object *inner = json_object_new_object();

	json_put(json, name, inner);
	return inner;
}

struct json_object *
json_put_list(struct json_object *json, const char *name)
{
	struct json_object *list = json_object_new_array();

	json_put(json, name, list);
	return list;
}

void
json_append_text(struct json_object *list, const char *text)
{
	if (list)
		json_object_array_add(list, json_object_new_string(text));
}

struct json_object *
json_append_object(struct json_object *list)
{
	struct json_object *inner = list ? json_object_new_object() : NULL;

	if (list)
		json_object_array_add(list, inner);
	return inner;
}
