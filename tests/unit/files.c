/* Descriptors and small files. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/util/fd.h"

static char dir_path[] = "/tmp/berth-files.XXXXXX";
static int dir = -1;

static int
set_up(void **state)
{
	snprintf(dir_path, sizeof dir_path, "/tmp/berth-files.XXXXXX");
	if (!mkdtemp(dir_path))
		return -1;
	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct err e = { 0 };

	close(dir);
	return fd_remove_tree(AT_FDCWD, dir_path, &e);
}

static bool
exists(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
make_file(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void
test_read_a_file(void **state)
{
	struct err e = { 0 };
	char *data = NULL, big[10000];
	size_t len = 0;

	memset(big, 'b', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	make_file("big", big);
	assert_int_equal(fd_read_file(dir, "big", sizeof big, &data, &len, &e), 0);
	assert_int_equal(len, sizeof big - 1);
	assert_string_equal(data, big);
	free(data);
	data = NULL;
	assert_int_equal(fd_read_file(dir, "big", sizeof big - 1, &data, &len, &e), 0);
	free(data);
	data = NULL;
	assert_int_equal(fd_read_file(dir, "big", sizeof big - 2, &data, &len, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	assert_null(data);
	assert_int_equal(fd_read_file(dir, "absent", 10, &data, &len, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_int_equal(symlinkat("big", dir, "link"), 0);
	assert_int_equal(fd_read_file(dir, "link", sizeof big, &data, &len, &e), -1);
	assert_int_equal(e.sys, ELOOP);
	make_file("empty", "");
	assert_int_equal(fd_read_file(dir, "empty", 0, &data, NULL, &e), 0);
	assert_string_equal(data, "");
	free(data);
}

static void
test_replace_a_file(void **state)
{
	struct err e = { 0 };
	char *data = NULL;
	struct stat st;
	mode_t mask = umask(077);

	make_file("target", "untouched");
	assert_int_equal(symlinkat("target", dir, "replaced"), 0);
	assert_int_equal(fd_replace_file(dir, "replaced", "new", 3, 0644, true, &e), 0);
	umask(mask);
	assert_int_equal(fstatat(dir, "replaced", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_false(exists(".replaced.new"));
	assert_int_equal(fd_read_file(dir, "target", 100, &data, NULL, &e), 0);
	assert_string_equal(data, "untouched");
	free(data);
	assert_int_equal(symlinkat("target", dir, ".trap.new"), 0);
	assert_int_equal(fd_replace_file(dir, "trap", "new", 3, 0600, false, &e), -1);
	assert_int_equal(fd_replace_file(dir, "empty", NULL, 0, 0600, false, &e), 0);
	assert_true(exists("empty"));
	/* A failure leaves no temporary file. */
	assert_int_equal(mkdirat(dir, "busy", 0700), 0);
	assert_int_equal(fd_replace_file(dir, "busy", "new", 3, 0600, false, &e), -1);
	assert_false(exists(".busy.new"));
}

static void
test_make_directories(void **state)
{
	struct err e = { 0 };
	struct stat st;

	assert_int_equal(fd_mkdir_p(dir, "a/b/c", 0700, &e), 0);
	assert_int_equal(fd_mkdir_p(dir, "a/b/c/d/", 0700, &e), 0);
	assert_int_equal(fstatat(dir, "a/b/c/d", &st, 0), 0);
	assert_int_equal(fd_mkdir_p(AT_FDCWD, "/", 0700, &e), 0);
	assert_int_equal(fd_mkdir_p(dir, "", 0700, &e), -1);
	make_file("file", "");
	assert_int_equal(fd_mkdir_p(dir, "file/x", 0700, &e), -1);
	assert_int_equal(e.sys, ENOTDIR);
}

