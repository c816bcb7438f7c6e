#include <string.h>

#include "daemon/store/sql.h"

static const char sql_container_delete[] = "DELETE FROM container WHERE id = ?1";
static const char sql_container_state[] = "UPDATE container SET state = ?2 WHERE id = ?1";
static const char sql_container_desired[] = "UPDATE container SET desired = ?2 WHERE id = ?1";
/* What an observation doesn't carry stays, except the process number, which is none unless it runs. */
static const char sql_container_observed[] = "UPDATE container SET ctid = coalesce(?2, ctid), id_base = coalesce(?3, id_base), "
                                             "state = coalesce(?4, state), exit = coalesce(?5, exit),"
                                             " exit_status = CASE WHEN ?5 IS NULL THEN exit_status ELSE ?6 END, exit_signal = CASE "
                                             "WHEN ?5 IS NULL THEN exit_signal ELSE ?7 END,"
                                             " exited_at = coalesce(?8, exited_at), started_at = coalesce(?9, started_at), "
                                             "restarts = coalesce(?10, restarts), pid = ?11,"
                                             " storage = coalesce(?12, storage), rescue = ?13 WHERE id = ?1";
static const char sql_container_filter[] =
        " FROM container WHERE (tenant, name) > (?1, ?2) AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR tenant = ?4)"
        " AND (?5 IS NULL OR state = ?5) AND (?6 IS NULL OR template = ?6 OR substr(template, 1, length(?6) + 1) = ?6 || '@')"
        " AND (?8 IS NULL OR plan = ?8 OR substr(plan, 1, length(?8) + 1) = ?8 || '@')"
        " AND (?9 IS NULL OR owner = ?9) AND (?10 IS NULL OR billing = ?10)"
        " AND (?11 IS NULL OR EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?11 OR substr(value, 1, length(?11) + 1) = ?11 "
        "|| '='))"
        " ORDER BY tenant, name LIMIT ?7";

static char *
container_compose(const char *start, const char *end)
{
	struct buf out = { 0 };

	buf_addf(&out, "%s", start);
	row_names(&container_config_schema, " ", "", &out);
	row_names(&container_view_schema, ", ", "", &out);
	buf_addf(&out, "%s", end);
	return out.data;
}

static char *
container_compose_insert(void)
{
	struct buf out = { 0 };

	buf_addf(&out, "INSERT INTO container (");
	row_names(&container_config_schema, "", "", &out);
	row_names(&container_view_schema, ", ", "", &out);
	buf_addf(&out, ") VALUES (");
	row_holes(&container_config_schema, "", 1, &out);
	row_holes(&container_view_schema, ", ", 1 + row_columns(&container_config_schema), &out);
	buf_addf(&out, ")");
	return out.data;
}

static char *
container_compose_config(void)
{
	struct buf out = { 0 };

	buf_addf(&out, "UPDATE container SET revision = revision + 1");
	row_assignments(&container_config_schema, ", ", 2, &out);
	buf_addf(&out, " WHERE id = ?1");
	return out.data;
}

bool
sql_compose_container(struct store *s)
{
	char **sql = s->composed;

	sql[SQL_CONTAINER_INSERT] = container_compose_insert();
	sql[SQL_CONTAINER_CONFIG] = container_compose_config();
	sql[SQL_CONTAINER_BY_ID] = container_compose("SELECT", " FROM container WHERE id = ?1");
	sql[SQL_CONTAINER_BY_CTID] = container_compose("SELECT", " FROM container WHERE ctid = ?1");
	sql[SQL_CONTAINER_BY_NAME] = container_compose("SELECT", " FROM container WHERE tenant = ?1 AND name = ?2");
	sql[SQL_CONTAINER_LIST] = container_compose("SELECT", sql_container_filter);
	return sql[SQL_CONTAINER_INSERT] && sql[SQL_CONTAINER_CONFIG] && sql[SQL_CONTAINER_BY_ID] && sql[SQL_CONTAINER_BY_CTID] &&
	       sql[SQL_CONTAINER_BY_NAME] && sql[SQL_CONTAINER_LIST];
}

