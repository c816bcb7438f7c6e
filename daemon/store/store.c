#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/sql.h"
#include "daemon/util/fault.h"

/* A small cache: the whole database of a thousand containers is a megabyte or two, and the kernel holds its pages too. */
static const char sql_setup[] = "PRAGMA journal_mode = WAL;"
                                "PRAGMA foreign_keys = ON;"
                                "PRAGMA trusted_schema = OFF;"
                                "PRAGMA cache_size = -1024;"
                                "PRAGMA temp_store = MEMORY;"
                                "PRAGMA journal_size_limit = 4194304;";
/* No power cut brings a revoked token back, nor takes an operation from the journal whose work is on disk. */
static const char sql_durable[] = "PRAGMA synchronous = FULL", sql_hasty[] = "PRAGMA synchronous = NORMAL";
static const char sql_hold[] = "SELECT 1 FROM sqlite_schema";
static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";

/* Kept as given: the process stands in the database's directory, above which it may see nothing. */
static int
store_keep_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* SQLite keeps it by reference for the process's life. */
static const char *
store_vfs(void)
{
	static const char name[] = "berth";
	const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
	sqlite3_vfs *own;

	if (sqlite3_vfs_find(name) || !usual)
		return name;
	own = malloc(sizeof *own);
	if (!own)
		return NULL;
	*own = *usual;
	own->pNext = NULL;
	own->zName = name;
	own->xFullPathname = store_keep_path;
	sqlite3_vfs_register(own, 0);
	return name;
}

/* A page that is missing or wrong is told now rather than in the middle of something. */
static int
store_check(struct store *s, struct err *e)
{
	static const char sql_quick_check[] = "PRAGMA quick_check(1)";
	AUTO_RESET sqlite3_stmt *stmt = sql_prepare(s, sql_quick_check, e);
	int rc = stmt ? sql_step(s, stmt, e) : -1;
	const char *text = rc == 1 ? (const char *)sqlite3_column_text(stmt, 0) : NULL;

	if (rc < 0 || (text && strcmp(text, "ok") == 0))
		return rc < 0 ? -1 : 0;
	err_set(e, ERR_INTERNAL, "it is damaged (%.200s)", text ? text : "it can't be checked");
	return err_code(e, STORE_UNUSABLE);
}

int
store_connect(struct store *s, const char *path, struct err *e)
{
	int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, store_vfs());

	if (rc != SQLITE_OK && !s->db)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (rc != SQLITE_OK)
		return sql_fail(s, rc, e);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_busy_timeout(s->db, 1000);
	return sql_add_holding_functions(s) && sql_add_network_functions(s) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

int
store_prepare(struct store *s, const char *path, struct err *e)
{
	if (store_check(s, e) < 0 || sql_script(s, sql_setup, e) < 0 || store_set_durable(s, true, e) < 0 ||
	    store_migrate(s, path, store_migrations, e) < 0)
		return -1;
	if (!sql_compose_container(s) || !sql_compose_template(s) || !sql_compose_operation(s) || !sql_compose_tables(s) ||
	    !sql_compose_usage(s) || !sql_compose_audit(s))
		return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

int
store_open(const char *path, struct store **store_out, struct err *e)
{
	struct store *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (store_connect(s, path, e) == 0 && store_prepare(s, path, e) == 0) {
		*store_out = s;
		return 0;
	}
	err_wrap(e, "open database '%s'", path);
	/* What can't be used is left as it is, its log beside it. */
	if (s->db)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	store_close(s);
	return -1;
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SQL_CACHE; i++)
		sqlite3_finalize(s->cache[i].stmt);
	sqlite3_close(s->db);
	for (size_t i = 0; i < SQL_COMPOSED_COUNT; i++)
		free(s->composed[i]);
	free(s);
}

void
store_hold(struct store *s)
{
	struct err e = { 0 };
	sqlite3_stmt *stmt;

	if (!s || s->held || s->in_transaction)
		return;
	stmt = sql_prepare(s, sql_hold, &e);
	if (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		s->held = stmt;
	else if (stmt)
		sqlite3_reset(stmt);
}

void
store_let_go(struct store *s)
{
	if (!s || !s->held)
		return;
	sqlite3_reset(s->held);
	s->held = NULL;
}

int
store_set_durable(struct store *s, bool durable, struct err *e)
{
	return sql_script(s, durable ? sql_durable : sql_hasty, e);
}

int
txn_begin(struct txn *txn, struct store *s, struct err *e)
{
	if (s->in_transaction)
		abort();
	store_let_go(s);
	if (sql_run(s, sql_begin, e, "") < 0)
		return -1;
	s->in_transaction = true;
	txn->store = s;
	return 0;
}

void
store_before_commit(struct store *s, store_last_part *fn, void *arg)
{
	s->before_commit = fn;
	s->before_commit_arg = arg;
}

int
txn_commit(struct txn *txn, struct err *e)
{
	store_last_part *last_part = txn->store->before_commit;

	txn->store->before_commit = NULL;
	if (last_part && last_part(txn->store->before_commit_arg, e) < 0)
		return -1;
	FAULT("api.committing");
	if (sql_run(txn->store, sql_commit, e, "") < 0)
		return -1;
	FAULT("api.committed");
	txn->store->in_transaction = false;
	txn->store = NULL;
	return 0;
}

void
txn_end(struct txn *txn)
{
	struct err e = { 0 };

	if (!txn->store)
		return;
	/* Some errors have rolled it back already; then this one says so and nothing else. */
	sql_run(txn->store, sql_rollback, &e, "");
	txn->store->in_transaction = false;
	txn->store = NULL;
}
