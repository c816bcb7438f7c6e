/* Whole databases: to a file, a piece at a time or at once, and from the bytes of one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/sql.h"

enum { COPY_PAGES = 256, HEADER_SIZE = 100, HEADER_WRITE = 18, HEADER_READ = 19 };

struct store_copy {
	struct store to;
	sqlite3_backup *backup;
};

bool
store_exists(const char *path)
{
	struct stat st;

	/* What can't be looked at isn't taken for absent. */
	return stat(path, &st) < 0 ? errno != ENOENT : st.st_size > 0;
}

int
store_copy_begin(struct store *s, const char *path, struct store_copy **copy_out, struct err *e)
{
	struct store_copy *copy = calloc(1, sizeof *copy);

	if (!copy)
		return err_set(e, ERR_INTERNAL, "out of memory");
	unlink(path);
	if (store_connect(&copy->to, path, e) < 0) {
		store_copy_end(copy);
		return -1;
	}
	copy->backup = sqlite3_backup_init(copy->to.db, "main", s->db, "main");
	if (!copy->backup) {
		sql_fail(&copy->to, sqlite3_errcode(copy->to.db), e);
		store_copy_end(copy);
		return -1;
	}
	*copy_out = copy;
	return 0;
}

int
store_copy_step(struct store_copy *copy, struct err *e)
{
	int rc = sqlite3_backup_step(copy->backup, COPY_PAGES);

	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 1;
	if (rc != SQLITE_DONE)
		return sql_fail(&copy->to, rc, e);
	rc = sqlite3_backup_finish(copy->backup);
	copy->backup = NULL;
	return rc == SQLITE_OK ? 0 : sql_fail(&copy->to, rc, e);
}

void
store_copy_end(struct store_copy *copy)
{
	if (!copy)
		return;
	if (copy->backup)
		sqlite3_backup_finish(copy->backup);
	sqlite3_close(copy->to.db);
	free(copy);
}

int
store_save(struct store *s, const char *path, struct err *e)
{
	struct store_copy *copy;
	int rc;

	if (store_copy_begin(s, path, &copy, e) < 0)
		return -1;
	while ((rc = store_copy_step(copy, e)) == 1)
		;
	store_copy_end(copy);
	return rc;
}

/* A database in memory has no write-ahead log: its header must not say that there is one. */
static int
copy_deserialize(struct store *s, const void *data, size_t len, struct err *e)
{
	unsigned char *bytes = sqlite3_malloc64(len);
	int rc;

	if (!bytes)
		return err_set(e, ERR_INTERNAL, "out of memory");
	memcpy(bytes, data, len);
	bytes[HEADER_WRITE] = bytes[HEADER_READ] = 1;
	rc = sqlite3_deserialize(s->db, "main", bytes, (sqlite3_int64)len, (sqlite3_int64)len,
	                         SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
	return rc == SQLITE_OK ? 0 : sql_fail(s, rc, e);
}

int
store_load(const void *data, size_t len, struct store **store_out, struct err *e)
{
	static const char memory[] = ":memory:";
	struct store *s;

	if (len < HEADER_SIZE)
		return err_set(e, ERR_INTERNAL, "it is cut short");
	s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (store_connect(s, memory, e) < 0 || copy_deserialize(s, data, len, e) < 0 || store_prepare(s, memory, e) < 0) {
		store_close(s);
		return -1;
	}
	*store_out = s;
	return 0;
}
