/* The daemon's options, launch specs, signals, states. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/util/fd.h"
#include "daemon/util/signals.h"
#include "schema/operation.h"
#include "schema/spec.h"
#include "tests/unit/records.h"

static void
test_defaults_are_right(void **state)
{
	struct settings s = { 0 };
	struct err e = { 0 };

	assert_int_equal(record_set_text(&settings_schema, &s, "state_dir", "/srv/berth", &e), 0);
	assert_true(settings_apply_defaults(&s));
	if (settings_check(&s, &e) < 0)
		fail_msg("%s %s", e.params[0].name, e.params[0].reason);
	assert_string_equal(s.pool_dir, "/srv/berth/pool");
	assert_string_equal(s.socket, "/run/berth/berth.sock");
	assert_int_equal(s.token_listen.n, 1);
	assert_string_equal(s.token_listen.v[0], "/run/berth/token.sock");
	assert_string_equal(s.instance, "berth");
	assert_int_equal(s.nat, 1);
	assert_true(settings_apply_defaults(&s));
	record_clear(&settings_schema, &s);
}

/* One wrong option, with the defaults for all others. */
static void
refuse(const char *name, const char *text, const char *named)
{
	struct settings s = { 0 };
	struct err e = { 0 };

	record_set_text(&settings_schema, &s, name, text, &e);
	assert_true(settings_apply_defaults(&s));
	err_clear(&e);
	if (settings_check(&s, &e) == 0 || !err_names(&e, named))
		fail_msg("%s = %s is taken", name, text);
	record_clear(&settings_schema, &s);
}

static void
test_wrong_options(void **state)
{
	refuse("id_base", "65537", "id_base");
	refuse("id_base", "0", "id_base");
	refuse("subnet4", "fd00::/64", "subnet4");
	refuse("subnet6", "10.0.0.0/8", "subnet6");
	refuse("run_dir", "relative", "run_dir");
	refuse("state_dir", "/srv/../etc", "state_dir");
	refuse("state_dir", "/srv/..", "state_dir");
	refuse("token_listen", "0.0.0.0:8440", "token_listen");
	refuse("token_listen", "192.0.2.1:8440", "token_listen");
	refuse("token_listen", "[2001:db8::1]:8440", "token_listen");
	refuse("token_listen", "127.0.0.1:0", "token_listen");
	refuse("token_listen", "127.0.0.1:65536", "token_listen");
	refuse("token_listen", "/run/berth/berth.sock", "token_listen");
	refuse("storage", "zfs", "storage");
	refuse("log_level", "loud", "log_level");
	refuse("instance", "toolong", "instance");
	refuse("management", "10.0.0.1", "management");
	refuse("reserve_memory", "91", "reserve_memory");
	refuse("pool_size", "1M", "pool_size");
}

static void
test_last_user_id(void **state)
{
	struct settings s = { 0 };
	struct err e = { 0 };

	record_set_text(&settings_schema, &s, "id_base", "4294836224", &e);
	record_set_text(&settings_schema, &s, "id_count", "1", &e);
	assert_true(settings_apply_defaults(&s));
	assert_int_equal(settings_check(&s, &e), 0);
	s.id_count = 2;
	assert_int_equal(settings_check(&s, &e), -1);
	record_clear(&settings_schema, &s);
}

static void
test_specs_are_kept(void **state)
{
	char dir_path[] = "/tmp/berth-spec.XXXXXX", path[SPEC_PATH_MAX];
	struct spec spec = { 0 }, again = { 0 };
	struct err e = { 0 };
	struct stat st;
	char *text = NULL;
	int dir;

	assert_non_null(mkdtemp(dir_path));
	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	records_fill(&spec_schema, &spec, false);
	free(spec.config.password);
	spec.config.password = strdup("canary-password");
	assert_int_equal(spec_save(&spec, dir, "spec", &e), 0);
	assert_int_equal(fstatat(dir, "spec", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(fd_read_file(dir, "spec", 1 << 20, &text, NULL, &e), 0);
	assert_null(strstr(text, "canary-password"));
	free(text);
	assert_int_equal(spec_load(&again, dir, "spec", &e), 0);
	assert_false(record_has(&container_config_schema, &again.config, "password"));
	record_mark(&container_config_schema, &spec.config, "password", false);
	assert_true(records_equal(&spec_schema, &spec, &again));
	snprintf(path, sizeof path, "%s/%s", spec.settings.pool_dir, spec.place.id);
	assert_string_equal(spec_volume_dir(&again, path), path);
	record_clear(&spec_schema, &again);
	assert_int_equal(fd_replace_file(dir, "spec", "{\"settings\":", 12, 0600, false, &e), 0);
	assert_int_equal(spec_load(&again, dir, "spec", &e), -1);
	assert_int_equal(fd_replace_file(dir, "spec", "[]", 2, 0600, false, &e), 0);
	assert_int_equal(spec_load(&again, dir, "spec", &e), -1);
	record_clear(&spec_schema, &again);
	record_clear(&spec_schema, &spec);
	close(dir);
	assert_int_equal(fd_remove_tree(AT_FDCWD, dir_path, &e), 0);
}

static void
test_signals(void **state)
{
	static const char *const wrong[] = { "",         "0",        "-1", "SIGTERM", "term",  "RTMIN", "RTMIN+",
		                             "RTMIN+99", "RTMIN+-1", "65", "15x",     "TERM ", "1.5" };
	char last[32];

	assert_int_equal(signals_number("TERM"), SIGTERM);
	assert_int_equal(signals_number("15"), 15);
	assert_int_equal(signals_number("RTMIN+4"), SIGRTMIN + 4);
	assert_int_equal(signals_number("RTMIN+0"), SIGRTMIN);
	snprintf(last, sizeof last, "RTMIN+%d", SIGRTMAX - SIGRTMIN);
	assert_int_equal(signals_number(last), SIGRTMAX);
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (signals_number(wrong[i]) != 0)
			fail_msg("'%s' is signal %d", wrong[i], signals_number(wrong[i]));
}

static void
test_states(void **state)
{
	for (int i = 0; i < STATE_COUNT; i++) {
		enum container_state found;

		assert_int_equal(container_state_of_name(container_state_name((enum container_state)i), &found), 1);
		assert_int_equal(found, i);
	}
	assert_int_equal(container_state_of_name("dead", &(enum container_state){ 0 }), 0);
	assert_string_equal(container_state_name((enum container_state)99), "unknown");
	for (int i = 0; i < OPERATION_STATE_COUNT; i++) {
		struct operation o = { .state = (char *)(uintptr_t)operation_state_name((enum operation_state)i) };

		assert_int_equal(operation_is_open(&o), i == OPERATION_QUEUED || i == OPERATION_RUNNING);
	}
	assert_false(operation_is_open(&(struct operation){ 0 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_right),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_last_user_id),
		cmocka_unit_test(test_specs_are_kept),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
