#include "daemon/engine/sampler_sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
sampler_keep_one(struct err *e)
{
	static const cap_value_t kept[] = { CAP_NET_ADMIN };
	cap_t caps = cap_init();
	int rc = -1;

	if (caps && cap_set_flag(caps, CAP_PERMITTED, 1, kept, CAP_SET) == 0 &&
	    cap_set_flag(caps, CAP_EFFECTIVE, 1, kept, CAP_SET) == 0)
		rc = cap_set_proc(caps);
	if (caps)
		cap_free(caps);
	return rc < 0 ? err_sys(e, "drop the capabilities") : 0;
}

int
sampler_drop(const char *user, struct err *e)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw || pw->pw_uid == 0)
		return err_set(e, ERR_INTERNAL, "there is no user '%s' but root", user);
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, "drop capability %lu from the bounding set", cap);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return err_sys(e, "become user %s", user);
	if (sampler_keep_one(e) < 0)
		return -1;
	/* Not dumpable: the api, of the same user, can neither look in nor take it over. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "forbid new privileges");
	return 0;
}

/* What isn't listed fails with EPERM. */
static const int sampler_allowed[] = {
	SCMP_SYS(brk),          SCMP_SYS(clock_gettime),  SCMP_SYS(clock_nanosleep), SCMP_SYS(close),   SCMP_SYS(exit),
	SCMP_SYS(exit_group),   SCMP_SYS(fcntl),          SCMP_SYS(fstat),           SCMP_SYS(futex),   SCMP_SYS(getpid),
	SCMP_SYS(getrandom),    SCMP_SYS(gettid),         SCMP_SYS(gettimeofday),    SCMP_SYS(lseek),   SCMP_SYS(madvise),
	SCMP_SYS(mremap),       SCMP_SYS(munmap),         SCMP_SYS(newfstatat),      SCMP_SYS(poll),    SCMP_SYS(ppoll),
	SCMP_SYS(pread64),      SCMP_SYS(read),           SCMP_SYS(recvfrom),        SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),    SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(stat),         SCMP_SYS(time),           SCMP_SYS(tgkill),          SCMP_SYS(write),   SCMP_SYS(writev),
};

static const int sampler_deadly[] = {
	SCMP_SYS(execve),   SCMP_SYS(execveat), SCMP_SYS(fork),   SCMP_SYS(vfork),      SCMP_SYS(clone),
	SCMP_SYS(clone3),   SCMP_SYS(ptrace),   SCMP_SYS(socket), SCMP_SYS(connect),    SCMP_SYS(bind),
	SCMP_SYS(listen),   SCMP_SYS(mount),    SCMP_SYS(setns),  SCMP_SYS(unshare),    SCMP_SYS(bpf),
	SCMP_SYS(unlinkat), SCMP_SYS(ioctl),    SCMP_SYS(chroot), SCMP_SYS(setsockopt),
};

static int
sampler_add_rules(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof sampler_allowed / sizeof *sampler_allowed; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, sampler_allowed[i], 0);
	for (size_t i = 0; rc == 0 && i < sizeof sampler_deadly / sizeof *sampler_deadly; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, sampler_deadly[i], 0);
	/* To read alone, and no memory becomes code. */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
		                      SCMP_A2(SCMP_CMP_MASKED_EQ, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
		                      SCMP_A1(SCMP_CMP_MASKED_EQ, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

int
sampler_filter(struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!ctx)
		return err_set(e, ERR_INTERNAL, "seccomp_init failed");
	rc = sampler_add_rules(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	errno = -rc;
	return rc == 0 ? 0 : err_sys(e, "load the seccomp filter");
}
