#include "schema/audit.h"

#include "schema/check.h"

#define A audit_entry
#define SEEN FIELD_READONLY
#define HINT (FIELD_READONLY | FIELD_HOST)

static const struct field audit_fields[] = {
	TIME_FIELD(A, time, SEEN, "When it was."),
	STRING_FIELD(A, actor, SEEN, 64, check_line, "Who asked: uid:NUMBER, token:ID, daemon, or unknown."),
	STRING_FIELD(A, role, SEEN, 16, check_line, "The role in which he did; none of whom nobody knows here."),
	INT_FIELD(A, uid, HINT, 0, UINT32_MAX, 0, "User of the process that asked; a hint."),
	INT_FIELD(A, pid, HINT, 0, INT32_MAX, 0, "Number of the process that asked, which another may bear now; a hint."),
	STRING_FIELD(A, cgroup, HINT, 200, check_line, "Control group of that process; a hint."),
	STRING_FIELD(A, kind, SEEN, 40, check_line, "What was asked for: container_create, token_delete…"),
	STRING_FIELD(A, tenant, SEEN, 40, NULL, "Whose it is: the caller's tenant, or that of what it was done to."),
	STRING_FIELD(A, object, SEEN, 80, check_line, "What it was done to, as the caller named it."),
	STRING_FIELD(A, container, SEEN, 36, check_uuid, "UUID of the container."),
	STRING_FIELD(A, operation, SEEN, 36, check_uuid,
	             "UUID of the operation, or of the session of exec or console: its beginning (202, 101) and its end are an "
	             "entry each."),
	INT_FIELD(A, status, SEEN, 100, 599, 0, "What became of it, as HTTP's status: 403 was denied, 409 was in conflict…"),
	STRING_FIELD(A, code, SEEN, 40, check_line, "The problem's code."),
	INT_FIELD(A, count, SEEN, 1, INT64_MAX, 1,
	          "How many it stands for: the refused requests of one caller that come too fast are counted together."),
	END_FIELDS
};

const struct schema audit_schema = { "audit", sizeof(struct audit_entry), audit_fields };
