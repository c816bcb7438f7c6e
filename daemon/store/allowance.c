#include <stdio.h>
#include <string.h>

#include "daemon/store/sql.h"

/* ?1 the month. Of those that have an allowance, or had one when something happened for it. */
static const char sql_allowance_list[] =
        "SELECT c.id, c.traffic, c.traffic_80, c.traffic_100, c.suspended_by, a.month, a.share,"
        " (SELECT coalesce(sum(out4_paid + out6_paid + in4_paid + in6_paid), 0) FROM meter AS m CROSS JOIN usage_month AS u"
        "  ON u.start = ?1 AND u.meter = m.id WHERE m.container = c.id), c.throttled"
        " FROM container AS c LEFT JOIN allowance AS a ON a.container = c.id"
        " WHERE c.ctid IS NOT NULL AND (c.traffic IS NOT NULL OR a.container IS NOT NULL OR c.throttled) ORDER BY c.id";
static const char sql_allowance_put[] = "INSERT INTO allowance (container, month, share) VALUES (?1, ?2, ?3)"
                                        " ON CONFLICT (container) DO UPDATE SET month = ?2, share = ?3";

static void
allowance_copy(char *out, size_t size, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	snprintf(out, size, "%s", text ? text : "");
}

int
store_allowance_list(struct store *s, int64_t month, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_allowance_list, e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "i", month);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct allowance_row row = { .bytes = -1 };

		allowance_copy(row.container, sizeof row.container, stmt, 0);
		if (sqlite3_column_type(stmt, 1) != SQLITE_NULL)
			row.bytes = sqlite3_column_int64(stmt, 1);
		allowance_copy(row.at_80, sizeof row.at_80, stmt, 2);
		allowance_copy(row.at_100, sizeof row.at_100, stmt, 3);
		allowance_copy(row.suspended_by, sizeof row.suspended_by, stmt, 4);
		row.month = sqlite3_column_int64(stmt, 5);
		row.share = sqlite3_column_int64(stmt, 6);
		row.used = sqlite3_column_int64(stmt, 7);
		row.throttled = sqlite3_column_int64(stmt, 8);
		rc = each(arg, &row);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

int
store_allowance_put(struct store *s, const char *container, int64_t month, int64_t share, struct err *e)
{
	return sql_run(s, sql_allowance_put, e, "sii", container, month, share);
}