static void
test_remove_a_tree(void **state)
{
	struct err e = { 0 };

	assert_int_equal(fd_mkdir_p(dir, "tree/a/b", 0700, &e), 0);
	assert_int_equal(fd_mkdir_p(dir, "outside", 0700, &e), 0);
	make_file("outside/file", "kept");
	make_file("tree/a/file", "");
	make_file("tree/.hidden", "");
	make_file("tree/.remove-0", "");
	assert_int_equal(symlinkat("../outside", dir, "tree/link"), 0);
	assert_int_equal(symlinkat("../../outside", dir, "tree/a/link"), 0);
	assert_int_equal(mkfifoat(dir, "tree/fifo", 0600), 0);
	assert_int_equal(fd_remove_tree(dir, "tree", &e), 0);
	assert_false(exists("tree"));
	assert_true(exists("outside/file"));
	assert_int_equal(fd_remove_tree(dir, "tree", &e), 0);
	/* A link itself is removed, not what it leads to. */
	assert_int_equal(symlinkat("outside", dir, "link"), 0);
	assert_int_equal(fd_remove_tree(dir, "link", &e), 0);
	assert_false(exists("link"));
	assert_true(exists("outside/file"));
}

static void
test_remove_a_deep_tree(void **state)
{
	struct err e = { 0 };
	int fd = dup(dir);

	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(fd_remove_tree(dir, "d", &e), 0);
	assert_false(exists("d"));
}

static void
test_kernel_files(void **state)
{
	struct err e = { 0 };

	make_file("knob", "");
	assert_int_equal(fd_write_kernel(dir, "knob", "100", &e), 0);
	assert_int_equal(fd_write_kernel(dir, "absent", "100", &e), -1);
	assert_false(exists("absent"));
}

static void
test_pass_descriptors(void **state)
{
	int ends[2], fds[FD_PASS_MAX] = { 0 }, got[FD_PASS_MAX];
	char data[16];
	size_t n = 99;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	for (size_t count = 0; count <= FD_PASS_MAX; count++) {
		assert_int_equal(fd_send(ends[0], "abc", 3, fds, count, 0), 0);
		assert_int_equal(fd_recv(ends[1], data, sizeof data, got, &n, 0), 3);
		assert_int_equal(n, count);
		for (size_t i = 0; i < n; i++) {
			assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
			close(got[i]);
		}
	}
	assert_int_equal(fd_send(ends[0], "abc", 3, fds, FD_PASS_MAX + 1, 0), -1);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(fd_recv(ends[1], data, sizeof data, got, &n, 0), -1);
	assert_int_equal(errno, EAGAIN);
	close(ends[0]);
	assert_int_equal(fd_recv(ends[1], data, sizeof data, got, &n, 0), 0);
	assert_int_equal(fd_send(ends[1], "abc", 3, NULL, 0, 0), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

static void
test_too_long_a_datagram_leaks_nothing(void **state)
{
	int ends[2], fds[3] = { 0, 0, 0 }, got[FD_PASS_MAX], before;
	char data[4];
	size_t n = 99;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	before = next_fd();
	assert_int_equal(fd_send(ends[0], "abcdef", 6, fds, 3, 0), 0);
	assert_int_equal(fd_recv(ends[1], data, sizeof data, got, &n, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(next_fd(), before);
	close(ends[0]);
	close(ends[1]);
}

static void
test_take(void **state)
{
	int fd = 5;
	char *p = dir_path;

	assert_int_equal(take_fd(&fd), 5);
	assert_int_equal(fd, -1);
	assert_ptr_equal(take_ptr(&p), dir_path);
	assert_null(p);
}

static void
test_nonblock(void **state)
{
	struct err e = { 0 };
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_set_nonblock(ends[0], true, &e), 0);
	assert_true(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_set_nonblock(ends[0], false, &e), 0);
	assert_false(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(fd_set_nonblock(-1, true, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_a_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replace_a_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make_directories, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_remove_a_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_remove_a_deep_tree, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kernel_files, set_up, tear_down),
		cmocka_unit_test(test_pass_descriptors),
		cmocka_unit_test(test_too_long_a_datagram_leaks_nothing),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_nonblock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
