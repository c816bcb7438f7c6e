/* An operation: one call that takes time, journalled before its first side effect. */
#ifndef BERTH_SCHEMA_OPERATION_H
#define BERTH_SCHEMA_OPERATION_H

#include "schema/field.h"

struct operation {
	struct field_set set;
	char *id;
	char *kind;      /* the row's name in ops.def, in lower case: "container_create" */
	char *state;     /* operation_state_name() */
	char *container; /* UUID */
	char *tenant;
	char *name; /* the container's */
	char *template;
	char *step;
	int64_t percent;
	char *text;
	char *actor; /* who asked for it */
	int64_t created_at;
	int64_t started_at;
	int64_t ended_at;
	/* For the journal alone; shown as `error` and `result`. */
	char *error_kind;
	char *error_code;
	char *error_message;
	struct strv error_params;
	char *result;      /* JSON text */
	char *undo;        /* JSON: the configuration to return to when it fails */
	int64_t secret;    /* it was given one, which nothing keeps: it can't be rolled forward */
	int64_t by_tenant; /* asked for by a caller of the container's tenant */
	char *request;     /* of one that waits for its turn: what to ask of the engine, TYPE JSON */
};

/* In the journal a row; over the API these fields and, where there are any, `error` (a problem) and `result`. */
extern const struct schema operation_schema;

enum operation_state {
	OPERATION_QUEUED,
	OPERATION_RUNNING,
	OPERATION_SUCCEEDED,
	OPERATION_FAILED,
	OPERATION_CANCELLED,
	OPERATION_STATE_COUNT
};

const char *operation_state_name(enum operation_state state);
const char *check_operation_state(const char *name);
/* Whether it goes on: queued or running. */
bool operation_is_open(const struct operation *operation);

#endif