static int
container_read(sqlite3_stmt *stmt, struct container_view *view, struct err *e)
{
	int next = row_read(stmt, 0, &container_config_schema, &view->config);

	if (next < 0 || row_read(stmt, next, &container_view_schema, view) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	record_mark(&container_view_schema, view, "config", true);
	return 0;
}

static int
container_get(struct store *s, sqlite3_stmt *stmt, struct container_view *view_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *reset = stmt;
	int rc = sql_step(s, reset, e);

	if (rc == 1 && container_read(stmt, view_out, e) < 0)
		return -1;
	return rc;
}

int
store_container_get(struct store *s, const char *id, struct container_view *view_out, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_CONTAINER_BY_ID], e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", id);
	return container_get(s, stmt, view_out, e);
}

int
store_container_get_ctid(struct store *s, int64_t ctid, struct container_view *view_out, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_CONTAINER_BY_CTID], e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "i", ctid);
	return container_get(s, stmt, view_out, e);
}

int
store_container_get_name(struct store *s, const char *tenant, const char *name, struct container_view *view_out, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_CONTAINER_BY_NAME], e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "ss", tenant, name);
	return container_get(s, stmt, view_out, e);
}

int
store_container_insert(struct store *s, const struct container_view *view, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_CONTAINER_INSERT], e);
	int next;

	if (!stmt)
		return -1;
	next = row_bind(stmt, 1, &container_config_schema, &view->config);
	if (next < 0 || row_bind(stmt, next, &container_view_schema, view) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_container_write_config(struct store *s, const char *id, const struct container_config *config, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_CONTAINER_CONFIG], e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", id);
	if (row_bind(stmt, 2, &container_config_schema, config) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_container_write_observed(struct store *s, const struct observed *o, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_container_observed, e);
	const struct {
		int at;
		const char *name;
		const int64_t *number;
		const char *text;
	} values[] = {
		{ 2, "ctid", &o->ctid, NULL },
		{ 3, "id_base", &o->id_base, NULL },
		{ 4, "state", NULL, o->state },
		{ 5, "exit", NULL, o->exit },
		{ 6, "exit_status", &o->exit_status, NULL },
		{ 7, "exit_signal", &o->exit_signal, NULL },
		{ 8, "exited_at", &o->exited_at, NULL },
		{ 9, "started_at", &o->started_at, NULL },
		{ 10, "restarts", &o->restarts, NULL },
		{ 11, "pid", &o->pid, NULL },
		{ 12, "storage", NULL, o->storage },
		{ 13, "rescue", NULL, o->rescue },
	};

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", o->id);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		if (!record_has(&observed_schema, o, values[i].name))
			continue;
		if (values[i].number)
			sql_bind(stmt, values[i].at, "i", *values[i].number);
		else
			sql_bind(stmt, values[i].at, "s", values[i].text);
	}
	return sql_step(s, stmt, e);
}

int
store_container_write_state(struct store *s, const char *id, enum container_state state, struct err *e)
{
	return sql_run(s, sql_container_state, e, "ss", id, container_state_name(state));
}

int
store_container_write_desired(struct store *s, const char *id, const char *desired, struct err *e)
{
	return sql_run(s, sql_container_desired, e, "ss", id, desired);
}

int
store_container_delete(struct store *s, const char *id, struct err *e)
{
	return sql_run(s, sql_container_delete, e, "s", id);
}

int
store_container_list(struct store *s, const struct container_filter *filter, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_CONTAINER_LIST], e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "ssssssi", filter->after_tenant ? filter->after_tenant : "", filter->after_name ? filter->after_name : "",
	         filter->name, filter->tenant, filter->state, filter->template, filter->limit);
	sql_bind(stmt, 8, "ssss", filter->plan, filter->owner, filter->billing, filter->label);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct container_view view = { 0 };

		rc = container_read(stmt, &view, e) < 0 ? -1 : each(arg, &view);
		record_clear(&container_view_schema, &view);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}
