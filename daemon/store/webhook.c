/* What a webhook has beside its row. */
#include <stdio.h>

#include "daemon/store/sql.h"

static const char sql_webhook_secret_set[] =
        "INSERT INTO webhook_secret (webhook, secret) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET secret = ?2";
static const char sql_webhook_secret_get[] = "SELECT secret FROM webhook_secret WHERE webhook = ?1";
static const char sql_webhook_delete_of[] = "DELETE FROM webhook WHERE tenant = ?1";
static const char sql_webhook_count[] = "SELECT count(*) FROM webhook WHERE tenant IS ?1";
static const char sql_webhook_pending[] = "SELECT count(*) FROM event WHERE seq > ?1";
static const char sql_webhook_pending_tenant[] = "SELECT count(*) FROM event WHERE tenant = ?2 AND number > ?1";

int
store_webhook_set_secret(struct store *s, const char *id, const char *secret, struct err *e)
{
	return sql_run(s, sql_webhook_secret_set, e, "ss", id, secret);
}

int
store_webhook_secret(struct store *s, const char *id, char *secret_out, size_t size, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc = sql_first(s, &stmt, sql_webhook_secret_get, e, "s", id);

	if (rc == 1)
		snprintf(secret_out, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
	return rc;
}

int
store_webhook_delete_of(struct store *s, const char *tenant, struct err *e)
{
	return sql_run(s, sql_webhook_delete_of, e, "s", tenant);
}

int
store_webhook_count(struct store *s, const char *tenant, int64_t *count_out, struct err *e)
{
	return sql_number(s, count_out, sql_webhook_count, e, "s", tenant) < 0 ? -1 : 0;
}

int
store_webhook_pending(struct store *s, const char *tenant, int64_t position, int64_t *count_out, struct err *e)
{
	if (tenant)
		return sql_number(s, count_out, sql_webhook_pending_tenant, e, "is", position, tenant) < 0 ? -1 : 0;
	return sql_number(s, count_out, sql_webhook_pending, e, "i", position) < 0 ? -1 : 0;
}
