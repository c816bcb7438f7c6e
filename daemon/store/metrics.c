#include "daemon/store/sql.h"

static const char sql_operation_states[] =
        "SELECT kind, state, count(*) FROM operation WHERE ?1 IS NULL OR tenant = ?1 GROUP BY kind, state";
static const char sql_store_bytes[] = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";

int
store_operation_states(struct store *s, const char *tenant, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_operation_states, e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", tenant);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		const struct operation_count count = {
			.kind = (const char *)sqlite3_column_text(stmt, 0),
			.state = (const char *)sqlite3_column_text(stmt, 1),
			.count = sqlite3_column_int64(stmt, 2),
		};

		if (!count.kind || !count.state)
			return err_set(e, ERR_INTERNAL, "out of memory");
		rc = each(arg, &count);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

int
store_bytes(struct store *s, int64_t *bytes_out, struct err *e)
{
	return sql_number(s, bytes_out, sql_store_bytes, e, "");
}
