#include "daemon/util/lockdown.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Only while CAP_SETPCAP is still there. */
static int
lockdown_drop_bounds(struct err *e)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, "drop capability %lu from the bounding set", cap);
	return 0;
}

static int
lockdown_keep_capabilities(const cap_value_t *kept, int nkept, struct err *e)
{
	cap_t caps = cap_init();
	int rc = -1;

	if (caps && (nkept == 0 || (cap_set_flag(caps, CAP_PERMITTED, nkept, kept, CAP_SET) == 0 &&
	                            cap_set_flag(caps, CAP_EFFECTIVE, nkept, kept, CAP_SET) == 0)))
		rc = cap_set_proc(caps);
	if (caps)
		cap_free(caps);
	return rc < 0 ? err_sys(e, "drop the capabilities") : 0;
}

int
lockdown_drop(uid_t uid, gid_t gid, const cap_value_t *kept, int nkept, struct err *e)
{
	if (lockdown_drop_bounds(e) < 0)
		return -1;
	if ((nkept > 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) || setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return err_sys(e, "become user %u", (unsigned int)uid);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return err_sys(e, "drop the ambient capabilities");
	if (lockdown_keep_capabilities(kept, nkept, e) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, "forbid new privileges");
	if (uid != 0 && setuid(0) == 0)
		return err_set(e, ERR_INTERNAL, "root came back");
	/* One that hangs would not see its engine go. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "tie the process to its parent");
	return 0;
}

int
lockdown_become(const char *user, const cap_value_t *kept, int nkept, struct err *e)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw || pw->pw_uid == 0)
		return err_set(e, ERR_INTERNAL, "there is no user '%s' but root", user);
	return lockdown_drop(pw->pw_uid, pw->pw_gid, kept, nkept, e);
}

int
lockdown_allow_reading(scmp_filter_ctx ctx)
{
	const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));

	return rc == 0 ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0)) : rc;
}

static int
lockdown_add_rules(scmp_filter_ctx ctx, const struct lockdown_filter *f)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->nallowed; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, f->allowed[i], 0);
	for (size_t i = 0; rc == 0 && i < f->ndeadly; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, f->deadly[i], 0);
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc == 0 && f->further ? f->further(ctx) : rc;
}

int
lockdown_filter(const struct lockdown_filter *filter, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!ctx)
		return err_set(e, ERR_INTERNAL, "seccomp_init failed");
	rc = lockdown_add_rules(ctx, filter);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	errno = -rc;
	return rc == 0 ? 0 : err_sys(e, "load the seccomp filter");
}
