#include "daemon/store/sql.h"

static const char sql_token_of_uid[] = "SELECT id FROM token WHERE uid = ?1";
static const char sql_token_of_gid[] = "SELECT id FROM token WHERE gid = ?1";
static const char sql_token_used[] = "UPDATE token SET used_at = ?2 WHERE id = ?1";
static const char sql_token_delete_of[] = "DELETE FROM token WHERE tenant = ?1";

static int
token_by(struct store *s, const char *sql, int64_t number, struct token *token_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc = sql_first(s, &stmt, sql, e, "i", number);

	return rc == 1 ? store_table_get(s, TABLE_TOKEN, (const char *)sqlite3_column_text(stmt, 0), token_out, e) : rc;
}

int
store_token_by_uid(struct store *s, int64_t uid, struct token *token_out, struct err *e)
{
	return token_by(s, sql_token_of_uid, uid, token_out, e);
}

int
store_token_by_gid(struct store *s, int64_t gid, struct token *token_out, struct err *e)
{
	return token_by(s, sql_token_of_gid, gid, token_out, e);
}

int
store_token_used(struct store *s, const char *id, int64_t now, struct err *e)
{
	return sql_run(s, sql_token_used, e, "si", id, now);
}

int
store_token_delete_of(struct store *s, const char *tenant, struct err *e)
{
	return sql_run(s, sql_token_delete_of, e, "s", tenant);
}
