#include "daemon/engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/util/fault.h"

static void
init_say(int sync, enum init_stage stage, const char *what)
{
	struct init_report report = { .stage = stage, .error = errno };

	snprintf(report.what, sizeof report.what, "%s", what);
	if (send(sync, &report, sizeof report, MSG_NOSIGNAL) < 0)
		_exit(126);
}

static void __attribute__((noreturn)) init_fail(int sync, const char *what)
{
	init_say(sync, INIT_FAILED, what);
	_exit(126);
}

/* Until the mounts are made nothing of the container's is looked at. */
static void
init_wait(int sync)
{
	char go;

	if (recv(sync, &go, 1, 0) != 1)
		_exit(126);
}

static void
init_become_root(int sync)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		init_fail(sync, "become the container's root");
	/* Two inits on one volume would destroy it: without its monitor nobody would know of this one. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		init_fail(sync, "tie init to its monitor");
	/* It may have died before it was tied. */
	if (launch_monitor_gone())
		_exit(126);
}

static void
init_take_console(int sync)
{
	int fd;

	if (setsid() < 0)
		init_fail(sync, "start a session");
	/* Locked in place by now, on a tmpfs that nobody else has seen. Not as controlling terminal: inits do that themselves. */
	fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		init_fail(sync, "open /dev/console");
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		init_fail(sync, "close descriptors");
}

static void
init_set_hostname(int sync, const struct spec *spec)
{
	const char *name = spec->config.hostname ? spec->config.hostname : spec->place.name;

	if (sethostname(name, strlen(name)) < 0)
		init_fail(sync, "set the host name");
}

static void __attribute__((noreturn)) init_exec(int sync, const struct spec *spec)
{
	const struct template *t = record_is_empty(&spec->rescue) ? &spec->template : &spec->rescue;
	char uuid[64];
	const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		                    "HOME=/root",
		                    "TERM=linux",
		                    "container=berth",
		                    uuid,
		                    NULL };

	snprintf(uuid, sizeof uuid, "container_uuid=%s", spec->place.id);
	init_say(sync, INIT_EXEC, "");
	FAULT("init.exec");
	execve(t->init.v[0], t->init.v, (char **)(uintptr_t)env);
	init_fail(sync, "run the template's init");
}

void
launch_init(const struct launch *l)
{
	int sync = l->sync;
	const char *what;

	if (cgroup_entry_join(&l->entry) < 0)
		init_fail(sync, "enter the cgroups");
	if (confine_profile(&l->confine) < 0)
		init_fail(sync, "enter the AppArmor profile");
	if (unshare(CLONE_NEWCGROUP) < 0)
		init_fail(sync, "make a cgroup namespace");
	FAULT("init.joined");
	init_say(sync, INIT_JOINED, "");
	init_wait(sync);
	FAULT("init.let-go");
	init_become_root(sync);
	if (chdir("/") < 0)
		init_fail(sync, "change to the container's root");
	/* A mount namespace of the container's own user namespace: everything in it so far becomes locked. */
	if (unshare(CLONE_NEWNS) < 0)
		init_fail(sync, "lock the mounts");
	FAULT("init.locked");
	init_set_hostname(sync, l->spec);
	init_take_console(sync);
	if (confine_apply(&l->confine, &what) < 0)
		init_fail(sync, what);
	init_exec(sync, l->spec);
}
