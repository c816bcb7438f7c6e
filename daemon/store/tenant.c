#include "daemon/store/sql.h"

static const char sql_tenant_number[] = "SELECT number FROM tenant WHERE name = ?1";
static const char sql_tenant_add[] = "INSERT INTO tenant (number, name, created_at) VALUES (?1, ?2, ?3)";

int
store_tenant_add(struct store *s, int64_t number, const char *name, int64_t now, struct err *e)
{
	return sql_run(s, sql_tenant_add, e, "isi", number, name, now);
}

int
store_tenant_number(struct store *s, const char *name, int64_t *number_out, struct err *e)
{
	return sql_number(s, number_out, sql_tenant_number, e, "s", name);
}
