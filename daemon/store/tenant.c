#include "daemon/store/sql.h"

static const char sql_tenant_number[] = "SELECT number FROM tenant WHERE name = ?1";
static const char sql_tenant_add[] = "INSERT INTO tenant (number, name, created_at) VALUES (?1, ?2, ?3)";
#define FORMER_NAME "tenant || '~' || (SELECT number FROM tenant WHERE name = ?1)"
static const char sql_tenant_bury_operations[] = "UPDATE operation SET tenant = " FORMER_NAME " WHERE tenant = ?1";
static const char sql_tenant_bury_events[] = "UPDATE event SET tenant = " FORMER_NAME " WHERE tenant = ?1";
static const char sql_tenant_bury_holdings[] = "UPDATE holding SET tenant = " FORMER_NAME " WHERE tenant = ?1";
static const char sql_tenant_bury_meters[] = "UPDATE meter SET tenant = " FORMER_NAME " WHERE tenant = ?1";
/* Another tenant of that name has none of its grants. */
static const char sql_tenant_bury_grants[] = "UPDATE ip_pool SET tenants = (SELECT json_group_array(value) FROM json_each(tenants) "
                                             "WHERE value <> ?1), revision = revision + 1"
                                             " WHERE EXISTS (SELECT 1 FROM json_each(tenants) WHERE value = ?1)";
static const char sql_tenant_bury_networks[] = "UPDATE network SET tenants = (SELECT json_group_array(value) FROM "
                                               "json_each(tenants) WHERE value <> ?1), revision = revision + 1"
                                               " WHERE EXISTS (SELECT 1 FROM json_each(tenants) WHERE value = ?1)";
/*
 * Addresses are routed ones, and static ones on networks of the host's; on a tenant's own he has what he likes. Of what is being
 * changed the larger of what it was and what it is to be: a change that fails is
 * taken back.
 */
#define TOTALS_OF(WHERE)                                                                                                           \
	"SELECT count(*),"                                                                                                         \
	" coalesce(sum(max(c.cpus, coalesce(CAST(round(json_extract(o.undo, '$.cpus') * 1000) AS INTEGER), 0))), 0),"              \
	" coalesce(sum(max(c.memory, coalesce(json_extract(o.undo, '$.memory'), 0))), 0),"                                         \
	" coalesce(sum(max(c.disk, coalesce(json_extract(o.undo, '$.disk'), 0))), 0),"                                             \
	" coalesce(sum(max(c.pids, coalesce(json_extract(o.undo, '$.pids'), 0))), 0),"                                             \
	" coalesce(sum(max(json_array_length(c.ip) + host_addresses(c.nics),"                                                      \
	" coalesce(json_array_length(o.undo, '$.ip') + host_addresses(json_extract(o.undo, '$.nics')), 0))), 0)"                   \
	" FROM container c LEFT JOIN operation o"                                                                                  \
	" ON o.container = c.id AND o.state IN ('queued', 'running') AND json_valid(o.undo)"                                       \
	" WHERE " WHERE
static const char sql_tenant_used[] = TOTALS_OF("c.tenant = ?1");
static const char sql_all_used[] = TOTALS_OF("NOT ?1 OR c.pid > 0");

int
store_tenant_add(struct store *s, int64_t number, const char *name, int64_t now, struct err *e)
{
	return sql_run(s, sql_tenant_add, e, "isi", number, name, now);
}

int
store_tenant_bury(struct store *s, const char *name, struct err *e)
{
	if (sql_run(s, sql_tenant_bury_operations, e, "s", name) < 0 || sql_run(s, sql_tenant_bury_holdings, e, "s", name) < 0 ||
	    sql_run(s, sql_tenant_bury_grants, e, "s", name) < 0 || sql_run(s, sql_tenant_bury_meters, e, "s", name) < 0 ||
	    sql_run(s, sql_tenant_bury_networks, e, "s", name) < 0)
		return -1;
	return sql_run(s, sql_tenant_bury_events, e, "s", name);
}

int
store_tenant_number(struct store *s, const char *name, int64_t *number_out, struct err *e)
{
	return sql_number(s, number_out, sql_tenant_number, e, "s", name);
}

static int
tenant_read_totals(struct store *s, sqlite3_stmt *stmt, struct totals *used_out, struct err *e)
{
	static const char *const columns[] = { "containers", "cpus", "memory", "disk", "pids", "addresses" };

	if (sql_step(s, stmt, e) != 1)
		return -1;
	for (int i = 0; i < (int)(sizeof columns / sizeof *columns); i++)
		row_put_int(&totals_schema, used_out, columns[i], sqlite3_column_int64(stmt, i));
	row_put_int(&totals_schema, used_out, "snapshots", 0);
	row_put_int(&totals_schema, used_out, "backups", 0);
	return 0;
}

int
store_tenant_used(struct store *s, const char *name, struct totals *used_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_tenant_used, e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", name);
	return tenant_read_totals(s, stmt, used_out, e);
}

int
store_all_used(struct store *s, bool running, struct totals *used_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_all_used, e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "i", (int64_t)running);
	return tenant_read_totals(s, stmt, used_out, e);
}
