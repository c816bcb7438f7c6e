/* Bodies: JSON to records by every table, and back. */
#include <json-c/json.h>
#include <stdlib.h>

#include "schema/container.h"
#include "schema/ops.h"
#include "schema/spec.h"
#include "tests/fuzz/fuzz.h"

static const struct schema *const *
fuzz_schemas(size_t *n_out)
{
	static const struct schema *schemas[] = { &container_config_schema, &start_body_schema, &stop_body_schema, &exec_body_schema,
		                                  &build_body_schema,	    &template_schema,	&settings_schema,  &place_schema };

	*n_out = sizeof schemas / sizeof *schemas;
	return schemas;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n;
	const struct schema *const *schemas = fuzz_schemas(&n), *schema;
	struct json_tokener *tok;
	struct json_object *json;
	struct err e = { 0 };
	void *record;

	if (size < 1 || size > 65536)
		return 0;
	schema = schemas[data[0] % n];
	tok = json_tokener_new_ex(16);
	json = json_tokener_parse_ex(tok, (const char *)data + 1, (int)size - 1);
	record = calloc(1, schema->size);
	if (json && record && record_from_json(schema, json, data[0] & 0x80 ? FIELD_PATCH : 0, record, &e) == 0)
		json_object_put(record_to_json(schema, record, false));
	if (record)
		record_clear(schema, record);
	free(record);
	json_object_put(json);
	json_tokener_free(tok);
	return 0;
}
