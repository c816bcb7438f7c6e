#include "schema/operation.h"

#include <string.h>

#include "schema/check.h"

#define O operation
#define SEEN FIELD_READONLY
#define KEPT (FIELD_READONLY | FIELD_INTERNAL)

static const struct field operation_fields[] = {
	STRING_FIELD(O, id, SEEN, 36, check_uuid, "Its UUID."),
	STRING_FIELD(O, kind, SEEN, 40, check_line, "What it does: container_create, container_start…"),
	STRING_FIELD(O, state, SEEN, 16, NULL, "queued, running, succeeded, failed or cancelled."),
	STRING_FIELD(O, container, SEEN, 36, check_uuid, "UUID of the container that it is on."),
	STRING_FIELD(O, tenant, SEEN, 40, NULL, "The container's tenant."),
	STRING_FIELD(O, name, SEEN, 40, NULL, "The container's name."),
	STRING_FIELD(O, template, SEEN, 80, NULL, "Template that it is on."),
	STRING_FIELD(O, step, SEEN, 64, check_line, "Step under way, or the last one."),
	INT_FIELD(O, percent, SEEN, 0, 100, 0, "How far it is."),
	STRING_FIELD(O, text, SEEN, 512, check_line, "A line for people."),
	STRING_FIELD(O, actor, SEEN, 64, check_line, "Who asked for it: uid:NUMBER, token:ID or daemon."),
	TIME_FIELD(O, created_at, SEEN, "When it was asked for."),
	TIME_FIELD(O, started_at, SEEN, "When it began."),
	TIME_FIELD(O, ended_at, SEEN, "When it ended."),
	STRING_FIELD(O, error_kind, KEPT, 40, NULL, "Kind of its error."),
	STRING_FIELD(O, error_code, KEPT, 40, NULL, "Code of its error."),
	STRING_FIELD(O, error_message, KEPT, 512, NULL, "Message of its error."),
	LIST_FIELD(O, error_params, KEPT, ERR_PARAMS_MAX, NULL, "Wrong parameters."),
	STRING_FIELD(O, result, KEPT, 1 << 20, NULL, "JSON."),
	STRING_FIELD(O, undo, KEPT, 1 << 20, NULL, "JSON."),
	BOOL_FIELD(O, secret, KEPT, 0, "It was given a secret."),
	BOOL_FIELD(O, by_tenant, KEPT, 0, "Its tenant asked for it."),
	STRING_FIELD(O, request, KEPT, 1 << 20, NULL, "The engine's, while it waits."),
	END_FIELDS
};

const struct schema operation_schema = { "operation", sizeof(struct operation), operation_fields };

static const char *const operation_state_names[OPERATION_STATE_COUNT] = {
	[OPERATION_QUEUED] = "queued", [OPERATION_RUNNING] = "running",     [OPERATION_SUCCEEDED] = "succeeded",
	[OPERATION_FAILED] = "failed", [OPERATION_CANCELLED] = "cancelled",
};

const char *
operation_state_name(enum operation_state state)
{
	return operation_state_names[state];
}

const char *
check_operation_state(const char *name)
{
	for (size_t i = 0; i < OPERATION_STATE_COUNT; i++)
		if (strcmp(operation_state_names[i], name) == 0)
			return NULL;
	return "must be queued, running, succeeded, failed or cancelled";
}

bool
operation_is_open(const struct operation *operation)
{
	return operation->state && (strcmp(operation->state, operation_state_names[OPERATION_QUEUED]) == 0 ||
	                            strcmp(operation->state, operation_state_names[OPERATION_RUNNING]) == 0);
}
