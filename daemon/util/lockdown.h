/* The way from root to a process with little to lose; for the api and the helpers. Nothing of it can be taken back. */
#ifndef BERTH_LOCKDOWN_H
#define BERTH_LOCKDOWN_H

#include <seccomp.h>
#include <stddef.h>
#include <sys/capability.h>
#include <sys/types.h>

#include "daemon/util/err.h"

/* `kept` capabilities at most, and no others in any set; the user's ids and no further groups; no new privileges, not dumpable;
 * dies with its parent. */
int lockdown_drop(uid_t uid, gid_t gid, const cap_value_t *kept, int nkept, struct err *e);
/* The same by the user's name, which mustn't be root's. */
int lockdown_become(const char *user, const cap_value_t *kept, int nkept, struct err *e);

/*
 * System calls: what isn't listed fails with EPERM, so that a library's optional call does no harm; what no bug should ever try
 * kills. Memory never becomes code. `further` adds rules on arguments, 0 or a negative errno; NULL: none.
 */
struct lockdown_filter {
	const int *allowed;
	size_t nallowed;
	const int *deadly;
	size_t ndeadly;
	int (*further)(scmp_filter_ctx ctx);
};
int lockdown_filter(const struct lockdown_filter *filter, struct err *e);
/* For `further`: open to read alone. */
int lockdown_allow_reading(scmp_filter_ctx ctx);

#endif
