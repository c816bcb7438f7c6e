/* AppArmor, where the kernel has it: the profile that every container runs under. */
#ifndef BERTH_APPARMOR_H
#define BERTH_APPARMOR_H

#include "schema/spec.h"

/*
 * Fills layout->apparmor with the containers' profile, loading it from SYSCONFDIR/apparmor.d where that hasn't been done; leaves
 * it out where the kernel has no AppArmor, or the profile can't be loaded, which is logged: containers start without it.
 */
int apparmor_host_setup(struct layout *layout, struct err *e);
/* Whether the kernel has it and uses it. */
bool apparmor_is_on(void);

/* The next execve() of this process, or of a child that it makes before, is under the profile. */
int apparmor_on_exec(const char *profile, struct err *e);

#endif
