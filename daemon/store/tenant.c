#include "daemon/store/sql.h"

static const char sql_tenant_number[] = "SELECT number FROM tenant WHERE name = ?1";

int
store_tenant_number(struct store *s, const char *name, int64_t *number_out, struct err *e)
{
	return sql_number(s, number_out, sql_tenant_number, e, "s", name);
}
