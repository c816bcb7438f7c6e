#include <stdio.h>
#include <unistd.h>

#include "daemon/engine/launch.h"
#include "daemon/engine/unit.h"
#include "daemon/util/fd.h"

int
launch_unit_begin(struct launch *l, struct err *e)
{
	const struct settings *s = &l->spec->settings;
	const struct place *place = &l->spec->place;
	char scope[CGROUP_UNIT_MAX], slice[CGROUP_UNIT_MAX], text[128], monitor[16], machine[CGROUP_UNIT_MAX];
	const char *const words[] = { "scope",
		                      cgroup_scope_name(s, place->ctid, scope),
		                      cgroup_slice_name(s, slice),
		                      cgroup_unified_root(&l->spec->layout),
		                      text,
		                      monitor,
		                      machine,
		                      place->id,
		                      place->veth,
		                      NULL };
	pid_t pid;

	if (!cgroup_is_systemd(&l->spec->layout))
		return 0;
	snprintf(text, sizeof text, "Container %s of %s", place->name, place->tenant);
	snprintf(monitor, sizeof monitor, "%d", (int)getppid());
	cgroup_machine_name(s, place->ctid, machine);
	/* Never waited for: it ends when this process does, or when machined has answered. */
	return unit_spawn(s, words, &l->unit, &pid, e);
}

int
launch_unit_wait(struct launch *l, struct err *e)
{
	return l->unit < 0 ? 0 : unit_hear(l->unit, e);
}

void
launch_unit_register(struct launch *l)
{
	struct unit_leader leader = { l->pid };

	/* A start doesn't fail for it. */
	if (l->unit >= 0)
		(void)!fd_send(l->unit, &leader, sizeof leader, &l->pidfd, 1, 0);
}
