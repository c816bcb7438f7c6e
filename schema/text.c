/* Numbers and words as people write them. */
#include "schema/field.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char not_a_number[] = "is not a number";
static const char out_of_range[] = "is out of range";

/* Reads digits with an optional fraction as value * scale; *end_out is the first byte after. No sign, no exponent. */
static int
text_decimal(const char *text, int64_t scale, int64_t *value_out, const char **end_out, const char **why)
{
	int64_t value = 0, place = scale;

	*why = not_a_number;
	if (!isdigit((unsigned char)*text))
		return -1;
	*why = out_of_range;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *text - '0', &value))
			return -1;
	if (__builtin_mul_overflow(value, scale, &value))
		return -1;
	if (*text == '.') {
		*why = not_a_number;
		if (!isdigit((unsigned char)*++text))
			return -1;
		*why = out_of_range;
		for (; isdigit((unsigned char)*text); text++) {
			int64_t part = (place / 10) * (*text - '0') + (place % 10) * (*text - '0') / 10;

			place /= 10;
			if (__builtin_add_overflow(value, part, &value))
				return -1;
		}
	}
	*value_out = value;
	*end_out = text;
	return 0;
}

int
field_parse_size(const char *text, int64_t *bytes_out, const char **why)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits, *end;
	int64_t scale = 1, value;

	if (*unit) {
		const char *at = strchr(units, toupper((unsigned char)*unit));

		if (!at)
			goto bad_unit;
		scale = (int64_t)1 << (10 * (at - units + 1));
		unit++;
		if (*unit == 'i')
			unit++;
		if (*unit == 'B')
			unit++;
		if (*unit)
			goto bad_unit;
	} else if (strchr(text, '.')) {
		goto bad_unit;
	}
	if (text_decimal(text, scale, &value, &end, why) < 0)
		return -1;
	if (end != text + digits)
		goto bad_unit;
	*bytes_out = value;
	return 0;
bad_unit:
	*why = "is no size: give bytes, or a number with K, M, G or T, such as 512M";
	return -1;
}

int
field_parse_time(const char *text, int64_t *seconds_out, const char **why)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d" };

	if (*text && strspn(text, "0123456789") == strlen(text))
		return field_parse_int(text, seconds_out, why);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);

		if (!end || *end)
			continue;
		*seconds_out = timegm(&tm);
		return 0;
	}
	*why = "is no time: give 2026-11-24T10:30:00Z, a day such as 2026-11-24, or seconds since the epoch";
	return -1;
}

int
field_parse_milli(const char *text, int64_t *milli_out, const char **why)
{
	const char *end;
	int64_t value;

	if (text_decimal(text, 1000, &value, &end, why) < 0)
		return -1;
	if (*end) {
		*why = not_a_number;
		return -1;
	}
	*milli_out = value;
	return 0;
}

int
field_parse_int(const char *text, int64_t *value_out, const char **why)
{
	bool negative = *text == '-';
	const char *end;
	int64_t value;

	if (strchr(text, '.')) {
		*why = "must be a whole number";
		return -1;
	}
	if (text_decimal(text + negative, 1, &value, &end, why) < 0)
		return -1;
	if (*end) {
		*why = not_a_number;
		return -1;
	}
	*value_out = negative ? -value : value;
	return 0;
}

int
field_parse_bool(const char *text, int64_t *value_out, const char **why)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0) {
			*value_out = i & 1;
			return 0;
		}
	*why = "must be true or false";
	return -1;
}

static int
text_parse_number(const struct field *field, const char *text, int64_t *value_out, const char **why)
{
	if ((field->flags & FIELD_NULLABLE) && strcmp(text, "none") == 0) {
		*value_out = FIELD_NULL;
		return 0;
	}
	switch (field->type) {
	case FIELD_BOOL:
		return field_parse_bool(text, value_out, why);
	case FIELD_SIZE:
		return field_parse_size(text, value_out, why);
	case FIELD_MILLI:
		return field_parse_milli(text, value_out, why);
	case FIELD_TIME:
		return field_parse_time(text, value_out, why);
	case FIELD_INT:
	case FIELD_STRING:
	case FIELD_LIST:
	case FIELD_OBJECT:
		break;
	}
	return field_parse_int(text, value_out, why);
}

int
record_set_text(const struct schema *schema, void *record, const char *name, const char *text, struct err *e)
{
	size_t i = 0;
	const struct field *f = field_find(schema, name, &i);
	const char *why = NULL;
	char *copy;

	if (!f || (f->flags & FIELD_INTERNAL))
		return err_param(e, name, "is no known field");
	switch (f->type) {
	case FIELD_STRING:
		copy = strdup(text);
		if (!copy)
			return err_set(e, ERR_INTERNAL, "out of memory");
		free(*field_string(f, record));
		*field_string(f, record) = copy;
		break;
	case FIELD_LIST:
		if (!strv_add(field_list(f, record), text))
			return err_set(e, ERR_INTERNAL, "out of memory");
		break;
	case FIELD_OBJECT:
		return err_param(e, name, "can't be set from text");
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		if (text_parse_number(f, text, field_int(f, record), &why) < 0)
			return err_param(e, name, "%s", why);
		break;
	}
	record_mark_row(record, i, true);
	return field_check_value(f, record, e);
}
