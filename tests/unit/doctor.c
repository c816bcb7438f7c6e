/* What the doctor makes of a kernel's version. */
#include "tests/unit/unit.h"

#include "daemon/engine/doctor.h"

static void
test_versions_are_read(void **state)
{
	static const struct {
		const char *release, *version;
		struct doctor_kernel kernel;
	} rows[] = {
		{ "6.1.0-28-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)", { 6, 1, 119 } },
		{ "6.18.44", "#1 SMP", { 6, 18, 44 } },
		{ "6.12-rc3", "#1 SMP", { 6, 12, 0 } },
	};
	struct doctor_kernel kernel;

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(doctor_parse_kernel(rows[i].release, rows[i].version, &kernel));
		assert_memory_equal(&kernel, &rows[i].kernel, sizeof kernel);
	}
	assert_false(doctor_parse_kernel("unknown", "", &kernel));
}

static void
test_defects_are_known(void **state)
{
	static const struct doctor_kernel safe[] = { { 6, 1, 76 }, { 6, 1, 119 }, { 6, 6, 15 },
		                                     { 6, 7, 3 },  { 6, 8, 0 },   { 7, 0, 0 } };
	static const struct doctor_kernel open[] = { { 6, 1, 75 }, { 6, 1, 8 }, { 6, 5, 13 }, { 6, 6, 14 }, { 6, 7, 2 } };

	for (size_t i = 0; i < COUNT(safe); i++)
		assert_null(doctor_known_defect(&safe[i]));
	for (size_t i = 0; i < COUNT(open); i++)
		assert_non_null(doctor_known_defect(&open[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions_are_read),
		cmocka_unit_test(test_defects_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
