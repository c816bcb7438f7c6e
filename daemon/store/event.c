#include "daemon/store/sql.h"

static const char sql_event_add[] =
        "INSERT INTO event (time, type, container, tenant, name, operation, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static const char sql_event_trim[] = "DELETE FROM event WHERE seq <= ?1";
static const char sql_event_list[] = "SELECT seq, time, type, container, tenant, name, operation, data FROM event"
                                     " WHERE seq > ?1 ORDER BY seq LIMIT ?2";
static const char sql_event_list_of[] = "SELECT seq, time, type, container, tenant, name, operation, data FROM event"
                                        " WHERE seq > ?1 AND container = ?3 ORDER BY seq LIMIT ?2";

static const char sql_event_before[] = "SELECT min(seq) - 1 FROM (SELECT seq FROM event WHERE ?2 IS NULL OR container = ?2"
                                       " ORDER BY seq DESC LIMIT ?1)";
static const char sql_event_last[] = "SELECT max(seq) FROM event";

int
store_event_add(struct store *s, const struct event_row *event, int64_t keep, struct err *e)
{
	if (sql_run(s, sql_event_add, e, "issssss", event->time, event->type, event->container, event->tenant, event->name,
	            event->operation, event->data) < 0)
		return -1;
	return sql_run(s, sql_event_trim, e, "i", (int64_t)sqlite3_last_insert_rowid(s->db) - keep);
}

static const char *
event_text(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

int
store_event_list(struct store *s, int64_t after, const char *container, int64_t limit, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, container ? sql_event_list_of : sql_event_list, e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "ii", after, limit);
	if (container)
		sql_bind(stmt, 3, "s", container);
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
store_event_before(struct store *s, int64_t count, const char *container, int64_t *seq_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, count > 0 ? sql_event_before : sql_event_last, e);
	int rc;

	*seq_out = 0;
	if (!stmt)
		return -1;
	if (count > 0)
		sql_bind(stmt, 1, "is", count, container);
	rc = sql_step(s, stmt, e);
	if (rc == 1)
		*seq_out = sqlite3_column_int64(stmt, 0);
	return rc < 0 ? -1 : 0;
}
