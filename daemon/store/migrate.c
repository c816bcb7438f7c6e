/* Migrations only ever append: there is no way back. */
#include <stdio.h>
#include <string.h>

#include "daemon/store/sql.h"

static const char sql_version[] = "PRAGMA user_version";

static int
store_migrate_one(struct store *s, const char *script, int64_t version, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	char pragma[64];

	/* A pragma takes no parameters. */
	snprintf(pragma, sizeof pragma, "PRAGMA user_version = %lld", (long long)version);
	if (txn_begin(&txn, s, e) < 0 || sql_script(s, script, e) < 0 || sql_script(s, pragma, e) < 0 || txn_commit(&txn, e) < 0)
		return err_wrap(e, "migration %lld", (long long)version);
	return 0;
}

/* What an older berthd would need is kept beside the database: PATH.schemaN. */
static int
store_keep_older(struct store *s, const char *path, int64_t version, struct err *e)
{
	char copy[256], temporary[300];

	snprintf(copy, sizeof copy, "%s.schema%lld", path, (long long)version);
	snprintf(temporary, sizeof temporary, "%s.new", copy);
	if (store_save(s, temporary, e) < 0)
		return err_wrap(e, "keep a copy before the migration");
	return rename(temporary, copy) < 0 ? err_sys(e, "keep the copy '%s'", copy) : 0;
}

int
store_migrate(struct store *s, const char *path, const char *const *migrations, struct err *e)
{
	int64_t version = 0, newest = 0;

	while (migrations[newest])
		newest++;
	if (sql_number(s, &version, sql_version, e, "") < 0)
		return -1;
	if (version > newest)
		return err_set(e, ERR_UNSUPPORTED,
		               "it was written by a newer berthd (schema %lld, this one knows %lld): install that version",
		               (long long)version, (long long)newest);
	if (version > 0 && version < newest && strcmp(path, ":memory:") != 0 && store_keep_older(s, path, version, e) < 0)
		return -1;
	for (; version < newest; version++)
		if (store_migrate_one(s, migrations[version], version + 1, e) < 0)
			return -1;
	return 0;
}
