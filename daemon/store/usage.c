#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sql.h"
#include "daemon/util/fd.h"

/* ?1 from, ?2 until, ?3 tenant, ?4 container, ?5 plan. A container that is gone may have been read a little longer. */
#define PLAN_NAME "iif(instr(m.plan, '@') > 0, substr(m.plan, 1, instr(m.plan, '@') - 1), m.plan)"
#define METERS_WANTED                                                                                                              \
	"(?3 IS NULL OR m.tenant = ?3) AND (?4 IS NULL OR m.container = ?4) AND (?5 IS NULL OR m.plan = ?5 OR " PLAN_NAME " = ?5)" \
	" AND m.since < ?2 AND (m.until IS NULL OR m.until >= ?1 - 86400)"

static const char sql_meter_get[] = "SELECT id, until, container FROM meter WHERE ctid = ?1 ORDER BY id DESC LIMIT 1";
/* A day is longer than any reading is on its way. */
static const char sql_reading_prune[] =
        "DELETE FROM reading WHERE ctid NOT IN (SELECT ctid FROM meter WHERE until IS NULL OR until > unixepoch() - 86400)";
static const char sql_meter_prune[] = "DELETE FROM meter WHERE until < unixepoch() - 86400 AND until < ?1"
                                      " AND id NOT IN (SELECT meter FROM usage_month WHERE start >= ?2)";
static const char sql_reading_get[] = "SELECT generation, time, sample FROM reading WHERE ctid = ?1";
static const char sql_reading_put[] = "INSERT INTO reading (ctid, generation, time, sample) VALUES (?1, ?2, ?3, ?4)"
                                      " ON CONFLICT (ctid) DO UPDATE SET generation = ?2, time = ?3, sample = ?4";
static const char sql_usage_meters[] = "SELECT count(*) FROM meter AS m WHERE " METERS_WANTED;
/* From the beginning alone: a row's place is its age. */
static const char *const sql_usage_purge[USAGE_LEVELS] = {
	[USAGE_MINUTE] = "DELETE FROM usage_minute WHERE (start, meter) IN"
	                 " (SELECT start, meter FROM usage_minute WHERE start < ?1 ORDER BY start LIMIT ?2)",
	[USAGE_HOUR] = "DELETE FROM usage_hour WHERE (start, meter) IN"
	               " (SELECT start, meter FROM usage_hour WHERE start < ?1 ORDER BY start LIMIT ?2)",
	[USAGE_DAY] = "DELETE FROM usage_day WHERE (start, meter) IN"
	              " (SELECT start, meter FROM usage_day WHERE start < ?1 ORDER BY start LIMIT ?2)",
	[USAGE_MONTH] = "DELETE FROM usage_month WHERE (start, meter) IN"
	                " (SELECT start, meter FROM usage_month WHERE start < ?1 ORDER BY start LIMIT ?2)",
};

static char *
usage_compose_add(const char *level)
{
	const struct schema *schema = &usage_sums_schema;
	struct buf out = { 0 };
	const char *lead = " ";

	buf_addf(&out, "INSERT INTO usage_%s (start, meter", level);
	row_names(schema, ", ", "", &out);
	buf_addf(&out, ") VALUES (?1, ?2");
	row_holes(schema, ", ", 3, &out);
	buf_addf(&out, ") ON CONFLICT (start, meter) DO UPDATE SET");
	for (const struct field *f = schema->fields; f->name; f++, lead = ", ")
		buf_addf(&out, usage_is_peak(f) ? "%s\"%s\" = max(\"%s\", excluded.\"%s\")" : "%s\"%s\" = \"%s\" + excluded.\"%s\"",
		         lead, f->name, f->name, f->name);
	return out.data;
}

/*
 * ?1 the first period, ?2 the end, ?3 tenant, ?4 container, ?5 plan, ?6 the group, ?7 all periods together, ?8 limit, ?9 skip.
 * Period by period and meter by meter each row is found at its place; a range would be one of all containers.
 */
static char *
usage_compose_get(const char *level, const char *next)
{
	static const char plan[] = PLAN_NAME;
	struct buf out = { 0 };

	buf_addf(&out,
	         "WITH RECURSIVE period (start) AS (SELECT ?1 UNION ALL SELECT %s FROM period WHERE %s < ?2)"
	         " SELECT iif(?7, ?1, u.start) AS at, iif(?6 = %d, NULL, m.tenant) AS of_tenant, iif(?6 = %d, m.container, NULL) "
	         "AS of,"
	         " iif(?6 = %d, m.name, NULL), CASE ?6 WHEN %d THEN m.plan WHEN %d THEN %s END AS of_plan, count(DISTINCT "
	         "m.container)",
	         next, next, USAGE_BY_PLAN, USAGE_BY_CONTAINER, USAGE_BY_CONTAINER, USAGE_BY_CONTAINER, USAGE_BY_PLAN, plan);
	for (const struct field *f = usage_sums_schema.fields; f->name; f++)
		buf_addf(&out, ", %s(u.\"%s\")", usage_is_peak(f) ? "max" : "sum", f->name);
	buf_addf(&out,
	         " FROM period CROSS JOIN meter AS m CROSS JOIN usage_%s AS u ON u.start = period.start AND u.meter = m.id"
	         " WHERE " METERS_WANTED
	         " GROUP BY at, iif(?6 = %d, NULL, m.tenant), iif(?6 = %d, m.container, NULL), iif(?6 = %d, %s, NULL)"
	         " ORDER BY at, of_tenant, m.name, of, of_plan LIMIT ?8 OFFSET ?9",
	         level, USAGE_BY_PLAN, USAGE_BY_CONTAINER, USAGE_BY_PLAN, plan);
	return out.data;
}

