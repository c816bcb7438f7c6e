/* The audit: who changed what, or would have. Entries are only ever added. */
#ifndef BERTH_SCHEMA_AUDIT_H
#define BERTH_SCHEMA_AUDIT_H

#include "schema/field.h"

struct audit_entry {
	struct field_set set;
	int64_t time;
	char *actor;
	char *role;
	/* Hints for a person; nothing is decided by them. */
	int64_t uid;
	int64_t pid;
	char *cgroup;
	char *kind; /* the row's name in ops.def, in lower case */
	char *tenant;
	char *object;
	char *container; /* UUID */
	char *operation; /* UUID, of a job or a stream */
	int64_t status;  /* HTTP's */
	char *code;      /* of a problem */
	int64_t count;
};

/* A column each; over the API with `seq`. */
extern const struct schema audit_schema;

/* So many of a tenant's entries are kept in any case. */
enum { AUDIT_DAYS_MIN = 30, AUDIT_DAYS_MAX = 3660, AUDIT_ROWS_MIN = 1000, AUDIT_ROWS_MAX = 10000000 };

#endif
