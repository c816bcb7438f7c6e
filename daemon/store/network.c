/* Networks by name, and which addresses of them are held. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/store/sql.h"
#include "schema/network.h"

static const char sql_network_id[] = "SELECT id FROM network WHERE coalesce(tenant, '') = ?1 AND name = ?2";
static const char sql_network_number[] = "SELECT coalesce(max(number), 0) + 1 FROM network WHERE coalesce(tenant, '') = ?1";
static const char sql_network_count[] = "SELECT count(*) FROM network WHERE coalesce(tenant, '') = ?1";
static const char sql_network_isolated[] =
        "SELECT number FROM network WHERE tenant IS NULL AND isolation = 'tenants' ORDER BY number";
static const char sql_network_used[] = "SELECT count(DISTINCT container) FROM network_address WHERE network = ?1";
static const char sql_network_holder[] = "SELECT container FROM network_address WHERE network = ?1 AND address = ?2";
static const char sql_network_hold[] = "INSERT INTO network_address (network, address, container) VALUES (?1, ?2, ?3)";
static const char sql_network_keep[] =
        "INSERT INTO network_address (network, address, container) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
        " (SELECT 1 FROM network_address WHERE network = ?1 AND address = ?2 AND container = ?3)";
/* ?2: those that it keeps, as words. */
static const char sql_network_leave[] = "DELETE FROM network_address WHERE container = ?1"
                                        " AND network || ' ' || hex(address) NOT IN (SELECT value FROM json_each(?2))";
static const char sql_network_delete_of[] = "DELETE FROM network WHERE tenant = ?1";

int
store_network_find(struct store *s, const char *tenant, const char *name, struct network *network_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = NULL;
	char id[37];
	int rc = sql_first(s, &stmt, sql_network_id, e, "ss", tenant ? tenant : "", name);

	if (rc <= 0)
		return rc;
	snprintf(id, sizeof id, "%s", (const char *)sqlite3_column_text(stmt, 0));
	return store_table_get(s, TABLE_NETWORK, id, network_out, e);
}

int
store_network_next(struct store *s, const char *tenant, int64_t *number_out, int64_t *count_out, struct err *e)
{
	if (sql_number(s, number_out, sql_network_number, e, "s", tenant ? tenant : "") < 0)
		return -1;
	return sql_number(s, count_out, sql_network_count, e, "s", tenant ? tenant : "") < 0 ? -1 : 0;
}

int
store_network_used(struct store *s, const char *id, int64_t *used_out, struct err *e)
{
	return sql_number(s, used_out, sql_network_used, e, "s", id) < 0 ? -1 : 0;
}

int
store_network_isolated(struct store *s, struct strv *numbers_out, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_network_isolated, e);
	int rc = -1;

	while (stmt && (rc = sql_step(s, stmt, e)) == 1)
		if (!strv_add(numbers_out, (const char *)sqlite3_column_text(stmt, 0)))
			return err_set(e, ERR_INTERNAL, "out of memory");
	return rc;
}

/* NULL: the container itself stands for it. */
static void
network_bind(sqlite3_stmt *stmt, const struct address *address, const char *container)
{
	if (address)
		sql_bind(stmt, 2, "b", address->bytes, (size_t)(address->family == AF_INET ? 4 : 16));
	else
		sql_bind(stmt, 2, "b", container, strlen(container));
}

int
store_network_holder(struct store *s, const char *id, const struct address *address, const char *container, char holder_out[37],
                     struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_network_holder, e);
	int rc;

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", id);
	network_bind(stmt, address, container);
	rc = sql_step(s, stmt, e);
	if (rc == 1)
		snprintf(holder_out, 37, "%s", (const char *)sqlite3_column_text(stmt, 0));
	return rc;
}

int
store_network_hold(struct store *s, const char *id, const struct address *address, const char *container, struct err *e)
{
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_network_hold, e);

	if (!stmt)
		return -1;
	sql_bind(stmt, 1, "s", id);
	network_bind(stmt, address, container);
	sql_bind(stmt, 3, "s", container);
	return sql_step(s, stmt, e);
}

/* kept: what hasn't to go, told once more. */
static int
network_keep(struct store *s, const char *container, const char *network, const struct address *address, struct json_object *kept,
             struct err *e)
{
	const unsigned char *bytes = address ? address->bytes : (const unsigned char *)container;
	size_t len = address ? (size_t)(address->family == AF_INET ? 4 : 16) : strlen(container);
	AUTO_BUF struct buf word = { 0 };

	buf_addf(&word, "%s ", network);
	for (size_t i = 0; i < len; i++)
		buf_addf(&word, "%02X", bytes[i]);
	if (word.failed || json_object_array_add(kept, json_object_new_string(word.data)) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return sql_run(s, sql_network_keep, e, "sbs", network, bytes, len, container);
}

int
store_network_settle(struct store *s, const char *container, const struct nic *nics, size_t n, struct err *e)
{
	struct json_object *kept = json_object_new_array();
	int rc = kept ? 0 : err_set(e, ERR_INTERNAL, "out of memory");

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (nics[i].dhcp || nics[i].naddresses == 0)
			rc = network_keep(s, container, nics[i].network, NULL, kept, e);
		for (size_t k = 0; rc == 0 && !nics[i].dhcp && k < nics[i].naddresses; k++)
			rc = network_keep(s, container, nics[i].network, &nics[i].addresses[k].base, kept, e);
	}
	if (rc == 0)
		rc = sql_run(s, sql_network_leave, e, "ss", container, json_object_to_json_string(kept));
	json_object_put(kept);
	return rc;
}

int
store_network_delete_of(struct store *s, const char *tenant, struct err *e)
{
	return sql_run(s, sql_network_delete_of, e, "s", tenant);
}

/* Of one interface, on a network of the host's. */
static size_t
network_host_addresses(struct json_object *item)
{
	const char *text = json_object_get_string(item);
	struct nic nic;

	return text && nic_parse(text, &nic) && nic.kind == NIC_BRIDGE && !nic.dhcp ? nic.naddresses : 0;
}

/* host_addresses(NICS): how many static addresses a container's interfaces have on networks of the host's. */
static void
network_count_addresses(sqlite3_context *context, int n, sqlite3_value **v)
{
	const char *text = n == 1 ? (const char *)sqlite3_value_text(v[0]) : NULL;
	struct json_object *nics = text ? json_tokener_parse(text) : NULL;
	size_t count = 0;

	for (size_t i = 0; json_object_is_type(nics, json_type_array) && i < json_object_array_length(nics); i++)
		count += network_host_addresses(json_object_array_get_idx(nics, i));
	json_object_put(nics);
	sqlite3_result_int64(context, (sqlite3_int64)count);
}

bool
sql_add_network_functions(struct store *s)
{
	return sql_add_function(s, "host_addresses", 1, network_count_addresses);
}