bool
sql_compose_usage(struct store *s)
{
	static const char *const next[USAGE_LEVELS] = {
		[USAGE_MINUTE] = "start + 60",
		[USAGE_HOUR] = "start + 3600",
		[USAGE_DAY] = "start + 86400",
		[USAGE_MONTH] = "unixepoch(start, 'unixepoch', '+1 month')",
	};
	bool ok = true;

	for (int i = 0; i < USAGE_LEVELS; i++) {
		s->composed[SQL_USAGE_ADD + i] = usage_compose_add(usage_level_name((enum usage_level)i));
		s->composed[SQL_USAGE_GET + i] = usage_compose_get(usage_level_name((enum usage_level)i), next[i]);
		ok = ok && s->composed[SQL_USAGE_ADD + i] && s->composed[SQL_USAGE_GET + i];
	}
	return ok;
}

int
store_meter_get(struct store *s, int64_t ctid, struct meter_row *meter_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc = sql_first(s, &stmt, sql_meter_get, e, "i", ctid);

	if (rc != 1)
		return rc;
	meter_out->id = sqlite3_column_int64(stmt, 0);
	meter_out->gone = sqlite3_column_type(stmt, 1) != SQLITE_NULL;
	meter_out->until = sqlite3_column_int64(stmt, 1);
	snprintf(meter_out->container, sizeof meter_out->container, "%s", (const char *)sqlite3_column_text(stmt, 2));
	return 1;
}

int
store_meter_prune(struct store *s, int64_t before, struct err *e)
{
	if (sql_run(s, sql_reading_prune, e, "") < 0)
		return -1;
	return sql_run(s, sql_meter_prune, e, "ii", before, before);
}

int
store_reading_get(struct store *s, int64_t ctid, struct reading_row *reading_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc = sql_first(s, &stmt, sql_reading_get, e, "i", ctid);

	if (rc != 1)
		return rc;
	snprintf(reading_out->generation, sizeof reading_out->generation, "%s", (const char *)sqlite3_column_text(stmt, 0));
	reading_out->time = sqlite3_column_int64(stmt, 1);
	if (!sample_parse((const char *)sqlite3_column_text(stmt, 2), &reading_out->sample))
		return err_set(e, ERR_INTERNAL, "the reading of container %" PRId64 " is none", ctid);
	return 1;
}

int
store_reading_put(struct store *s, const struct reading_row *reading, struct err *e)
{
	AUTO_BUF struct buf line = { 0 };

	sample_format(&reading->sample, &line);
	if (line.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_run(s, sql_reading_put, e, "isis", reading->sample.ctid, reading->generation, reading->time, line.data);
}

static int
usage_add_level(struct store *s, enum usage_level level, int64_t meter, int64_t start, const struct usage_sums *sums, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_USAGE_ADD + (int)level], e);
	int at = 3;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "ii", start, meter);
	for (const struct field *f = usage_sums_schema.fields; f->name; f++)
		sqlite3_bind_int64(stmt, at++, *field_int(f, sums));
	return sql_step(s, stmt, e);
}

int
store_usage_add(struct store *s, int64_t meter, int64_t time, const struct usage_sums *sums, struct err *e)
{
	for (int i = 0; i < USAGE_LEVELS; i++)
		if (usage_add_level(s, (enum usage_level)i, meter, usage_start((enum usage_level)i, time), sums, e) < 0)
			return -1;
	return 0;
}

int
store_usage_purge(struct store *s, const int64_t before[USAGE_LEVELS], int64_t limit, int64_t *purged_out, struct err *e)
{
	int64_t purged = 0;

	for (int i = 0; i < USAGE_LEVELS; i++) {
		if (sql_run(s, sql_usage_purge[i], e, "ii", before[i], limit) < 0)
			return -1;
		purged += sqlite3_changes(s->db);
	}
	*purged_out = purged;
	return 0;
}

static int
usage_read(sqlite3_stmt *stmt, const struct usage_filter *filter, struct usage *usage)
{
	static const char *const texts[] = { "tenant", "container", "name", "plan" };
	int at = 6;

	row_put_int(&usage_schema, usage, "start", sqlite3_column_int64(stmt, 0));
	row_put_int(&usage_schema, usage, "end", filter->whole ? filter->until : usage_next(filter->level, usage->start));
	for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
		if (!row_put_text(&usage_schema, usage, texts[i], (const char *)sqlite3_column_text(stmt, 1 + i)))
			return -1;
	row_put_int(&usage_schema, usage, "containers", sqlite3_column_int64(stmt, 5));
	record_mark(&usage_schema, usage, "sums", true);
	for (const struct field *f = usage_sums_schema.fields; f->name; f++, at++)
		row_put_int(&usage_sums_schema, &usage->sums, f->name, sqlite3_column_int64(stmt, at));
	usage_derive(usage);
	return 0;
}

int
store_usage_meters(struct store *s, const struct usage_filter *filter, int64_t *count_out, struct err *e)
{
	return sql_number(s, count_out, sql_usage_meters, e, "iisss", filter->from, filter->until, filter->tenant,
	                  filter->container, filter->plan);
}

int
store_usage_list(struct store *s, const struct usage_filter *filter, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, s->composed[SQL_USAGE_GET + (int)filter->level], e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "iisssiiii", filter->from, filter->until, filter->tenant, filter->container, filter->plan,
	         (int64_t)filter->group, (int64_t)filter->whole, filter->limit, filter->skip);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		struct usage usage = { 0 };

		rc = usage_read(stmt, filter, &usage) < 0 ? err_set(e, ERR_INTERNAL, "out of memory") : each(arg, &usage);
		record_clear(&usage_schema, &usage);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}
