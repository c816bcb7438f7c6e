#include "daemon/store/sql.h"

static const char sql_operation_seq[] = "SELECT seq FROM operation WHERE id = ?1 AND (?2 IS NULL OR tenant = ?2)";
static const char sql_operation_started[] =
        "UPDATE operation SET state = 'running', started_at = ?2, request = NULL WHERE id = ?1 AND state = 'queued'";
static const char sql_operation_keep_request[] = "UPDATE operation SET request = ?2 WHERE id = ?1 AND state = 'queued'";
static const char sql_operation_purge[] = "DELETE FROM operation WHERE state NOT IN ('queued', 'running') AND ended_at < ?1";
static const char sql_operation_lose[] =
        "UPDATE operation SET state = 'failed', ended_at = ?1, undo = NULL, request = NULL,"
        " error_kind = 'unavailable', error_code = 'interrupted',"
        " error_message = 'It was under way when the database was copied from which this comes: its end isn''t known'"
        " WHERE state IN ('queued', 'running')";
static const char sql_operation_filter[] =
        " FROM operation WHERE (?1 = 0 OR seq < ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR container = ?3)"
        " AND (?4 IS NULL OR kind = ?4) AND (?7 IS NULL OR tenant = ?7) AND (NOT ?5 OR state IN ('queued', 'running')) ORDER BY "
        "seq DESC LIMIT ?6";

bool
sql_compose_operation(struct store *s)
{
	const struct schema *schema = &operation_schema;
	struct buf get = { 0 }, open = { 0 }, list = { 0 }, insert = { 0 }, update = { 0 };

	buf_addf(&get, "SELECT");
	row_names(schema, " ", "", &get);
	buf_addf(&get, " FROM operation WHERE id = ?1");
	buf_addf(&open, "SELECT");
	row_names(schema, " ", "", &open);
	buf_addf(&open, " FROM operation WHERE container = ?1 AND state IN ('queued', 'running')");
	buf_addf(&list, "SELECT");
	row_names(schema, " ", "", &list);
	buf_addf(&list, "%s", sql_operation_filter);
	buf_addf(&insert, "INSERT INTO operation (");
	row_names(schema, "", "", &insert);
	buf_addf(&insert, ") VALUES (");
	row_holes(schema, "", 1, &insert);
	buf_addf(&insert, ")");
	buf_addf(&update, "UPDATE operation SET");
	row_assignments(schema, " ", 2, &update);
	buf_addf(&update, " WHERE id = ?1");
	s->composed[SQL_OPERATION_GET] = get.data;
	s->composed[SQL_OPERATION_OPEN] = open.data;
	s->composed[SQL_OPERATION_LIST] = list.data;
	s->composed[SQL_OPERATION_INSERT] = insert.data;
	s->composed[SQL_OPERATION_UPDATE] = update.data;
	return get.data && open.data && list.data && insert.data && update.data;
}

int
store_operation_insert(struct store *s, const struct operation *operation, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_OPERATION_INSERT], e);

	if (!stmt)
		return -1;
	if (row_bind(stmt, 1, &operation_schema, operation) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_operation_update(struct store *s, const struct operation *operation, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_OPERATION_UPDATE], e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", operation->id);
	if (row_bind(stmt, 2, &operation_schema, operation) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_operation_started(struct store *s, const char *id, int64_t now, struct err *e)
{
	return sql_run(s, sql_operation_started, e, "si", id, now);
}

int
store_operation_keep_request(struct store *s, const char *id, const char *request, struct err *e)
{
	return sql_run(s, sql_operation_keep_request, e, "ss", id, request);
}

int
store_operation_get(struct store *s, const char *id, struct operation *operation_out, struct err *e)
{
	return row_find(s, s->composed[SQL_OPERATION_GET], id, &operation_schema, operation_out, e);
}

int
store_operation_open(struct store *s, const char *container, struct operation *operation_out, struct err *e)
{
	return row_find(s, s->composed[SQL_OPERATION_OPEN], container, &operation_schema, operation_out, e);
}

int
store_operation_seq(struct store *s, const char *id, const char *tenant, int64_t *seq_out, struct err *e)
{
	return sql_number(s, seq_out, sql_operation_seq, e, "ss", id, tenant);
}

int
store_operation_list(struct store *s, const struct operation_filter *filter, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_OPERATION_LIST], e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "isssii", filter->before, filter->state, filter->container, filter->kind, (int64_t)filter->open,
	         filter->limit);
	sql_bind(stmt, 7, "s", filter->tenant);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct operation operation = { 0 };

		rc = row_read(stmt, 0, &operation_schema, &operation) < 0 ? err_set(e, ERR_INTERNAL, "out of memory")
		                                                          : each(arg, &operation);
		record_clear(&operation_schema, &operation);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

int
store_operation_purge(struct store *s, int64_t before, struct err *e)
{
	return sql_run(s, sql_operation_purge, e, "i", before);
}

int
store_operation_lose(struct store *s, int64_t now, struct err *e)
{
	return sql_run(s, sql_operation_lose, e, "i", now);
}
