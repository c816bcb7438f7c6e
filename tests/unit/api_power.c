/*
 * What a power cut leaves of the database: of each file what its last sync wrote, and nothing after it. What a caller was told is
 * done must be in it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/model/operation.h"
#include "daemon/model/token.h"
#include "daemon/util/fd.h"
#include "tests/unit/world.h"

enum { FILES = 8, FILE_MAX = 16 << 20 };

/* What the database has open. */
static struct {
	sqlite3_file *file;
	const sqlite3_io_methods *usual;
	sqlite3_io_methods methods;
	char path[128];
} files[FILES];
static int (*usual_open)(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out);

/* As it is at this moment. */
static void
keep(const char *from, const char *to)
{
	AUTO_CLOSE int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), out = -1;
	AUTO_FREE char *data = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(dir, from, FILE_MAX, &data, &len, NULL), 0);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(out >= 0);
	assert_int_equal(fd_write_all(out, data, len), 0);
}

static int
note_sync(sqlite3_file *file, int flags)
{
	char kept[160];
	size_t i = 0;

	while (files[i].file != file)
		assert_true(++i < FILES);
	snprintf(kept, sizeof kept, "%s.synced", files[i].path);
	keep(files[i].path, kept);
	return files[i].usual->xSync(file, flags);
}

static int
note_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_out)
{
	int rc = usual_open(vfs, name, file, flags, flags_out);
	size_t i = 0;

	if (rc != SQLITE_OK || !name)
		return rc;
	while (files[i].file && files[i].file != file)
		assert_true(++i < FILES);
	files[i].file = file;
	snprintf(files[i].path, sizeof files[i].path, "%s", name);
	files[i].usual = file->pMethods;
	files[i].methods = *file->pMethods;
	files[i].methods.xSync = note_sync;
	file->pMethods = &files[i].methods;
	return rc;
}

/* Before the store takes the usual one for its own. */
static void
watch_syncs(void)
{
	static sqlite3_vfs watched;

	watched = *sqlite3_vfs_find(NULL);
	usual_open = watched.xOpen;
	watched.zName = "watched";
	watched.xOpen = note_open;
	assert_int_equal(sqlite3_vfs_register(&watched, 1), SQLITE_OK);
}

struct host {
	struct settings settings;
	struct model model;
	char dir[32], path[48];
};

static void
open_host(struct host *h)
{
	struct err e = { 0 };

	h->model.settings = &h->settings;
	memset(files, 0, sizeof files);
	assert_int_equal(store_open(h->path, &h->model.store, &e), 0);
}

static int
begin(void **state)
{
	struct host *h = calloc(1, sizeof *h);
	struct err e = { 0 };

	log_init("test", LOG_LEVEL_ERROR);
	assert_int_equal(token_setup(&e), 0);
	assert_true(settings_apply_defaults(&h->settings));
	snprintf(h->dir, sizeof h->dir, "/tmp/berth-power-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	snprintf(h->path, sizeof h->path, "%s/berth.db", h->dir);
	open_host(h);
	*state = h;
	return 0;
}

static int
end(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".synced", "-wal.synced", "-journal.synced" };
	struct host *h = *state;
	char path[96];

	store_close(h->model.store);
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof path, "%s%s", h->path, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(h->dir), 0);
	record_clear(&settings_schema, &h->settings);
	free(h);
	return 0;
}

/* The old connection's end is kept from writing anything that the cut would have prevented. */
static void
cut_power(struct host *h)
{
	static const char *const ends[] = { "", "-wal" };
	char path[96], synced[128];

	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof path, "%s%s", h->path, ends[i]);
		snprintf(synced, sizeof synced, "%s.cut", path);
		snprintf(path + strlen(path), sizeof path - strlen(path), ".synced");
		if (access(path, F_OK) == 0)
			keep(path, synced);
	}
	store_close(h->model.store);
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof path, "%s%s", h->path, ends[i]);
		snprintf(synced, sizeof synced, "%s.cut", path);
		unlink(path);
		rename(synced, path);
	}
	open_host(h);
}

static void
make_token(struct host *h, struct token *made)
{
	struct token body = { 0 };
	char text[TOKEN_TEXT_SIZE];
	struct err e = { 0 };

	row_put_text(&token_schema, &body, "name", "x");
	row_put_text(&token_schema, &body, "role", "viewer");
	row_put_text(&token_schema, &body, "tenant", "default");
	assert_int_equal(token_create(&h->model, &who_daemon, &body, false, made, text, &e), 0);
	record_clear(&token_schema, &body);
}

static void
test_a_revoked_token_stays_revoked(void **state)
{
	struct token kept = { 0 }, revoked = { 0 }, found = { 0 };
	struct host *h = *state;
	struct err e = { 0 };

	make_token(h, &kept);
	make_token(h, &revoked);
	cut_power(h);
	assert_int_equal(token_find(&h->model, &who_daemon, revoked.id, &found, &e), 0);
	record_clear(&token_schema, &found);
	assert_int_equal(token_delete(&h->model, &who_daemon, &revoked, false, &e), 0);
	cut_power(h);
	assert_int_equal(token_find(&h->model, &who_daemon, revoked.id, &found, &e), -1);
	err_clear(&e);
	assert_int_equal(token_find(&h->model, &who_daemon, kept.id, &found, &e), 0);
	record_clear(&token_schema, &found);
	record_clear(&token_schema, &kept);
	record_clear(&token_schema, &revoked);
}

/* Its job may begin at once, and what that does is on disk. */
static void
test_an_operation_stays_in_the_journal(void **state)
{
	struct operation begun = { 0 }, found = { 0 };
	struct host *h = *state;
	struct err e = { 0 };

	assert_int_equal(operation_template_build(&h->model, &who_daemon, "busybox", false, &begun, &e), 0);
	cut_power(h);
	assert_int_equal(operation_find(&h->model, &who_daemon, begun.id, &found, &e), 0);
	assert_string_equal(found.state, begun.state);
	record_clear(&operation_schema, &found);
	record_clear(&operation_schema, &begun);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_revoked_token_stays_revoked),
		TEST(test_an_operation_stays_in_the_journal),
	};

	watch_syncs();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
