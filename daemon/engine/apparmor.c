#include "daemon/engine/apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/engine/spawn.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

#ifndef BERTH_APPARMOR_DIR
#define BERTH_APPARMOR_DIR "/etc/apparmor.d"
#endif

enum { APPARMOR_LIST_MAX = 1 << 20 };

static const char apparmor_profile[] = "berth-container";

bool
apparmor_is_on(void)
{
	AUTO_FREE char *on = NULL;

	return fd_read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &on, NULL, NULL) == 0 && *on == 'Y';
}

static bool
apparmor_is_loaded(void)
{
	AUTO_FREE char *list = NULL;
	char line[64];

	if (fd_read_file(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", APPARMOR_LIST_MAX, &list, NULL, NULL) < 0)
		return false;
	snprintf(line, sizeof line, "%s (", apparmor_profile);
	for (const char *at = list; (at = strstr(at, line)); at++)
		if (at == list || at[-1] == '\n')
			return true;
	return false;
}

static int
apparmor_load(struct err *e)
{
	char program[] = "/sbin/apparmor_parser", replace[] = "--replace", path[] = BERTH_APPARMOR_DIR "/berth-container";
	char *argv[] = { program, replace, path, NULL };
	int status;
	pid_t pid;

	if (spawn_program(program, argv, NULL, 0, NULL, &pid, e) < 0)
		return -1;
	if (waitpid(pid, &status, 0) < 0)
		return err_sys(e, "wait for '%s'", program);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0
	                                                     : err_set(e, ERR_INTERNAL, "'%s' doesn't load '%s'", program, path);
}

int
apparmor_host_setup(struct layout *layout, struct err *e)
{
	struct err why = { 0 };

	if (!apparmor_is_on())
		return 0;
	if (!apparmor_is_loaded() && (apparmor_load(&why) < 0 || !apparmor_is_loaded())) {
		log_warning("containers run without an AppArmor profile: %s",
		            err_is_set(&why) ? why.message : "it isn't among those loaded");
		return 0;
	}
	return record_set_text(&layout_schema, layout, "apparmor", apparmor_profile, e);
}

int
apparmor_enter(const char *profile)
{
	AUTO_CLOSE int fd = open("/proc/thread-self/attr/apparmor/current", O_WRONLY | O_CLOEXEC);
	char text[80];
	int len = snprintf(text, sizeof text, "changeprofile %s", profile);

	return fd >= 0 && write(fd, text, (size_t)len) == len ? 0 : -1;
}
