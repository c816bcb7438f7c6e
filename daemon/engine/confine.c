#include "daemon/engine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/engine/apparmor.h"
#include "daemon/engine/seccomp.h"
#include "daemon/util/fd.h"

/* What no container may have, although its user namespace would tame most of it. Without SYS_RAWIO systemd isn't "degraded". */
static const int dropped_capabilities[] = {
	CAP_SYS_MODULE,    CAP_SYS_RAWIO,  CAP_SYS_TIME, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN, CAP_WAKE_ALARM,
	CAP_BLOCK_SUSPEND, CAP_AUDIT_READ, CAP_PERFMON,  CAP_BPF,          CAP_SYSLOG,
};

/* The same whatever started the daemon; a Linux kernel's own defaults but for the number of files. */
static const struct {
	int resource;
	rlim_t soft;
	rlim_t hard;
} limits[] = {
	{ RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_STACK, 8 << 20, RLIM_INFINITY },
	{ RLIMIT_CORE, 0, RLIM_INFINITY },
	{ RLIMIT_RSS, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_NOFILE, 1024, 524288 },
	{ RLIMIT_MEMLOCK, 8 << 20, 8 << 20 },
	{ RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_LOCKS, RLIM_INFINITY, RLIM_INFINITY },
	{ RLIMIT_SIGPENDING, 8192, 8192 },
	{ RLIMIT_MSGQUEUE, 819200, 819200 },
	{ RLIMIT_NICE, 0, 0 },
	{ RLIMIT_RTPRIO, 0, 0 },
	{ RLIMIT_RTTIME, RLIM_INFINITY, RLIM_INFINITY },
};

int
confine_open(const struct spec *spec, struct confine *confine_out, struct err *e)
{
	if (seccomp_read(spec->layout.seccomp_file, &confine_out->program, &confine_out->len, e) < 0)
		return -1;
	if (!spec->layout.apparmor)
		return 0;
	confine_out->apparmor = strdup(spec->layout.apparmor);
	return confine_out->apparmor ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

void
confine_close(struct confine *confine)
{
	free(confine->program);
	free(confine->apparmor);
	*confine = (struct confine){ 0 };
}

/* Where the host's root may not raise a limit, it becomes the highest allowed. */
static int
confine_limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit want = { soft, hard }, have;

	if (setrlimit(resource, &want) == 0)
		return 0;
	if (errno != EPERM || getrlimit(resource, &have) < 0)
		return -1;
	if (have.rlim_max < want.rlim_max)
		want.rlim_max = have.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	return setrlimit(resource, &want);
}

int
confine_host(struct err *e)
{
	AUTO_CLOSE int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (confine_limit(limits[i].resource, limits[i].soft, limits[i].hard) < 0)
			return err_sys(e, "set resource limit %d", limits[i].resource);
	if (oom < 0 || write(oom, "0", 1) != 1)
		return err_sys(e, "set oom_score_adj");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return err_sys(e, "make a session keyring");
	umask(022);
	return 0;
}

int
confine_profile(const struct confine *confine)
{
	return confine->apparmor ? apparmor_enter(confine->apparmor) : 0;
}

static void
confine_signals(void)
{
	sigset_t none;

	for (int i = 1; i <= SIGRTMAX; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int
confine_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	for (size_t i = 0; i < sizeof dropped_capabilities / sizeof *dropped_capabilities; i++)
		if (prctl(PR_CAPBSET_DROP, dropped_capabilities[i], 0, 0, 0) < 0 && errno != EINVAL)
			return -1;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -1;
	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[0].inheritable = data[1].inheritable = 0;
	for (size_t i = 0; i < sizeof dropped_capabilities / sizeof *dropped_capabilities; i++) {
		int word = dropped_capabilities[i] / 32;
		uint32_t bit = (uint32_t)1 << (dropped_capabilities[i] % 32);

		data[word].effective &= ~bit;
		data[word].permitted &= ~bit;
	}
	return (int)syscall(SYS_capset, &header, data);
}

int
confine_apply(const struct confine *confine, const char **what_out)
{
	confine_signals();
	*what_out = "drop capabilities";
	if (confine_capabilities() < 0)
		return -1;
	*what_out = "install the system call filter";
	return seccomp_install(confine->program, confine->len);
}
