/*
 * What every process inside a container is confined by besides its namespaces and cgroups: bounding set, seccomp filter,
 * resource limits. Init and each `exec` go through the same calls:
 *
 *   confine_open()     on the host: loads what the filter needs
 *   confine_host()     on the host, in the process that clones or enters: resource limits (they can't be raised inside),
 *                      oom_score_adj 0, a session keyring of its own, umask 022
 *   confine_profile()  in the process that will run inside, while it still has the host's /proc: the AppArmor profile
 *   confine_apply()    inside, as the container's root, before setresuid() to another user and before execve()
 */
#ifndef BERTH_CONFINE_H
#define BERTH_CONFINE_H

#include "schema/spec.h"

struct confine {
	void *program;  /* BPF; owned */
	size_t len;     /* bytes */
	char *apparmor; /* profile, or NULL; owned */
};

int confine_open(const struct spec *spec, struct confine *confine_out, struct err *e);
void confine_close(struct confine *confine);

int confine_host(struct err *e);
/* -1 with errno. */
int confine_profile(const struct confine *confine);

/*
 * Async-signal-safe. Default signal dispositions and an empty mask, bounding set, no inheritable or ambient capabilities,
 * the filter. Needs CAP_SYS_ADMIN in the container's user namespace; doesn't set no_new_privs. -1 with errno, and what
 * failed in *what_out.
 */
int confine_apply(const struct confine *confine, const char **what_out);

#endif
