/* Who holds and held which address. Rows are written by the database itself, whenever an address is given or released. */
#include <string.h>
#include <sys/socket.h>

#include "daemon/store/sql.h"

/* The same columns of both, in the order of ip_holding's rows but for the pool, which is none of the database's. */
#define HOLDING_COLUMNS(TENANT, NAME) "SELECT h.address, h.container, " TENANT ", " NAME ", h.network, h.since, h.until, h.length"
static const char sql_holding_list[] = HOLDING_COLUMNS(
        "c.tenant",
        "c.name") " FROM holding h JOIN container c ON c.id = h.container WHERE h.until IS NULL"
                  " AND (length(h.address), h.address, coalesce(h.network, '')) > (coalesce(length(?1), 0), coalesce(?1, x''), ?2)"
                  " AND (?3 IS NULL OR h.network IS NULL AND length(h.address) = length(?3) AND h.address BETWEEN ?3 AND ?4)"
                  " AND (?5 IS NULL OR c.tenant = ?5) AND (?6 IS NULL OR h.container = ?6)"
                  " ORDER BY length(h.address), h.address, coalesce(h.network, '') LIMIT ?7";
/* ?2: by what it was held where no length is noted. ?3: the first of what a prefix around it may begin with. */
static const char sql_holding_history[] = HOLDING_COLUMNS(
        "coalesce(c.tenant, h.tenant)", "coalesce(c.name, h.name)") " FROM holding h"
                                                                    " LEFT JOIN container c ON c.id = h.container"
                                                                    " WHERE (h.length IS NULL AND h.address IN (?1, ?2)"
                                                                    " OR h.length IS NOT NULL AND h.address BETWEEN ?3 AND ?1 AND "
                                                                    "in_prefix(?1, h.address, h.length))"
                                                                    " AND (NOT ?4 OR h.since <= ?5 AND (h.until IS NULL OR h.until "
                                                                    ">= ?5)) ORDER BY h.since DESC, h.rowid DESC LIMIT ?6 OFFSET "
                                                                    "?7";
static const char sql_holding_purge[] = "DELETE FROM holding WHERE until < ?1";
static const char sql_holding_count[] =
        "SELECT count(*) FROM address WHERE length(address) = length(?1) AND address BETWEEN ?1 AND ?2";

static bool
holding_take_address(const void *bytes, int len, struct address *out)
{
	*out = (struct address){ .family = len == 4 ? AF_INET : AF_INET6 };
	if (len != 4 && len != 16)
		return false;
	memcpy(out->bytes, bytes, (size_t)len);
	return true;
}

static int
holding_read(sqlite3_stmt *stmt, struct ip_holding *holding, struct err *e)
{
	static const char *const texts[] = { NULL, "container", "tenant", "name", "network" };
	int len = sqlite3_column_bytes(stmt, 0);
	char text[HELD_TEXT_MAX];
	struct prefix held;
	bool ok;

	if (!holding_take_address(sqlite3_column_blob(stmt, 0), len, &held.base))
		return err_set(e, ERR_INTERNAL, "the database holds an address of %d bytes", len);
	held.length = (unsigned int)(sqlite3_column_type(stmt, 7) == SQLITE_NULL ? 8 * len : sqlite3_column_int(stmt, 7));
	ok = row_put_text(&ip_holding_schema, holding, "address", prefix_format_held(&held, text));
	for (int i = 1; i < 5; i++)
		ok = ok && row_put_text(&ip_holding_schema, holding, texts[i], (const char *)sqlite3_column_text(stmt, i));
	row_put_int(&ip_holding_schema, holding, "since", sqlite3_column_int64(stmt, 5));
	if (sqlite3_column_type(stmt, 6) != SQLITE_NULL)
		row_put_int(&ip_holding_schema, holding, "until", sqlite3_column_int64(stmt, 6));
	return ok ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

/* in_prefix(ADDRESS, BASE, LENGTH): false for what is of two families. */
static void
holding_is_in_prefix(sqlite3_context *context, int n, sqlite3_value **v)
{
	struct address address;
	struct prefix p = { .length = n == 3 ? (unsigned int)sqlite3_value_int(v[2]) : 0 };
	bool known = n == 3 && holding_take_address(sqlite3_value_blob(v[0]), sqlite3_value_bytes(v[0]), &address) &&
	             holding_take_address(sqlite3_value_blob(v[1]), sqlite3_value_bytes(v[1]), &p.base);

	sqlite3_result_int(context, known && prefix_contains(&p, &address));
}

bool
sql_add_holding_functions(struct store *s)
{
	return sql_add_function(s, "in_prefix", 3, holding_is_in_prefix);
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
	sql_bind(stmt, 2, "s", filter->after_network ? filter->after_network : "");
	holding_bind(stmt, 3, filter->first);
	holding_bind(stmt, 4, filter->last);
	sql_bind(stmt, 5, "ssi", filter->tenant, filter->container, filter->limit);
	return holding_each(s, stmt, each, arg, e);
}

/* Of the longest prefix that a pool gives. */
static struct address
holding_first(const struct address *address)
{
	struct address first = *address;

	memset(first.bytes + IP_POOL_LENGTH_MIN / 8, 0, sizeof first.bytes - IP_POOL_LENGTH_MIN / 8);
	return first;
}

int
store_holding_history(struct store *s, const struct address *address, const struct address *whole,
                      const struct history_filter *filter, store_each *each, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, sql_holding_history, e);
	struct address first = holding_first(address);

	if (!stmt)
		return -1;
	holding_bind(stmt, 1, address);
	holding_bind(stmt, 2, whole);
	holding_bind(stmt, 3, &first);
	sql_bind(stmt, 4, "iiii", (int64_t)filter->has_at, filter->at, filter->limit, filter->skip);
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
