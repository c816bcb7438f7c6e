#include <stdio.h>

#include "daemon/store/sql.h"

static const char sql_host_get[] = "SELECT boot_id FROM host";
static const char sql_host_set[] = "INSERT INTO host (one, boot_id) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET boot_id = ?1";

int
store_host_boot(struct store *s, char boot_id_out[BOOT_ID_SIZE], struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_host_get, e);
	int rc = stmt ? sql_step(s, stmt, e) : -1;

	if (rc == 1)
		snprintf(boot_id_out, BOOT_ID_SIZE, "%s", (const char *)sqlite3_column_text(stmt, 0));
	return rc;
}

int
store_host_set_boot(struct store *s, const char *boot_id, struct err *e)
{
	return sql_run(s, sql_host_set, e, "s", boot_id);
}
