/* Which project is whose, and how many files it may have. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "daemon/engine/project.h"

static void
test_each_range_has_a_number(void **state)
{
	const struct settings s = { .id_base = 1879048192, .id_count = 4000, .project_base = 1879048 };
	const struct settings last = { .id_base = 65536, .id_count = 32768, .project_base = 4000000000 };

	assert_int_equal(project_number(&s, 1879048192), 1879048);
	assert_int_equal(project_number(&s, 1879048192 + 65536), 1879049);
	assert_int_equal(project_number(&s, 1879048192 + 3999LL * 65536), 1883047);
	assert_true(project_number(&last, 65536 + 32767LL * 65536) == 4000032767);
}

static void
test_files_go_with_space(void **state)
{
	assert_int_equal(project_inodes(16 << 20), 8192);
	assert_int_equal(project_inodes(128 << 20), 8192);
	assert_int_equal(project_inodes(256 << 20), 16384);
	assert_int_equal(project_inodes(10LL << 30), 655360);
	assert_int_equal(project_inodes(4096LL << 40), 274877906944);
}

/* Nothing is taken for a file system with project quotas that is none. */
static void
test_not_everywhere(void **state)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_false(project_is_enforced(fd));
	assert_false(project_is_enforced(-1));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_range_has_a_number),
		cmocka_unit_test(test_files_go_with_space),
		cmocka_unit_test(test_not_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
