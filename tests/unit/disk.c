/* A disk that fails, and one whose power is cut: what is read and written under the calls that the C library would make. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/engine/registry_file.h"
#include "daemon/util/fd.h"

enum { SYNCED_MAX = 16 };

static char dir_path[64];
static int dir = -1;
static ino_t synced[SYNCED_MAX]; /* of the files whose bytes are on the disk */
static size_t nsynced;
static bool hides_one;       /* of the next directory that is read, once */
static int fails_after = -1; /* so many entries of a directory are read, then none; -1: all */

int
fsync(int fd)
{
	struct stat st;

	if (nsynced < SYNCED_MAX && fstat(fd, &st) == 0)
		synced[nsynced++] = st.st_ino;
	return (int)syscall(SYS_fsync, fd);
}

struct dirent *
readdir(DIR *of)
{
	static struct dirent *(*usual)(DIR *);
	struct dirent *entry;

	if (!usual)
		*(void **)&usual = dlsym(RTLD_NEXT, "readdir");
	if (fails_after == 0) {
		errno = EIO;
		return NULL;
	}
	if (fails_after > 0)
		fails_after--;
	entry = usual(of);
	if (!hides_one || !entry || entry->d_type != DT_REG || strcmp(entry->d_name, "high") == 0)
		return entry;
	hides_one = false;
	return usual(of);
}

static int
set_up(void **state)
{
	struct err e = { 0 };

	snprintf(dir_path, sizeof dir_path, "/tmp/berth-disk.XXXXXX");
	if (!mkdtemp(dir_path))
		return -1;
	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	nsynced = 0;
	fails_after = -1;
	hides_one = false;
	return dir < 0 ? -1 : fd_mkdir_p(dir, "registry", 0700, &e);
}

static int
tear_down(void **state)
{
	struct err e = { 0 };

	fails_after = -1;
	close(dir);
	return fd_remove_tree(AT_FDCWD, dir_path, &e);
}

static bool
is_synced(const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(dir, path, &st, 0), 0);
	for (size_t i = 0; i < nsynced; i++)
		if (synced[i] == st.st_ino)
			return true;
	return false;
}

static void
write_place(int64_t ctid)
{
	struct settings s = { .state_dir = dir_path };
	char id[] = "6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11";
	struct place place = { .id = id, .ctid = ctid };
	struct err e = { 0 };

	record_mark(&place_schema, &place, "id", true);
	record_mark(&place_schema, &place, "ctid", true);
	assert_int_equal(registry_file_write(&s, &place, &e), 0);
}

/* Also when the container that had it is gone by then: a number is given once. */
static void
test_the_highest_number_outlives_a_power_cut(void **state)
{
	write_place(105);
	assert_true(is_synced("registry"));
	assert_true(is_synced("registry/high"));
}

static void
make_entries(const char *parent, int n)
{
	char path[64];
	struct err e = { 0 };

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%d", parent, i);
		assert_int_equal(fd_mkdir_p(dir, path, 0700, &e), 0);
	}
}

/* Else it would try for ever. */
static void
test_a_tree_that_cannot_be_read_is_not_removed(void **state)
{
	struct err e = { 0 };

	make_entries("tree", 4);
	fails_after = 0;
	alarm(10);
	assert_int_equal(fd_remove_tree(dir, "tree", &e), -1);
	alarm(0);
	assert_non_null(strstr(e.message, "read a directory"));
	assert_int_equal(e.sys, EIO);
	fails_after = -1;
	err_clear(&e);
	assert_int_equal(fd_remove_tree(dir, "tree", &e), 0);
}

static int
count_place(const struct place *place, void *arg, struct err *e)
{
	(*(int *)arg)++;
	return 0;
}

/* What isn't seen would be given to another: addresses, ids. */
static void
test_a_registry_that_cannot_be_read_is_no_empty_one(void **state)
{
	struct settings s = { .state_dir = dir_path };
	struct err e = { 0 };
	int64_t high = 0;
	int n = 0;

	fails_after = 0;
	assert_int_equal(registry_file_scan(&s, &high, count_place, &n, &e), -1);
	assert_int_equal(e.sys, EIO);
}

static void
make_entry(const char *id, int ctid)
{
	int registry = openat(dir, "registry", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };
	char text[400];
	int n = snprintf(
	        text, sizeof text,
	        "{\"id\":\"%s\",\"name\":\"web\",\"tenant\":\"acme\",\"tenant_number\":1,\"ctid\":%d,\"id_base\":1879048192,"
	        "\"veth\":\"ab%d\",\"template\":\"busybox@1\"}",
	        id, ctid, ctid);

	assert_int_equal(fd_replace_file(registry, id, text, (size_t)n, 0600, false, &e), 0);
	close(registry);
}

/* As btrfs and tmpfs list it. */
static void
test_an_entry_that_is_replaced_meanwhile_is_seen(void **state)
{
	struct settings s = { .state_dir = dir_path };
	struct err e = { 0 };
	int64_t high = 0;
	int n = 0;

	make_entry("6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a11", 105);
	make_entry("6f1c0a52-6a3e-4a39-9c1c-5b1f5f0f6a12", 106);
	hides_one = true;
	assert_int_equal(registry_file_scan(&s, &high, count_place, &n, &e), 0);
	assert_int_equal(n, 2);
}

static void
test_entries_of_a_directory(void **state)
{
	struct dirent *entry = NULL;
	struct err e = { 0 };
	int n = 0, before = next_fd(), rc;
	DIR *of;

	make_entries("some", 3);
	of = fd_open_dir(dir, "some", &e);
	assert_non_null(of);
	while ((rc = fd_next_entry(of, &entry, &e)) == 1)
		n++;
	assert_int_equal(rc, 0);
	assert_int_equal(n, 3);
	closedir(of);
	assert_null(fd_open_dir(dir, "none", &e));
	assert_int_equal(symlinkat("some", dir, "link"), 0);
	err_clear(&e);
	assert_null(fd_open_dir(dir, "link", &e));
	assert_int_equal(next_fd(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_highest_number_outlives_a_power_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_tree_that_cannot_be_read_is_not_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_registry_that_cannot_be_read_is_no_empty_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_entry_that_is_replaced_meanwhile_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_entries_of_a_directory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
