/* The tables' rows as JSON Schema 2020-12, for the reference. Out of memory it leaves things out. */
#ifndef BERTH_JSON_SCHEMA_H
#define BERTH_JSON_SCHEMA_H

#include "schema/answer.h"

enum json_schema_use {
	JSON_SCHEMA_CREATE, /* a body that makes a resource */
	JSON_SCHEMA_PATCH,  /* one that changes it */
	JSON_SCHEMA_ARGS,   /* one of an action, or a query's parameters */
	JSON_SCHEMA_SHOWN   /* an answer */
};

struct json_object;

/* Adds what describes one field. */
void json_schema_add_field(struct json_object *json, const struct field *field, enum json_schema_use use);
/* Adds what describes a body: nothing else may stand in it. */
void json_schema_add_body(struct json_object *json, const struct schema *schema, enum json_schema_use use);
/* Adds what describes an answer: without bounds, and with nothing required, so that it may grow. */
void json_schema_add_answer(struct json_object *json, const struct answer *answer);

#endif
