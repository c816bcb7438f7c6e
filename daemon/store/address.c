#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/store/sql.h"

static const char sql_address_holder[] = "SELECT container FROM address WHERE address = ?1";
static const char sql_address_add[] =
        "INSERT INTO address (address, container, length) VALUES (?1, ?2, nullif(?3, 8 * length(?1)))";
static const char sql_address_remove[] = "DELETE FROM address WHERE address = ?1 AND container = ?2";
/* A blob sorts by its bytes, so a range of one family's addresses may also meet the other's. */
static const char sql_address_range[] =
        "SELECT address FROM address WHERE address BETWEEN ?1 AND ?2 AND length(address) = length(?1)"
        " UNION SELECT address FROM holding WHERE until > ?3 AND network IS NULL AND container IS NOT ?4 AND address BETWEEN ?1 "
        "AND ?2"
        " AND length(address) = length(?1) ORDER BY address";
static const char sql_address_of[] = "SELECT address FROM address WHERE container = ?1 ORDER BY address";

/* Stored as 4 or 16 bytes. */
static size_t
address_len(const struct address *address)
{
	return address->family == AF_INET ? 4 : 16;
}

int
store_address_holder(struct store *s, const struct address *address, char holder_out[37], struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	int rc = sql_first(s, &stmt, sql_address_holder, e, "b", address->bytes, address_len(address));

	if (rc == 1)
		snprintf(holder_out, 37, "%s", (const char *)sqlite3_column_text(stmt, 0));
	return rc;
}

int
store_address_add(struct store *s, const struct prefix *held, const char *container, struct err *e)
{
	return sql_run(s, sql_address_add, e, "bsi", held->base.bytes, address_len(&held->base), container, (int64_t)held->length);
}

int
store_address_remove(struct store *s, const struct address *address, const char *container, struct err *e)
{
	return sql_run(s, sql_address_remove, e, "bs", address->bytes, address_len(address), container);
}

static int
address_each(struct store *s, sqlite3_stmt *stmt, store_each *each, void *arg, struct err *e)
{
	AUTO_RESET sqlite3_stmt *reset = stmt;
	int rc;

	while ((rc = sql_step(s, reset, e)) == 1) {
		size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
		struct address address = { .family = len == 4 ? AF_INET : AF_INET6 };

		if (len != address_len(&address))
			return err_set(e, ERR_INTERNAL, "the database holds an address of %zu bytes", len);
		memcpy(address.bytes, sqlite3_column_blob(stmt, 0), len);
		if ((rc = each(arg, &address)) != 0)
			return rc < 0 ? -1 : 0;
	}
	return rc;
}

int
store_address_range(struct store *s, const struct address *first, const struct address *last, const char *container, int64_t since,
                    store_each *each, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, sql_address_range, e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "bbis", first->bytes, address_len(first), last->bytes, address_len(last), since, container);
	return address_each(s, stmt, each, arg, e);
}

int
store_address_of(struct store *s, const char *container, store_each *each, void *arg, struct err *e)
{
	sqlite3_stmt *stmt = sql_prepare(s, sql_address_of, e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", container);
	return address_each(s, stmt, each, arg, e);
}
