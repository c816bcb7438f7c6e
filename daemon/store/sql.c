#include "daemon/store/sql.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int
sql_fail(struct store *s, int code, struct err *e)
{
	const char *text = sqlite3_errmsg(s->db);

	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return err_set(e, ERR_CONFLICT, "The database refuses it: %s", text);
	case SQLITE_FULL:
		return err_set(e, ERR_NO_SPACE, "The database's file system is full");
	case SQLITE_BUSY:
		return err_set(e, ERR_BUSY, "The database is locked by another process");
	case SQLITE_READONLY:
		err_set(e, ERR_BUSY, "The database's file system is read-only");
		return err_code(e, "read_only");
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		err_set(e, ERR_INTERNAL, "it is damaged (%s)", text);
		return err_code(e, STORE_UNUSABLE);
	case SQLITE_IOERR:
		switch (sqlite3_system_errno(s->db)) {
		case ENOSPC:
		case EDQUOT:
			return err_set(e, ERR_NO_SPACE, "The database's file system is full");
		case EROFS:
			err_set(e, ERR_BUSY, "The database's file system is read-only");
			return err_code(e, "read_only");
		}
	}
	return err_set(e, ERR_INTERNAL, "database: %s", text);
}

static struct sql_cached *
sql_cache_slot(struct store *s, const char *sql)
{
	size_t i = ((uintptr_t)sql >> 4) % SQL_CACHE;

	for (size_t n = 0; n < SQL_CACHE; n++, i = (i + 1) % SQL_CACHE)
		if (!s->cache[i].sql || s->cache[i].sql == sql)
			return &s->cache[i];
	abort();
}

sqlite3_stmt *
sql_prepare(struct store *s, const char *sql, struct err *e)
{
	struct sql_cached *slot = sql_cache_slot(s, sql);
	int rc;

	if (slot->stmt)
		return slot->stmt;
	rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);
	if (rc != SQLITE_OK) {
		sql_fail(s, rc, e);
		return NULL;
	}
	slot->sql = sql;
	return slot->stmt;
}

static void
sql_bind_list(sqlite3_stmt *stmt, int at, const char *types, va_list ap)
{
	for (; *types; types++, at++) {
		const void *data;
		const char *text;

		/* Parameters outlive the statement's run: no copy is needed. */
		switch (*types) {
		case 's':
			text = va_arg(ap, const char *);
			sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
			break;
		case 'i':
			sqlite3_bind_int64(stmt, at, va_arg(ap, int64_t));
			break;
		case 'b':
			data = va_arg(ap, const void *);
			sqlite3_bind_blob64(stmt, at, data, va_arg(ap, size_t), SQLITE_STATIC);
			break;
		}
	}
}

void
sql_bind(sqlite3_stmt *stmt, int first, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	sql_bind_list(stmt, first, types, ap);
	va_end(ap);
}

void
sql_reset(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

int
sql_step(struct store *s, sqlite3_stmt *stmt, struct err *e)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		sql_fail(s, rc, e);
	sql_reset(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
sql_first(struct store *s, sqlite3_stmt **stmt_out, const char *sql, struct err *e, const char *types, ...)
{
	va_list ap;

	*stmt_out = sql_prepare(s, sql, e);
	if (!*stmt_out)
		return -1;
	va_start(ap, types);
	sql_bind_list(*stmt_out, 1, types, ap);
	va_end(ap);
	return sql_step(s, *stmt_out, e);
}

int
sql_run(struct store *s, const char *sql, struct err *e, const char *types, ...)
{
	sqlite3_stmt *stmt = sql_prepare(s, sql, e);
	va_list ap;

	if (!stmt)
		return -1;
	va_start(ap, types);
	sql_bind_list(stmt, 1, types, ap);
	va_end(ap);
	return sql_step(s, stmt, e) < 0 ? -1 : 0;
}

int
sql_number(struct store *s, int64_t *value_out, const char *sql, struct err *e, const char *types, ...)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql, e);
	va_list ap;
	int rc;

	if (!stmt)
		return -1;
	va_start(ap, types);
	sql_bind_list(stmt, 1, types, ap);
	va_end(ap);
	rc = sql_step(s, stmt, e);
	if (rc == 1)
		*value_out = sqlite3_column_int64(stmt, 0);
	return rc;
}

int
sql_script(struct store *s, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sql_fail(s, rc, e);
}

bool
sql_add_function(struct store *s, const char *name, int n, void (*fn)(sqlite3_context *context, int n, sqlite3_value **v))
{
	return sqlite3_create_function_v2(s->db, name, n, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, fn, NULL,
	                                  NULL, NULL) == SQLITE_OK;
}
