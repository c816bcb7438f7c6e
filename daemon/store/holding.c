/* Who holds and held which address. Rows are written by the database itself, whenever an address is given or released. */
#include <string.h>
#include <sys/socket.h>

#include "daemon/store/sql.h"

/* The same columns of both, in the order of ip_holding's rows but for the pool, which is none of the database's. */
static const char sql_holding_list[] =
        "SELECT a.address, a.container, c.tenant, c.name, h.since, NULL FROM address a JOIN container c ON c.id = a.container"
        " LEFT JOIN holding h ON h.address = a.address AND h.until IS NULL"
        " WHERE (length(a.address), a.address) > (coalesce(length(?1), 0), coalesce(?1, x''))"
        " AND (?2 IS NULL OR length(a.address) = length(?2) AND a.address BETWEEN ?2 AND ?3)"
        " AND (?4 IS NULL OR c.tenant = ?4) AND (?5 IS NULL OR a.container = ?5) ORDER BY length(a.address), a.address LIMIT ?6";
static const char sql_holding_history[] =
        "SELECT h.address, h.container, coalesce(c.tenant, h.tenant), coalesce(c.name, h.name), h.since, h.until FROM holding h"
        " LEFT JOIN container c ON c.id = h.container WHERE h.address = ?1"
        " AND (NOT ?2 OR h.since <= ?3 AND (h.until IS NULL OR h.until >= ?3)) ORDER BY h.since DESC, h.rowid DESC LIMIT ?4 OFFSET "
        "?5";
static const char sql_holding_purge[] = "DELETE FROM holding WHERE until < ?1";
static const char sql_holding_count[] =
        "SELECT count(*) FROM address WHERE length(address) = length(?1) AND address BETWEEN ?1 AND ?2";

static int
holding_read(sqlite3_stmt *stmt, struct ip_holding *holding, struct err *e)
{
	static const char *const texts[] = { NULL, "container", "tenant", "name" };
	size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
	struct address address = { .family = len == 4 ? AF_INET : AF_INET6 };
	char text[ADDRESS_TEXT_MAX];
	bool ok;

	if (len != 4 && len != 16)
		return err_set(e, ERR_INTERNAL, "the database holds an address of %zu bytes", len);
	memcpy(address.bytes, sqlite3_column_blob(stmt, 0), len);
	ok = row_put_text(&ip_holding_schema, holding, "address", address_format(&address, text));
	for (int i = 1; i < 4; i++)
		ok = ok && row_put_text(&ip_holding_schema, holding, texts[i], (const char *)sqlite3_column_text(stmt, i));
	row_put_int(&ip_holding_schema, holding, "since", sqlite3_column_int64(stmt, 4));
	if (sqlite3_column_type(stmt, 5) != SQLITE_NULL)
		row_put_int(&ip_holding_schema, holding, "until", sqlite3_column_int64(stmt, 5));
	return ok ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
holding_each(struct store *s, sqlite3_stmt *stmt, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *reset = stmt;
	int rc;

	while ((rc = sql_step(s, reset, e)) == 1) {
		struct ip_holding holding = { 0 };

		rc = holding_read(stmt, &holding, e);
		if (rc == 0)
			rc = each(arg, &holding);
		record_clear(&ip_holding_schema, &holding);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

static size_t
holding_len(const struct address *address)
{
	return !address ? 0 : address->family == AF_INET ? 4 : 16;
}

static void
holding_bind(sqlite3_stmt *stmt, int at, const struct address *address)
{
	sql_bind(stmt, at, "b", address ? address->bytes : NULL, holding_len(address));
}

int
store_holding_list(struct store *s, const struct holding_filter *filter, store_each *each, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, sql_holding_list, e);

	if (!stmt)
		return -1;
	holding_bind(stmt, 1, filter->after);
	holding_bind(stmt, 2, filter->first);
	holding_bind(stmt, 3, filter->last);
	sql_bind(stmt, 4, "ssi", filter->tenant, filter->container, filter->limit);
	return holding_each(s, stmt, each, arg, e);
}

int
store_holding_history(struct store *s, const struct address *address, const struct history_filter *filter, store_each *each,
                      void *arg, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, sql_holding_history, e);

	if (!stmt)
		return -1;
	holding_bind(stmt, 1, address);
	sql_bind(stmt, 2, "iiii", (int64_t)filter->has_at, filter->at, filter->limit, filter->skip);
	return holding_each(s, stmt, each, arg, e);
}

int
store_holding_purge(struct store *s, int64_t before, struct err *e)
{
	return sql_run(s, sql_holding_purge, e, "i", before);
}

int
store_holding_count(struct store *s, const struct address *first, const struct address *last, int64_t *count_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_holding_count, e);
	int rc;

	if (!stmt)
		return -1;
	holding_bind(stmt, 1, first);
	holding_bind(stmt, 2, last);
	rc = sql_step(s, stmt, e);
	if (rc == 1)
		*count_out = sqlite3_column_int64(stmt, 0);
	return rc < 0 ? -1 : 0;
}
