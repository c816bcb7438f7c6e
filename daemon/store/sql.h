/* Statements: the store's own tools, for no one else. */
#ifndef BERTH_SQL_H
#define BERTH_SQL_H

#include <sqlite3.h>

#include "daemon/store/store.h"

enum {
	SQL_CACHE = 256, /* a power of two, well over the number of statements there are */
	SQL_TEXT_MAX = 4096
};

/* The statements of one described table, composed from its fields when the store is opened. */
enum sql_composed {
	SQL_CONTAINER_INSERT,
	SQL_CONTAINER_BY_ID,
	SQL_CONTAINER_BY_CTID,
	SQL_CONTAINER_BY_NAME,
	SQL_CONTAINER_LIST,
	SQL_CONTAINER_CONFIG,
	SQL_TEMPLATE_UPSERT,
	SQL_TEMPLATE_GET,
	SQL_TEMPLATE_LATEST,
	SQL_TEMPLATE_LIST,
	SQL_OPERATION_INSERT,
	SQL_OPERATION_UPDATE,
	SQL_OPERATION_GET,
	SQL_OPERATION_OPEN,
	SQL_OPERATION_LIST,
	SQL_AUDIT_ADD,
	SQL_AUDIT_LIST,
	SQL_AUDIT_LIST_OWN,
	SQL_AUDIT_OF,
	SQL_TABLES, /* five of each enum store_table */
	SQL_TABLES_END = SQL_TABLES + 5 * STORE_TABLES,
	SQL_USAGE_ADD = SQL_TABLES_END, /* one of each level */
	SQL_USAGE_GET = SQL_USAGE_ADD + USAGE_LEVELS,
	SQL_COMPOSED_COUNT = SQL_USAGE_GET + USAGE_LEVELS
};

struct sql_cached {
	const char *sql;
	sqlite3_stmt *stmt;
};

struct store {
	sqlite3 *db;
	struct sql_cached cache[SQL_CACHE]; /* open addressing, by the text's address */
	char *composed[SQL_COMPOSED_COUNT];
	bool in_transaction;
	sqlite3_stmt *held;             /* under way between reads; or NULL */
	store_last_part *before_commit; /* or NULL */
	void *before_commit_arg;
};

/* Ends with NULL; schema version i + 1 is reached by number i. */
extern const char *const store_migrations[];
/* path (":memory:": none) is what is kept beside as PATH.schemaN before an older database is changed. */
int store_migrate(struct store *s, const char *path, const char *const *migrations, struct err *e);
/* The halves of store_open(), for a store that is filled in between. */
int store_connect(struct store *s, const char *path, struct err *e);
int store_prepare(struct store *s, const char *path, struct err *e);

/*
 * The prepared statement of sql, which must be a constant: it is kept by its address. Ready to be bound; NULL on error.
 * Whoever got it resets it before returning, sql_step() does so by itself at the last row.
 */
sqlite3_stmt *sql_prepare(struct store *s, const char *sql, struct err *e);
/* By `types`: s is a const char * (NULL is NULL), i an int64_t, b a const void * and a size_t. From parameter `first`. */
void sql_bind(sqlite3_stmt *stmt, int first, const char *types, ...);
/* 1 a row, 0 none left (and the statement is reset), -1 error (reset too). */
int sql_step(struct store *s, sqlite3_stmt *stmt, struct err *e);
void sql_reset(sqlite3_stmt *stmt);
/* Prepares, binds and takes the first step; *stmt_out is for the caller to reset, also on error (NULL then, or reset already). */
int sql_first(struct store *s, sqlite3_stmt **stmt_out, const char *sql, struct err *e, const char *types, ...);
/* Runs a statement that gives no rows. */
int sql_run(struct store *s, const char *sql, struct err *e, const char *types, ...);
/* Runs one that gives a single number; 1 found, 0 none, -1 error. */
int sql_number(struct store *s, int64_t *value_out, const char *sql, struct err *e, const char *types, ...);
int sql_script(struct store *s, const char *sql, struct err *e);
int sql_fail(struct store *s, int code, struct err *e);

#define AUTO_RESET __attribute__((cleanup(sql_auto_reset)))
static inline void
sql_auto_reset(sqlite3_stmt **stmt)
{
	if (*stmt)
		sql_reset(*stmt);
}

/* What SQL itself can't do: pure functions, each in its noun's file, for statements alone. */
bool sql_add_function(struct store *s, const char *name, int n, void (*fn)(sqlite3_context *context, int n, sqlite3_value **v));
bool sql_add_holding_functions(struct store *s);
bool sql_add_network_functions(struct store *s);

/* Compositions, each in its noun's file. */
bool sql_compose_container(struct store *s);
bool sql_compose_template(struct store *s);
bool sql_compose_operation(struct store *s);
bool sql_compose_tables(struct store *s);
bool sql_compose_usage(struct store *s);
bool sql_compose_audit(struct store *s);

#endif
