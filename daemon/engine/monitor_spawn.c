/* A container's monitor is started; also the one that tidies up after another that was killed. */
#include "daemon/engine/monitors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/spawn.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { MONITOR_WORDS_MAX = 32, MONITOR_LAUNCH_FD = 3 };

int
monitors_spawn(struct engine *engine, const struct container *ct, const struct template *t, int channel, pid_t *pid_out,
               struct err *e)
{
	const struct settings *s = engine->settings;
	const struct place *place = &ct->place;
	char groups[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX];
	size_t ngroups = cgroup_paths(s, &engine->layout, place->ctid, groups), n = 0;
	char program[SPEC_PATH_MAX], job[SPEC_PATH_MAX], run_dir[SPEC_PATH_MAX], unit[SPEC_PATH_MAX];
	char name[CGROUP_UNIT_MAX], size[32], *argv[MONITOR_WORDS_MAX + 2 * CGROUP_ROOTS_MAX];

	snprintf(program, sizeof program, "%s/berth-monitor", s->libexec_dir);
	snprintf(job, sizeof job, "%s/berth-launch", s->libexec_dir);
	snprintf(run_dir, sizeof run_dir, "%s/ct/%lld", s->run_dir, (long long)place->ctid);
	cgroup_machine_name(s, place->ctid, name);
	snprintf(unit, sizeof unit, "%s/berth-unit", s->libexec_dir);
	snprintf(size, sizeof size, "%lld", (long long)s->console_log);
	/* Words that spawn_program() only reads. */
	const char *words[] = { "berth-monitor",
		                "--name",
		                name,
		                "--job",
		                job,
		                "--stop",
		                t ? t->stop_signal : "TERM",
		                "--reboot",
		                t ? t->reboot_signal : "TERM",
		                "--console-log",
		                size,
		                "--launch-fd",
		                "3",
		                "--kill",
		                ngroups ? groups[0] : "",
		                "--container",
		                place->name,
		                "--id",
		                place->id,
		                "--tenant",
		                place->tenant ? place->tenant : "" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		argv[n++] = (char *)(uintptr_t)words[i];
	for (size_t i = 0; i < ngroups; i++) {
		argv[n++] = (char *)(uintptr_t) "--group";
		argv[n++] = groups[i];
	}
	if (!t)
		argv[n++] = (char *)(uintptr_t) "--tidy";
	if (cgroup_is_systemd(&engine->layout)) {
		argv[n++] = (char *)(uintptr_t) "--unregister";
		argv[n++] = unit;
	}
	argv[n] = NULL;
	return spawn_program(program, argv, &(struct spawn_fd){ channel, MONITOR_LAUNCH_FD }, 1, run_dir, pid_out, e);
}

bool
monitors_left_something(const struct engine *engine, const struct container *ct)
{
	char groups[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX], path[64];
	size_t n = cgroup_paths(engine->settings, &engine->layout, ct->place.ctid, groups);

	snprintf(path, sizeof path, "ct/%lld/monitor", (long long)ct->place.ctid);
	if (faccessat(engine->run_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	while (n-- > 0)
		if (access(groups[n], F_OK) == 0)
			return true;
	return false;
}

bool
monitors_tidy(struct engine *engine, struct container *ct)
{
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	struct err e = { 0 };
	int pair[2];
	pid_t pid;

	if (!monitors_left_something(engine, ct))
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return false;
	ours = pair[0];
	theirs = pair[1];
	log_warning("the monitor of container %lld has died: removing what it left", (long long)ct->place.ctid);
	if (monitors_spawn(engine, ct, NULL, theirs, &pid, &e) == 0 && monitors_attach(engine, ct, ours, &e) == 0) {
		take_fd(&ours);
		ct->tidying = true;
		ct->state = STATE_STOPPING;
		return true;
	}
	log_err(&e, "remove what the monitor of container %lld left", (long long)ct->place.ctid);
	return false;
}
