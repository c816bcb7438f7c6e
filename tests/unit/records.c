#include "tests/unit/records.h"

#include "schema/audit.h"
#include "schema/operation.h"
#include "schema/ops.h"
#include "schema/protocol.h"
#include "schema/ip.h"
#include "schema/network.h"
#include "schema/tenant.h"
#include "schema/usage.h"
#include "tests/lib/field_text.h"
#include "tests/unit/unit.h"

const struct schema *const all_schemas[] = { &container_config_schema,
	                                     &container_view_schema,
	                                     &operation_schema,
	                                     &settings_schema,
	                                     &layout_schema,
	                                     &place_schema,
	                                     &template_schema,
	                                     &spec_schema,
	                                     &request_schema,
	                                     &observed_schema,
	                                     &progress_schema,
	                                     &done_schema,
	                                     &ready_schema,
	                                     &alive_schema,
	                                     &manifest_schema,
	                                     &database_copy_schema,
	                                     &totals_schema,
	                                     &tenant_schema,
	                                     &plan_schema,
	                                     &ip_pool_schema,
	                                     &network_schema,
	                                     &ip_holding_schema,
	                                     &usage_sums_schema,
	                                     &samples_schema,
	                                     &token_schema,
	                                     &audit_schema,
	                                     &webhook_schema,
	                                     &hook_schema,
	                                     &hook_end_schema,
#define X(name) &name##_schema,
	                                     OP_SCHEMAS(X)
#undef X
	                                             NULL };

const char *
records_text(const struct field *field)
{
	const char *text = field_text(field);

	if (!text)
		fail_msg("no sample suits '%s': add one to field_text.c", field->name);
	return text;
}

void
records_fill_field(const struct schema *schema, size_t i, void *record, bool max)
{
	const struct field *f = &schema->fields[i];

	switch (f->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		/* JSON can't tell the greatest number from one past it. */
		*field_int(f, record) = !max ? f->min : f->max < INT64_MAX ? f->max : INT64_MAX - 1;
		break;
	case FIELD_STRING:
		free(*field_string(f, record));
		*field_string(f, record) = strdup(records_text(f));
		break;
	case FIELD_LIST:
		strv_clear(field_list(f, record));
		/* Lines may exclude each other. */
		for (int64_t n = 0; n < (max && f->max < 100 && !f->explain ? f->max : 1); n++)
			assert_true(strv_add(field_list(f, record), records_text(f)));
		break;
	case FIELD_OBJECT:
		records_fill(f->object, field_object(f, record), max);
		break;
	}
	record_mark_row(record, i, true);
}

void
records_fill(const struct schema *schema, void *record, bool max)
{
	for (size_t i = 0; schema->fields[i].name; i++)
		records_fill_field(schema, i, record, max);
}

void *
records_new(const struct schema *schema)
{
	void *record = calloc(1, schema->size);

	assert_non_null(record);
	return record;
}

void
records_free(const struct schema *schema, void *record)
{
	record_clear(schema, record);
	free(record);
}

static bool
lists_equal(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

static bool
fields_equal(const struct field *f, const void *a, const void *b)
{
	switch (f->type) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		return *field_int(f, a) == *field_int(f, b);
	case FIELD_STRING:
		return strcmp(*field_string(f, a), *field_string(f, b)) == 0;
	case FIELD_LIST:
		return lists_equal(field_list(f, a), field_list(f, b));
	case FIELD_OBJECT:
		return records_equal(f->object, field_object(f, a), field_object(f, b));
	}
	return false;
}

bool
records_equal(const struct schema *schema, const void *a, const void *b)
{
	for (size_t i = 0; schema->fields[i].name; i++)
		if (record_has_row(a, i) != record_has_row(b, i) ||
		    (record_has_row(a, i) && !fields_equal(&schema->fields[i], a, b)))
			return false;
	return true;
}
