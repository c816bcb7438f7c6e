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

/*
 * From now on. Not from the next execve() on: a profile that changes there takes the parent-death signal away, by which init
 * ends with its monitor. -1 with errno.
 */
int apparmor_enter(const char *profile);

#endif
