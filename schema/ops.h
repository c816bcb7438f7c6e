/*
 * One row an operation of the API: routes, decoding, authorisation, the client's help and the reference come from it.
 */
#ifndef BERTH_OPS_H
#define BERTH_OPS_H

#include "schema/answer.h"
#include "schema/field.h"
#include "schema/role.h"

enum op_method { METHOD_GET, METHOD_POST, METHOD_PATCH, METHOD_PUT, METHOD_DELETE, METHOD_COUNT };

enum op_kind {
	KIND_READ,   /* answered from the database */
	KIND_TEXT,   /* the same, in no JSON */
	KIND_WRITE,  /* answered after one transaction */
	KIND_QUERY,  /* answered when the engine has, within a deadline; changes nothing */
	KIND_JOB,    /* 202 and an operation */
	KIND_STREAM, /* the connection is handed to a job */
	KIND_FOLLOW  /* the api streams events on the connection */
};

enum op_id {
#define OP(id, method, path, access, kind, body, query, answer, help) id,
#include "schema/ops.def"
#undef OP
	OP_COUNT
};

struct op {
	const char *name; /* "container_create" */
	enum op_method method;
	const char *path; /* "/v1/containers/{id}" */
	enum access access;
	enum op_kind kind;
	const struct schema *body; /* or NULL: it takes none */
	const struct schema *query;
	const struct answer *answer; /* a job's: of its dry run; of a list: an item; of events: each one's data; or NULL: no JSON */
	const char *help;
};

/* FIELD_CREATE or FIELD_PATCH: the body holds a resource's fields, of which those are taken that bear the flag; 0: an action's. */
unsigned int op_accepts(const struct op *op);

/* Never NULL for an id of the enumeration. */
const struct op *op_get(enum op_id id);
const char *op_method_name(enum op_method method);

/*
 * The row for a method and a path (without query), and the text of {id}, percent-decoded, in arg_out[arg_size].
 * 1 found; 0 no such path; -1 the path exists with other methods, which are in *allowed_out as bits.
 */
int op_match(const char *method, const char *path, const struct op **op_out, char *arg_out, size_t arg_size,
             unsigned int *allowed_out);

/* Fills in a path's {id}, percent-encoded. */
void op_path(const struct op *op, const char *arg, struct buf *out);
/* Percent-encodes all but unreserved characters (RFC 3986) and ':'. */
void op_escape(const char *text, struct buf *out);

/* What each takes besides the container's own fields. */
struct op_args {
	struct field_set set;
	int64_t timeout;
	int64_t kill;
	int64_t force;
	char *rescue;
	char *reason;
	struct strv argv;
	struct strv env;
	char *user;
	char *cwd;
	int64_t tty;
	int64_t rows;
	int64_t columns;
	int64_t follow;
	int64_t tail;
	char *template;
	char *version;
	int64_t dry_run;
	int64_t limit;
	char *cursor;
	char *fields;
	char *name;
	char *tenant;
	char *state;
	char *container;
	char *kind;
	char *plan;
	char *owner;
	char *billing;
	char *label;
	int64_t since;
	int64_t pid;
	int64_t uid;
	char *address;
	char *mac;
	char *veth;
	char *pool;
	int64_t at;
	int64_t from;
	int64_t to;
	char *by;
	char *group;
	int64_t until;
	char *actor;
	int64_t freeze;
};

#define OP_SCHEMAS(X)                                                                                                              \
	X(start_body)                                                                                                              \
	X(stop_body)                                                                                                               \
	X(suspend_body)                                                                                                            \
	X(address_query)                                                                                                           \
	X(history_query)                                                                                                           \
	X(usage_query)                                                                                                             \
	X(container_usage_query)                                                                                                   \
	X(exec_body)                                                                                                               \
	X(console_body)                                                                                                            \
	X(build_body)                                                                                                              \
	X(write_query)                                                                                                             \
	X(delete_query)                                                                                                            \
	X(show_query)                                                                                                              \
	X(container_query)                                                                                                         \
	X(template_query) X(table_query) X(operation_query) X(events_query) X(logs_query) X(which_query) X(audit_query)
#define X(name) extern const struct schema name##_schema;
OP_SCHEMAS(X)
#undef X

#endif
