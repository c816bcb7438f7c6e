#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sql.h"

static const char sql_answer_get[] =
        "SELECT digest, operation, status, headers, body FROM answer WHERE actor = ?1 AND key = ?2 AND created_at >= ?3";
/* One that is too old makes room. */
static const char sql_answer_add[] =
        "INSERT INTO answer (actor, key, digest, created_at, operation) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
        " digest = ?3, created_at = ?4, operation = ?5, status = NULL, headers = NULL, body = NULL";
static const char sql_answer_fill[] = "UPDATE answer SET status = ?3, headers = ?4, body = ?5 WHERE actor = ?1 AND key = ?2";
static const char sql_answer_purge[] = "DELETE FROM answer WHERE created_at < ?1";
static const char sql_answer_count[] = "SELECT count(*) FROM answer WHERE actor = ?1";

void
store_answer_clear(struct answer_row *row)
{
	free(row->headers);
	free(row->body);
	memset(row, 0, sizeof *row);
}

static char *
answer_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? strdup(text) : NULL;
}

int
store_answer_get(struct store *s, const char *actor, const char *key, int64_t since, struct answer_row *row_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	const char *operation;
	int rc = sql_first(s, &stmt, sql_answer_get, e, "ssi", actor, key, since);

	if (rc <= 0)
		return rc;
	if (sqlite3_column_bytes(stmt, 0) != ANSWER_DIGEST)
		return err_set(e, ERR_INTERNAL, "the database holds a digest of %d bytes", sqlite3_column_bytes(stmt, 0));
	memcpy(row_out->digest, sqlite3_column_blob(stmt, 0), ANSWER_DIGEST);
	operation = (const char *)sqlite3_column_text(stmt, 1);
	snprintf(row_out->operation, sizeof row_out->operation, "%s", operation ? operation : "");
	row_out->status = sqlite3_column_int(stmt, 2);
	row_out->headers = answer_text(stmt, 3);
	row_out->body = answer_text(stmt, 4);
	return 1;
}

int
store_answer_add(struct store *s, const char *actor, const char *key, const struct answer_row *row, int64_t now, struct err *e)
{
	return sql_run(s, sql_answer_add, e, "ssbis", actor, key, row->digest, (size_t)ANSWER_DIGEST, now,
	               row->operation[0] ? row->operation : NULL);
}

int
store_answer_fill(struct store *s, const char *actor, const char *key, int64_t status, const char *headers, const char *body,
                  struct err *e)
{
	return sql_run(s, sql_answer_fill, e, "ssiss", actor, key, status, headers, body);
}

int
store_answer_count(struct store *s, const char *actor, int64_t *count_out, struct err *e)
{
	return sql_number(s, count_out, sql_answer_count, e, "s", actor) < 0 ? -1 : 0;
}

int
store_answer_purge(struct store *s, int64_t before, struct err *e)
{
	return sql_run(s, sql_answer_purge, e, "i", before);
}
