/* Bodies and files: JSON to records by every table, and back. */
#include <json-c/json.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds.h"

static void
fuzz_record(const struct schema *schema, struct json_object *json, bool patch)
{
	void *record = calloc(1, schema->size);
	struct err e = { 0 };

	if (record && record_from_json(schema, json, patch ? FIELD_PATCH : 0, record, &e) == 0) {
		/* What was accepted keeps to the table. */
		if (record_check(schema, record, false, &e) < 0)
			__builtin_trap();
		json_object_put(record_to_json(schema, record, false));
	}
	if (record)
		record_clear(schema, record);
	free(record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct schema *schema;
	struct json_tokener *tok;
	struct json_object *json;

	if (size < 1 || size > 65536)
		return 0;
	schema = seed_schema(data[0] & 0x7f);
	if (!schema)
		return 0;
	tok = json_tokener_new_ex(16);
	json = json_tokener_parse_ex(tok, (const char *)data + 1, (int)size - 1);
	if (json)
		fuzz_record(schema, json, data[0] & 0x80);
	json_object_put(json);
	json_tokener_free(tok);
	return 0;
}
