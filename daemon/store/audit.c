/* The audit: rows are added and, once they are old enough, removed; the schema's triggers refuse all else. */
#include "daemon/store/sql.h"

#define AUDIT (&audit_schema)

static const char sql_audit_keep[] = "UPDATE audit_keep SET days = ?1, rows = ?2";
static const char sql_audit_number[] = "UPDATE tenant SET audits = audits + 1 WHERE name = ?1 RETURNING audits";
static const char sql_audit_owner[] = "SELECT number FROM tenant WHERE name = ?1";
/* A tenant's own push out its own alone. */
static const char sql_audit_trim[] = "DELETE FROM audit WHERE owner = ?1 AND number <= ?2 - (SELECT rows FROM audit_keep)";
static const char sql_audit_purge[] = "DELETE FROM audit WHERE time < unixepoch() - (SELECT days FROM audit_keep) * 86400";

static const char sql_audit_filter[] =
        " AND (?2 IS NULL OR actor = ?2) AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR container = ?4)"
        " AND (?5 IS NULL OR time >= ?5) AND (?6 IS NULL OR time <= ?6)";

static bool
audit_compose_select(struct store *s, enum sql_composed which, const char *number, const char *from)
{
	struct buf sql = { 0 };

	buf_addf(&sql, "SELECT %s", number);
	row_names(AUDIT, ", ", "", &sql);
	buf_addf(&sql, " FROM audit WHERE %s", from);
	if (which != SQL_AUDIT_OF)
		buf_addf(&sql, "%s ORDER BY %s DESC LIMIT ?7", sql_audit_filter, number);
	s->composed[which] = sql.data;
	return sql.data && !sql.failed;
}

bool
sql_compose_audit(struct store *s)
{
	struct buf add = { 0 };

	buf_addf(&add, "INSERT INTO audit (owner, number");
	row_names(AUDIT, ", ", "", &add);
	buf_addf(&add, ") VALUES (?1, ?2");
	row_holes(AUDIT, ", ", 3, &add);
	buf_addf(&add, ")");
	s->composed[SQL_AUDIT_ADD] = add.data;
	return add.data && !add.failed &&
	       audit_compose_select(s, SQL_AUDIT_LIST, "seq", "(?1 = 0 OR seq < ?1) AND (?8 IS NULL OR tenant = ?8)") &&
	       audit_compose_select(s, SQL_AUDIT_LIST_OWN, "number", "(?1 = 0 OR number < ?1) AND owner = ?8") &&
	       audit_compose_select(s, SQL_AUDIT_OF, "seq", "operation = ?1 ORDER BY seq LIMIT 1");
}

int
store_audit_keep(struct store *s, int64_t days, int64_t rows, struct err *e)
{
	return sql_run(s, sql_audit_keep, e, "ii", days, rows);
}

int
store_audit_add(struct store *s, const struct audit_entry *entry, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int64_t number = 0, owner = 0;
	int rc = entry->tenant ? sql_number(s, &number, sql_audit_number, e, "s", entry->tenant) : 0;

	if (rc == 1)
		rc = sql_number(s, &owner, sql_audit_owner, e, "s", entry->tenant);
	if (rc < 0)
		return -1;
	stmt = sql_prepare(s, s->composed[SQL_AUDIT_ADD], e);
	if (!stmt)
		return -1;
	/* Of no tenant, or of one that goes with this very transaction. */
	if (rc == 1)
		sql_bind(stmt, 1, "ii", owner, number);
	if (row_bind(stmt, 3, AUDIT, entry) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (sql_step(s, stmt, e) < 0)
		return -1;
	return rc == 1 ? sql_run(s, sql_audit_trim, e, "ii", owner, number) : 0;
}

static int
audit_read(sqlite3_stmt *stmt, struct audit_row *row, struct err *e)
{
	row->seq = sqlite3_column_int64(stmt, 0);
	return row_read(stmt, 1, AUDIT, &row->entry) < 0 ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

int
store_audit_of(struct store *s, const char *operation, struct audit_entry *entry_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	struct audit_row row = { 0 };
	int rc = sql_first(s, &stmt, s->composed[SQL_AUDIT_OF], e, "s", operation);

	if (rc == 1 && audit_read(stmt, &row, e) < 0)
		rc = -1;
	*entry_out = row.entry;
	return rc;
}

static int
audit_list_bind(struct store *s, sqlite3_stmt *stmt, const struct audit_filter *filter, struct err *e)
{
	int64_t owner = 0;

	sql_bind(stmt, 1, "isss", filter->before, filter->actor, filter->kind, filter->container);
	if (filter->has_since)
		sql_bind(stmt, 5, "i", filter->since);
	if (filter->has_until)
		sql_bind(stmt, 6, "i", filter->until);
	sql_bind(stmt, 7, "i", filter->limit);
	if (!filter->own) {
		sql_bind(stmt, 8, "s", filter->tenant);
		return 0;
	}
	if (sql_number(s, &owner, sql_audit_owner, e, "s", filter->own) < 0)
		return -1;
	sql_bind(stmt, 8, "i", owner);
	return 0;
}

int
store_audit_list(struct store *s, const struct audit_filter *filter, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[filter->own ? SQL_AUDIT_LIST_OWN : SQL_AUDIT_LIST], e);
	int rc;

	if (!stmt || audit_list_bind(s, stmt, filter, e) < 0)
		return -1;
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct audit_row row = { 0 };

		rc = audit_read(stmt, &row, e);
		if (rc == 0)
			rc = each(arg, &row);
		record_clear(AUDIT, &row.entry);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

int
store_audit_purge(struct store *s, struct err *e)
{
	return sql_run(s, sql_audit_purge, e, "");
}
