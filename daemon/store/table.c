/* Nouns of which a row is a described record and nothing more. */
#include "daemon/store/sql.h"

enum table_statement { TABLE_GET, TABLE_INSERT, TABLE_UPDATE, TABLE_DELETE, TABLE_LIST };

static const struct {
	const struct schema *schema;
	const char *key;
	const char *seen; /* whether tenant ?3 sees a row */
} tables[STORE_TABLES] = {
	[TABLE_TENANT] = { &tenant_schema, "name", "name = ?3" },
	[TABLE_PLAN] = { &plan_schema, "name", "true" },
	[TABLE_TOKEN] = { &token_schema, "id", "tenant = ?3" },
	[TABLE_IP_POOL] = { &ip_pool_schema, "name",
	                    "EXISTS (SELECT 1 FROM json_each(tenants) WHERE value IN (?3, '" IP_POOL_ALL "'))" },
	[TABLE_NETWORK] = { &network_schema, "id",
	                    "tenant = ?3 OR tenant IS NULL AND EXISTS (SELECT 1 FROM json_each(tenants) WHERE value IN (?3, "
	                    "'" IP_POOL_ALL "'))" },
	[TABLE_WEBHOOK] = { &webhook_schema, "id", "tenant = ?3" },
};

static const char *
table_sql(const struct store *s, enum store_table table, enum table_statement statement)
{
	return s->composed[SQL_TABLES + 5 * (int)table + (int)statement];
}

static bool
table_compose(struct store *s, enum store_table table)
{
	const struct schema *schema = tables[table].schema;
	const char *key = tables[table].key;
	struct buf sql[TABLE_LIST + 1] = { 0 };
	bool ok = true;

	buf_addf(&sql[TABLE_GET], "SELECT");
	row_names(schema, " ", "", &sql[TABLE_GET]);
	buf_addf(&sql[TABLE_GET], " FROM %s WHERE %s = ?1", schema->name, key);
	buf_addf(&sql[TABLE_INSERT], "INSERT INTO %s (", schema->name);
	row_names(schema, "", "", &sql[TABLE_INSERT]);
	buf_addf(&sql[TABLE_INSERT], ") VALUES (");
	row_holes(schema, "", 1, &sql[TABLE_INSERT]);
	buf_addf(&sql[TABLE_INSERT], ")");
	buf_addf(&sql[TABLE_UPDATE], "UPDATE %s SET", schema->name);
	row_assignments(schema, " ", 2, &sql[TABLE_UPDATE]);
	buf_addf(&sql[TABLE_UPDATE], " WHERE %s = ?1", key);
	buf_addf(&sql[TABLE_DELETE], "DELETE FROM %s WHERE %s = ?1", schema->name, key);
	buf_addf(&sql[TABLE_LIST], "SELECT");
	row_names(schema, " ", "", &sql[TABLE_LIST]);
	buf_addf(&sql[TABLE_LIST], " FROM %s WHERE %s > ?1 AND (?3 IS NULL OR %s) ORDER BY %s LIMIT ?2", schema->name, key,
	         tables[table].seen, key);
	for (int i = TABLE_GET; i <= TABLE_LIST; i++) {
		s->composed[SQL_TABLES + 5 * (int)table + i] = sql[i].data;
		ok = ok && sql[i].data && !sql[i].failed;
	}
	return ok;
}

bool
sql_compose_tables(struct store *s)
{
	for (int i = 0; i < STORE_TABLES; i++)
		if (!table_compose(s, (enum store_table)i))
			return false;
	return true;
}

const struct schema *
store_table_schema(enum store_table table)
{
	return tables[table].schema;
}

int
store_table_get(struct store *s, enum store_table table, const char *key, void *record_out, struct err *e)
{
	return row_find(s, table_sql(s, table, TABLE_GET), key, tables[table].schema, record_out, e);
}

int
store_table_insert(struct store *s, enum store_table table, const void *record, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, table_sql(s, table, TABLE_INSERT), e);

	if (!stmt)
		return -1;
	if (row_bind(stmt, 1, tables[table].schema, record) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_table_update(struct store *s, enum store_table table, const char *key, const void *record, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, table_sql(s, table, TABLE_UPDATE), e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", key);
	if (row_bind(stmt, 2, tables[table].schema, record) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_step(s, stmt, e);
}

int
store_table_delete(struct store *s, enum store_table table, const char *key, struct err *e)
{
	return sql_run(s, table_sql(s, table, TABLE_DELETE), e, "s", key);
}

int
store_table_list(struct store *s, enum store_table table, const char *tenant, const char *after, int64_t limit, store_each *each,
                 void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, table_sql(s, table, TABLE_LIST), e);
	const struct schema *schema = tables[table].schema;
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "sis", after, limit, tenant);
	while ((rc = sql_step(s, stmt, e)) == 1) {
		union table_record record = { 0 };

		rc = row_read(stmt, 0, schema, &record) < 0 ? err_set(e, ERR_INTERNAL, "out of memory") : each(arg, &record);
		record_clear(schema, &record);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}
