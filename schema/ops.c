#include "schema/ops.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "schema/check.h"
#include "schema/container.h"
#include "schema/ip.h"
#include "schema/network.h"
#include "schema/operation.h"
#include "schema/tenant.h"
#include "schema/webhook.h"
#include "schema/usage.h"

static const char *
check_reason(const char *text)
{
	return *text ? check_line(text) : "must not be empty";
}

/* A name of the table below, in small letters: a slip would find nothing, and look like an answer. */
static const char *
check_kind(const char *text)
{
	for (int i = 0; i < OP_COUNT; i++)
		if (!text[strcspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] && strcasecmp(op_get((enum op_id)i)->name, text) == 0)
			return NULL;
	return "must be the kind of an operation, such as container_create";
}

#define A op_args
#define ROW_TIMEOUT INT_FIELD(A, timeout, 0, 0, 3600, 0, "Seconds until it is killed.")
#define ROW_KILL BOOL_FIELD(A, kill, 0, 0, "Kill it at once.")
#define ROW_ROWS INT_FIELD(A, rows, 0, 0, 10000, 0, "Terminal's rows.")
#define ROW_COLUMNS INT_FIELD(A, columns, 0, 0, 10000, 0, "Terminal's columns.")
#define ROW_DRY_RUN BOOL_FIELD(A, dry_run, 0, 0, "Check only; change nothing.")
#define ROW_LIMIT INT_FIELD(A, limit, 0, 1, 1000, 100, "Rows a page.")
#define ROW_CURSOR STRING_FIELD(A, cursor, 0, 200, check_line, "Where the last page ended.")
#define ROW_FIELDS STRING_FIELD(A, fields, 0, 1000, check_line, "Names of the fields to show, joined by commas.")
#define ROW_FORCE BOOL_FIELD(A, force, 0, 0, "Stop it first where it runs.")

#define ROWS(name, ...)                                                                                                            \
	static const struct field name##_fields[] = { __VA_ARGS__, END_FIELDS };                                                   \
	const struct schema name##_schema = { #name, sizeof(struct op_args), name##_fields }

ROWS(start_body, STRING_FIELD(A, rescue, 0, 80, check_template, "Template to boot instead; the container's tree is at /mnt."));
ROWS(stop_body, ROW_TIMEOUT, ROW_KILL);
ROWS(suspend_body, STRING_FIELD(A, reason, FIELD_REQUIRED, 200, check_reason, "Why; its tenant sees it."), ROW_TIMEOUT, ROW_KILL,
     BOOL_FIELD(A, freeze, 0, 0,
                "Freeze what runs in it rather than stop it: it stays in memory, and goes on when this is lifted."));
ROWS(exec_body, LIST_FIELD(A, argv, FIELD_REQUIRED, 4096, NULL, "Command and its arguments."),
     LIST_FIELD(A, env, 0, 4096, check_env, "Environment, as KEY=VALUE."),
     STRING_FIELD(A, user, 0, 32, check_user, "User inside, by name or uid; root when left out."),
     STRING_FIELD(A, cwd, 0, 4096, NULL, "Working directory inside."), BOOL_FIELD(A, tty, 0, 0, "Give it a terminal."), ROW_ROWS,
     ROW_COLUMNS);
ROWS(console_body, ROW_ROWS, ROW_COLUMNS);
ROWS(build_body, STRING_FIELD(A, template, FIELD_REQUIRED, 40, check_template_name, "Recipe's name."),
     STRING_FIELD(A, version, 0, 32, check_template_version, "Version to make; the date and a number when left out."));
ROWS(write_query, ROW_DRY_RUN);
ROWS(delete_query, ROW_DRY_RUN, ROW_FORCE, ROW_TIMEOUT);
ROWS(show_query, ROW_FIELDS);
ROWS(container_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, STRING_FIELD(A, name, 0, 40, NULL, "Of this name."),
     STRING_FIELD(A, tenant, 0, 40, NULL, "Of this tenant."),
     STRING_FIELD(A, state, 0, 16, check_container_state, "In this state."),
     STRING_FIELD(A, template, 0, 80, NULL, "Made from this template."),
     STRING_FIELD(A, plan, 0, 80, NULL, "Of this plan, NAME or NAME@VERSION."),
     STRING_FIELD(A, owner, 0, 80, NULL, "Of this owner."), STRING_FIELD(A, billing, 0, 80, NULL, "Of this number in the books."),
     STRING_FIELD(A, label, 0, 300, NULL, "With this label: KEY=VALUE, or KEY for any value."));
ROWS(table_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS);
ROWS(address_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, STRING_FIELD(A, tenant, 0, 40, NULL, "Of this tenant."),
     STRING_FIELD(A, container, 0, 80, NULL, "Of this container."), STRING_FIELD(A, pool, 0, 32, NULL, "Of this pool."));
ROWS(history_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS,
     TIME_FIELD(A, at, 0, "Only who held it then: 2026-11-24T10:30:00Z, 2026-11-24, or seconds since the epoch."));
#define ROW_FROM                                                                                                                   \
	TIME_FIELD(                                                                                                                \
	        A, from, 0,                                                                                                        \
	        "Since then: 2026-11-24T10:30:00Z, 2026-11-24, or seconds since the epoch; the month's beginning when left out.")
#define ROW_TO TIME_FIELD(A, to, 0, "Until then; now when left out.")
#define ROW_BY                                                                                                                     \
	STRING_FIELD(A, by, 0, 8, check_usage_level, "A row each minute, hour, day or month; one for all the time when left out.")
