#include <stdio.h>

#include "daemon/store/sql.h"

static const char sql_template_forget[] = "UPDATE template SET present = 0";
static const char sql_template_mention[] =
        "INSERT INTO template (ref, present, name, version)"
        " VALUES (?1, 0, substr(?1, 1, instr(?1, '@') - 1), substr(?1, instr(?1, '@') + 1))"
        " ON CONFLICT (ref) DO NOTHING";
static const char sql_template_prune[] =
        "DELETE FROM template WHERE present = 0 AND NOT EXISTS (SELECT 1 FROM container WHERE container.template = template.ref)";
static const char sql_template_gone[] = "UPDATE template SET present = 0, deleting = 0 WHERE ref = ?1";
static const char sql_template_deleting[] = "UPDATE template SET deleting = ?2 WHERE ref = ?1";
static const char sql_template_users[] = "SELECT count(*) FROM container WHERE template = ?1";
static const char sql_template_there[] = " AND present AND NOT deleting";

bool
sql_compose_template(struct store *s)
{
	const struct schema *schema = &template_schema;
	struct buf get = { 0 }, latest = { 0 }, list = { 0 }, put = { 0 };

	buf_addf(&get, "SELECT");
	row_names(schema, " ", "", &get);
	buf_addf(&get, " FROM template WHERE ref = ?1%s", sql_template_there);
	buf_addf(&latest, "SELECT");
	row_names(schema, " ", "", &latest);
	buf_addf(&latest, " FROM template WHERE name = ?1%s ORDER BY built_at DESC, version DESC LIMIT 1", sql_template_there);
	buf_addf(&list, "SELECT");
	row_names(schema, " ", "", &list);
	buf_addf(&list, " FROM template WHERE present AND (?1 IS NULL OR name = ?1) AND (name, version) > (?2, ?3) ORDER BY name, "
	                "version LIMIT ?4");
	buf_addf(&put, "INSERT INTO template (ref");
	row_names(schema, ", ", "", &put);
	buf_addf(&put, ") VALUES (?1");
	row_holes(schema, ", ", 2, &put);
	buf_addf(&put, ") ON CONFLICT (ref) DO UPDATE SET present = 1, deleting = 0");
	row_assignments(schema, ", ", 2, &put);
	s->composed[SQL_TEMPLATE_GET] = get.data;
	s->composed[SQL_TEMPLATE_LATEST] = latest.data;
	s->composed[SQL_TEMPLATE_LIST] = list.data;
	s->composed[SQL_TEMPLATE_UPSERT] = put.data;
	return get.data && latest.data && list.data && put.data;
}

int
store_template_get(struct store *s, const char *ref, struct template *template_out, struct err *e)
{
	return row_find(s, s->composed[SQL_TEMPLATE_GET], ref, &template_schema, template_out, e);
}

int
store_template_latest(struct store *s, const char *name, struct template *template_out, struct err *e)
{
	return row_find(s, s->composed[SQL_TEMPLATE_LATEST], name, &template_schema, template_out, e);
}

int
store_template_put(struct store *s, const struct template *template, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_TEMPLATE_UPSERT], e);
	char ref[128];

	if (!stmt)
		return -1;
	snprintf(ref, sizeof ref, "%s@%s", template->name, template->version);
	sql_bind(stmt, 1, "s", ref);
	if (row_bind(stmt, 2, &template_schema, template) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_template_forget(struct store *s, struct err *e)
{
	return sql_run(s, sql_template_forget, e, "");
}

int
store_template_mention(struct store *s, const char *ref, struct err *e)
{
	return sql_run(s, sql_template_mention, e, "s", ref);
}

int
store_template_prune(struct store *s, struct err *e)
{
	return sql_run(s, sql_template_prune, e, "");
}

int
store_template_gone(struct store *s, const char *ref, struct err *e)
{
	return sql_run(s, sql_template_gone, e, "s", ref) < 0 ? -1 : store_template_prune(s, e);
}

int
store_template_mark_deleting(struct store *s, const char *ref, bool deleting, struct err *e)
{
	return sql_run(s, sql_template_deleting, e, "si", ref, (int64_t)deleting);
}

int
store_template_users(struct store *s, const char *ref, int64_t *count_out, struct err *e)
{
	return sql_number(s, count_out, sql_template_users, e, "s", ref) < 0 ? -1 : 0;
}

int
store_template_list(struct store *s, const char *name, const char *after_name, const char *after_version, int64_t limit,
                    store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_TEMPLATE_LIST], e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "sssi", name, after_name ? after_name : "", after_version ? after_version : "", limit);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct template template = { 0 };

		rc = row_read(stmt, 0, &template_schema, &template) < 0 ? err_set(e, ERR_INTERNAL, "out of memory")
		                                                        : each(arg, &template);
		record_clear(&template_schema, &template);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}
