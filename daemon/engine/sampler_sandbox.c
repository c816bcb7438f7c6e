#include "daemon/engine/sampler_sandbox.h"

#include "daemon/util/lockdown.h"

/* Not dumpable: the api, of the same user, can neither look in nor take it over. */
int
sampler_drop(const char *user, struct err *e)
{
	static const cap_value_t kept[] = { CAP_NET_ADMIN };

	return lockdown_become(user, kept, 1, e);
}

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

int
sampler_filter(struct err *e)
{
	static const struct lockdown_filter filter = {
		.allowed = sampler_allowed,
		.nallowed = sizeof sampler_allowed / sizeof *sampler_allowed,
		.deadly = sampler_deadly,
		.ndeadly = sizeof sampler_deadly / sizeof *sampler_deadly,
		.further = lockdown_allow_reading,
	};

	return lockdown_filter(&filter, e);
}