ROWS(container_usage_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, ROW_FROM, ROW_TO, ROW_BY);
ROWS(usage_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, ROW_FROM, ROW_TO, ROW_BY,
     STRING_FIELD(A, group, 0, 16, check_usage_group, "container: a row each; tenant, plan: all of one's together."),
     STRING_FIELD(A, tenant, 0, 64, NULL, "Of this tenant."),
     STRING_FIELD(A, container, 0, 80, NULL, "Of this container; of one that is gone by its UUID."),
     STRING_FIELD(A, plan, 0, 80, NULL, "Of this plan, NAME or NAME@VERSION."));
ROWS(audit_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, STRING_FIELD(A, tenant, 0, 40, NULL, "Of this tenant."),
     STRING_FIELD(A, actor, 0, 64, NULL, "By this caller: uid:NUMBER, token:ID or daemon."),
     STRING_FIELD(A, kind, 0, 40, check_kind, "Of this kind, such as container_create."),
     STRING_FIELD(A, container, 0, 80, NULL, "On this container."), TIME_FIELD(A, since, 0, "Not before this time."),
     TIME_FIELD(A, until, 0, "Not after this time."));
ROWS(template_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, STRING_FIELD(A, name, 0, 40, NULL, "Of this name."));
ROWS(operation_query, ROW_LIMIT, ROW_CURSOR, ROW_FIELDS, STRING_FIELD(A, state, 0, 16, check_operation_state, "In this state."),
     STRING_FIELD(A, container, 0, 80, NULL, "On this container."),
     STRING_FIELD(A, kind, 0, 40, check_kind, "Of this kind, such as container_create."),
     STRING_FIELD(A, tenant, 0, 40, NULL, "Of this tenant."));
ROWS(events_query, INT_FIELD(A, since, 0, 0, INT64_MAX, 0, "Only those after this sequence number."),
     INT_FIELD(A, tail, 0, 0, 1000000, 0, "Of those that there are, the last ones only."),
     STRING_FIELD(A, container, 0, 80, NULL, "On this container."), BOOL_FIELD(A, follow, 0, 1, "Go on with what comes."));
ROWS(logs_query, BOOL_FIELD(A, follow, 0, 0, "Go on with what comes."), INT_FIELD(A, tail, 0, -1, 1000000, -1, "Last lines only."));
ROWS(which_query, INT_FIELD(A, pid, 0, 1, INT32_MAX, 0, "Process number on the host."),
     INT_FIELD(A, uid, 0, 0, UINT32_MAX, 0, "User id on the host."), STRING_FIELD(A, address, 0, 64, check_address, "IP address."),
     STRING_FIELD(A, mac, 0, 17, check_line, "MAC address."), STRING_FIELD(A, veth, 0, 15, check_line, "Interface on the host."));

static const struct op ops[OP_COUNT] = {
#define OP(id, method, path, access, kind, body, query, answer, help)                                                              \
	[id] = { #id, METHOD_##method, path, ACCESS_##access, KIND_##kind, body, query, answer, help },
#include "schema/ops.def"
#undef OP
};

static const char *const method_names[METHOD_COUNT] = { "GET", "POST", "PATCH", "PUT", "DELETE" };

const struct op *
op_get(enum op_id id)
{
	return &ops[id];
}

unsigned int
op_accepts(const struct op *op)
{
	for (const struct field *f = op->body ? op->body->fields : NULL; f && f->name; f++)
		if (f->flags & (FIELD_CREATE | FIELD_PATCH))
			return op->method == METHOD_PATCH ? FIELD_PATCH : FIELD_CREATE;
	return 0;
}

const char *
op_method_name(enum op_method method)
{
	return method_names[method];
}

static int
op_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes one path segment; false when it is empty, too long, malformed or holds a NUL. *path is moved past it. */
static bool
op_take_segment(const char **path, char *out, size_t size)
{
	const char *p = *path;
	size_t len = 0;

	for (; *p && *p != '/'; p++) {
		int c = (unsigned char)*p;

		if (c == '%') {
			int high = op_hex(p[1]), low = high < 0 ? -1 : op_hex(p[2]);

			if (low < 0)
				return false;
			c = high * 16 + low;
			p += 2;
		}
		if (c == '\0' || len + 1 >= size)
			return false;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	*path = p;
	return len > 0;
}

static bool
op_path_matches(const char *pattern, const char *path, char *arg_out, size_t arg_size)
{
	while (*pattern) {
		if (strncmp(pattern, "{id}", 4) == 0) {
			if (!op_take_segment(&path, arg_out, arg_size))
				return false;
			pattern += 4;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

int
op_match(const char *method, const char *path, const struct op **op_out, char *arg_out, size_t arg_size, unsigned int *allowed_out)
{
	unsigned int allowed = 0;

	for (size_t i = 0; i < OP_COUNT; i++) {
		char arg[256] = "";

		if (arg_size > sizeof arg)
			arg_size = sizeof arg;
		if (!op_path_matches(ops[i].path, path, arg, arg_size))
			continue;
		allowed |= 1u << ops[i].method;
		if (strcmp(method_names[ops[i].method], method) != 0)
			continue;
		*op_out = &ops[i];
		memcpy(arg_out, arg, arg_size);
		return 1;
	}
	*allowed_out = allowed;
	return allowed ? -1 : 0;
}

void
op_escape(const char *text, struct buf *out)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (isalnum(*c) || strchr("-._~:", *c))
			buf_add(out, c, 1);
		else
			buf_addf(out, "%%%02X", *c);
}

void
op_path(const struct op *op, const char *arg, struct buf *out)
{
	const char *hole = strstr(op->path, "{id}");

	if (!hole) {
		buf_addf(out, "%s", op->path);
		return;
	}
	buf_add(out, op->path, (size_t)(hole - op->path));
	op_escape(arg, out);
	buf_addf(out, "%s", hole + 4);
}
