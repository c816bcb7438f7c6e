/*
 * What instances of one host share: each claims its id range, project ids and subnets under CLAIMS_DIR, by a file of its own name;
 * what they changed on the host together (sysctls, 169.254.0.1) is recorded there once, and taken back by the last that leaves.
 * A claim lives until `berthd --cleanup`, or until its instance's state directory is gone; all vanish with the host's /run.
 */
#ifndef BERTH_CLAIMS_H
#define BERTH_CLAIMS_H

#include "schema/settings.h"

/* Opens CLAIMS_DIR and waits at most 10 s for its lock; closing the descriptor gives it back. */
int claims_lock(const struct settings *s, int *dir_fd_out, struct err *e);

/* Told of each instance that has vanished: what it left on the host is to go. */
typedef void claims_gone(const char *instance, const struct strv *subnets);

/* What an instance's claim holds as its private subnets, nothing when there is none. false: out of memory. */
bool claims_subnets(int dir_fd, const char *instance, struct strv *subnets_out);

/*
 * Writes this instance's claim. An overlap with another's is refused with the option and the other's name; so is another's name.
 */
int claims_take(const struct settings *s, int dir_fd, claims_gone *gone, struct err *e);
/* Removes it. *last_out: no other instance is left. */
int claims_drop(const struct settings *s, int dir_fd, claims_gone *gone, bool *last_out, struct err *e);

/* Sets a sysctl (below /proc/sys, with slashes) after recording what it was, the first time anybody does. NULL: records alone. */
int claims_set_sysctl(int dir_fd, const char *path, const char *value, struct err *e);
/* Notes a thing done ("address"), or tells whether it was. */
int claims_note(int dir_fd, const char *name, struct err *e);
bool claims_noted(int dir_fd, const char *name);
/* Puts every recorded sysctl back and forgets all notes. Goes on over failures and tells the last. */
int claims_restore(int dir_fd, struct err *e);

#endif
