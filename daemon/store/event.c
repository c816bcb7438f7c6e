#include "daemon/store/sql.h"

/* A tenant's events bear numbers of its own; the host's see all, by seq. */
static const char sql_event_number[] = "UPDATE tenant SET events = events + 1 WHERE name = ?1 RETURNING events";
static const char sql_event_add[] =
        "INSERT INTO event (time, type, container, tenant, name, operation, data, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
/* Nobody's events push another's out. */
static const char sql_event_trim[] = "DELETE FROM event WHERE tenant = ?1 AND number <= ?2";
static const char sql_event_trim_host[] = "DELETE FROM event WHERE tenant IS NULL AND seq <= ?1";

/* Those of tenants that are gone, told by the mark in their names, are pushed out by the host's. */
static const char sql_event_purge[] = "DELETE FROM event WHERE tenant GLOB '*~*' AND seq <= (SELECT max(seq) FROM event) - ?1";

#define EVENT_COLUMNS "time, type, container, tenant, name, operation, data FROM event"
static const char sql_event_list[] = "SELECT seq, " EVENT_COLUMNS " WHERE seq > ?1 ORDER BY seq LIMIT ?2";
static const char sql_event_list_of[] = "SELECT seq, " EVENT_COLUMNS " WHERE seq > ?1 AND container = ?3 ORDER BY seq LIMIT ?2";
static const char sql_event_list_tenant[] = "SELECT number, " EVENT_COLUMNS " WHERE tenant = ?4 AND number > ?1"
                                            " AND (?3 IS NULL OR container = ?3) ORDER BY number LIMIT ?2";

static const char sql_event_before[] = "SELECT min(seq) - 1 FROM (SELECT seq FROM event WHERE ?2 IS NULL OR container = ?2"
                                       " ORDER BY seq DESC LIMIT ?1)";
static const char sql_event_before_tenant[] =
        "SELECT min(number) - 1 FROM (SELECT number FROM event WHERE tenant = ?3 AND (?2 IS NULL OR container = ?2)"
        " ORDER BY number DESC LIMIT ?1)";
static const char sql_event_last[] = "SELECT coalesce(max(seq), 0) FROM event";
static const char sql_event_last_tenant[] = "SELECT events FROM tenant WHERE name = ?1";
static const char sql_event_first[] = "SELECT seq + 1 FROM event_dropped";
static const char sql_event_first_tenant[] = "SELECT coalesce(min(number), 1) FROM event WHERE tenant = ?1";

static int
event_add_host(struct store *s, const struct event_row *event, int64_t keep, struct err *e)
{
	if (sql_run(s, sql_event_add, e, "issssss", event->time, event->type, event->container, event->tenant, event->name,
	            event->operation, event->data) < 0)
		return -1;
	return sql_run(s, sql_event_trim_host, e, "i", (int64_t)sqlite3_last_insert_rowid(s->db) - keep);
}

int
store_event_add(struct store *s, const struct event_row *event, int64_t keep, struct err *e)
{
	int64_t number = 0;
	int rc = event->tenant ? sql_number(s, &number, sql_event_number, e, "s", event->tenant) : 0;

	if (rc < 0)
		return -1;
	if (rc == 0)
		return event_add_host(s, event, keep, e);
	if (sql_run(s, sql_event_add, e, "issssssi", event->time, event->type, event->container, event->tenant, event->name,
	            event->operation, event->data, number) < 0)
		return -1;
	return sql_run(s, sql_event_trim, e, "si", event->tenant, number - keep);
}

int
store_event_purge(struct store *s, int64_t keep, struct err *e)
{
	return sql_run(s, sql_event_purge, e, "i", keep);
}

static const char *
event_text(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

int
store_event_list(struct store *s, const struct event_filter *filter, int64_t after, int64_t limit, store_each *each, void *arg,
                 struct err *e)
{
	const char *sql = filter->tenant ? sql_event_list_tenant : filter->container ? sql_event_list_of : sql_event_list;
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql, e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "ii", after, limit);
	if (filter->container)
		sql_bind(stmt, 3, "s", filter->container);
	if (filter->tenant)
		sql_bind(stmt, 4, "s", filter->tenant);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct event_row event = {
			.seq = sqlite3_column_int64(stmt, 0),
			.time = sqlite3_column_int64(stmt, 1),
			.type = event_text(stmt, 2),
			.container = event_text(stmt, 3),
			.tenant = event_text(stmt, 4),
			.name = event_text(stmt, 5),
			.operation = event_text(stmt, 6),
			.data = event_text(stmt, 7),
		};

		if ((rc = each(arg, &event)) != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

int
store_event_before(struct store *s, const struct event_filter *filter, int64_t count, int64_t *seq_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc;

	*seq_out = 0;
	if (count == 0 && filter->tenant)
		return sql_number(s, seq_out, sql_event_last_tenant, e, "s", filter->tenant) < 0 ? -1 : 0;
	if (count == 0)
		return sql_number(s, seq_out, sql_event_last, e, "") < 0 ? -1 : 0;
	stmt = sql_prepare(s, filter->tenant ? sql_event_before_tenant : sql_event_before, e);
	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "is", count, filter->container);
	if (filter->tenant)
		sql_bind(stmt, 3, "s", filter->tenant);
	rc = sql_step(s, stmt, e);
	if (rc == 1)
		*seq_out = sqlite3_column_int64(stmt, 0);
	return rc < 0 ? -1 : 0;
}

int
store_event_first(struct store *s, const struct event_filter *filter, int64_t *seq_out, struct err *e)
{
	*seq_out = 1;
	if (filter->tenant)
		return sql_number(s, seq_out, sql_event_first_tenant, e, "s", filter->tenant) < 0 ? -1 : 0;
	return sql_number(s, seq_out, sql_event_first, e, "") < 0 ? -1 : 0;
}
