#include "schema/json_schema.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/json.h"
#include "schema/check.h"

/* As field_parse_size() takes them. */
#define SIZE_PATTERN "^[0-9]+(\\.[0-9]+)?([KMGTkmgt]i?B?)?$"

static const struct {
	field_check *check;
	const char *format;
} formats[] = {
	{ check_uuid, "uuid" },
	{ check_password, "password" },
};

static const char *const type_names[] = {
	[FIELD_BOOL] = "boolean", [FIELD_INT] = "integer",   [FIELD_SIZE] = "integer", [FIELD_MILLI] = "number",
	[FIELD_TIME] = "string",  [FIELD_STRING] = "string", [FIELD_LIST] = "array",   [FIELD_OBJECT] = "object",
};

/* Whether the field stands in a body or answer at all. */
static bool
json_schema_has(const struct field *field, enum json_schema_use use)
{
	switch (use) {
	case JSON_SCHEMA_CREATE:
		return field->flags & FIELD_CREATE;
	case JSON_SCHEMA_PATCH:
		return field->flags & FIELD_PATCH;
	case JSON_SCHEMA_ARGS:
		return !(field->flags & (FIELD_READONLY | FIELD_INTERNAL));
	case JSON_SCHEMA_SHOWN:
		return !(field->flags & (FIELD_SECRET | FIELD_INTERNAL | FIELD_TRANSIENT));
	}
	return false;
}

static bool
json_schema_is_bounded(const struct field *f)
{
	return f->type == FIELD_INT || f->type == FIELD_SIZE || f->type == FIELD_MILLI;
}

static void
json_schema_put_number(struct json_object *json, const char *name, const struct field *f, int64_t value)
{
	int64_t unit = f->type == FIELD_MILLI ? 1000 : 1;
	char text[32];

	if (value % unit == 0) {
		json_put_int(json, name, value / unit);
		return;
	}
	snprintf(text, sizeof text, "%.10g", (double)value / 1000);
	json_put(json, name, json_object_new_double_s((double)value / 1000, text));
}

static void
json_schema_put_type(struct json_object *json, const struct field *f, enum json_schema_use use)
{
	/* What null takes away is never shown as null; a figure that nobody knows is. */
	bool nullable = (f->flags & FIELD_NULLABLE) && (use != JSON_SCHEMA_SHOWN || (f->flags & FIELD_READONLY));
	bool sized = f->type == FIELD_SIZE && use != JSON_SCHEMA_SHOWN;
	struct json_object *types;

	if (!nullable && !sized) {
		json_put_text(json, "type", "%s", type_names[f->type]);
		return;
	}
	types = json_put_list(json, "type");
	json_append_text(types, type_names[f->type]);
	if (sized)
		json_append_text(types, "string");
	if (nullable)
		json_append_text(types, "null");
	if (sized)
		json_put_text(json, "pattern", "%s", SIZE_PATTERN);
}

static void
json_schema_put_bounds(struct json_object *json, const struct field *f, enum json_schema_use use)
{
	bool preset =
	        use == JSON_SCHEMA_CREATE ? !(f->flags & (FIELD_NO_PRESET | FIELD_NULLABLE)) : use == JSON_SCHEMA_ARGS && f->preset;

	if (json_schema_is_bounded(f)) {
		json_schema_put_number(json, "minimum", f, f->min);
		json_schema_put_number(json, "maximum", f, f->max);
		if (preset)
			json_schema_put_number(json, "default", f, f->preset);
	} else if (f->type == FIELD_BOOL && preset) {
		json_put_bool(json, "default", f->preset);
	} else if (f->type == FIELD_STRING) {
		if (f->flags & FIELD_REQUIRED)
			json_put_int(json, "minLength", 1);
		json_put_int(json, "maxLength", f->max);
	} else if (f->type == FIELD_LIST) {
		if (f->flags & FIELD_REQUIRED)
			json_put_int(json, "minItems", 1);
		json_put_int(json, "maxItems", f->max);
	}
}

static const char *
json_schema_format(const struct field *f)
{
	if (f->type == FIELD_TIME)
		return "date-time";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (f->check == formats[i].check)
			return formats[i].format;
	return NULL;
}

/* The rule tells of itself what it wants. */
static void
json_schema_put_description(struct json_object *json, const struct field *f, enum json_schema_use use)
{
	const char *rule = f->check && use != JSON_SCHEMA_SHOWN ? f->check("\n") : NULL;
	const char *who = f->flags & FIELD_OPERATOR && use != JSON_SCHEMA_SHOWN ? " Set by the host's roles alone."
	                  : f->flags & FIELD_HOST                               ? " Shown to the host's roles alone."
	                                                                        : "";

	if (rule)
		json_put_text(json, "description", "%s %c%s.%s", f->help, toupper((unsigned char)*rule), rule + 1, who);
	else
		json_put_text(json, "description", "%s%s", f->help, who);
}

static void json_schema_put_properties(struct json_object *json, const struct schema *schema, enum json_schema_use use);

static void
json_schema_put_object(struct json_object *json, const struct schema *schema, enum json_schema_use use)
{
	json_put_text(json, "type", "object");
	json_schema_put_properties(json_put_object(json, "properties"), schema, use);
}

void
json_schema_add_field(struct json_object *json, const struct field *f, enum json_schema_use use)
{
	const char *format = json_schema_format(f);

	json_schema_put_description(json, f, use);
	if (f->type == FIELD_OBJECT) {
		if (f->object)
			json_schema_put_object(json, f->object, use);
		return;
	}
	json_schema_put_type(json, f, use);
	if (f->type == FIELD_LIST && f->object)
		json_schema_put_object(json_put_object(json, "items"), f->object, use);
	else if (f->type == FIELD_LIST)
		json_put_text(json_put_object(json, "items"), "type", "string");
	if (format)
		json_put_text(json, "format", "%s", format);
	if (f->flags & FIELD_SECRET)
		json_put_bool(json, "writeOnly", true);
	if (use == JSON_SCHEMA_SHOWN && (f->flags & FIELD_READONLY))
		json_put_bool(json, "readOnly", true);
	if (use != JSON_SCHEMA_SHOWN)
		json_schema_put_bounds(json, f, use);
}

static void
json_schema_put_properties(struct json_object *json, const struct schema *schema, enum json_schema_use use)
{
	for (const struct field *f = schema->fields; f->name; f++) {
		if (f->flags & FIELD_FLAT)
			json_schema_put_properties(json, f->object, use);
		else if (json_schema_has(f, use))
			json_schema_add_field(json_put_object(json, f->name), f, use);
	}
}

void
json_schema_add_body(struct json_object *json, const struct schema *schema, enum json_schema_use use)
{
	struct json_object *required = NULL;

	json_schema_put_object(json, schema, use);
	for (const struct field *f = schema->fields; f->name && use != JSON_SCHEMA_PATCH; f++) {
		if (!(f->flags & FIELD_REQUIRED) || !json_schema_has(f, use))
			continue;
		if (!required)
			required = json_put_list(json, "required");
		json_append_text(required, f->name);
	}
	json_put_bool(json, "additionalProperties", false);
}

void
json_schema_add_answer(struct json_object *json, const struct answer *answer)
{
	struct json_object *properties;

	json_put_text(json, "type", "object");
	json_put_text(json, "description", "%s", answer->help);
	properties = json_put_object(json, "properties");
	for (const struct schema *const *part = answer->parts; *part; part++)
		json_schema_put_properties(properties, *part, JSON_SCHEMA_SHOWN);
}
