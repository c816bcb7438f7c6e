#include "daemon/engine/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "daemon/util/fd.h"

/*
 * Everything else is allowed: these are whole systems. A condition looks at 32 bits of one argument: the kernel ignores
 * the upper half of an int, so must the filter.
 */
static const struct denied {
	const char *name;
	int error;
	bool conditional;
	unsigned int arg;
	uint64_t mask;
	uint64_t value;
} denied[] = {
	/* The kernel itself, its modules and its memory. */
	{ "kexec_load", EPERM },
	{ "kexec_file_load", EPERM },
	{ "init_module", EPERM },
	{ "finit_module", EPERM },
	{ "delete_module", EPERM },
	{ "create_module", ENOSYS },
	{ "iopl", EPERM },
	{ "ioperm", EPERM },
	{ "vm86", EPERM },
	{ "vm86old", EPERM },
	{ "uselib", ENOSYS },
	{ "lookup_dcookie", EPERM },
	{ "nfsservctl", ENOSYS },
	{ "_sysctl", ENOSYS },
	{ "acct", EPERM },
	{ "swapon", EPERM },
	{ "swapoff", EPERM },
	{ "quotactl", EPERM },
	{ "quotactl_fd", EPERM },
	/* The host's log and clock. */
	{ "syslog", EPERM },
	{ "settimeofday", EPERM },
	{ "stime", EPERM },
	{ "clock_settime", EPERM },
	{ "clock_settime64", EPERM },
	{ "clock_adjtime", EPERM },
	{ "clock_adjtime64", EPERM },
	{ "adjtimex", EPERM },
	/* Paths past the mount namespace, and mounts torn from under others. */
	{ "open_by_handle_at", EPERM },
	{ "umount2", EPERM, true, 1, MNT_FORCE, MNT_FORCE },
	/* Large and often broken kernel interfaces; keyrings aren't namespaced. */
	{ "bpf", EPERM },
	{ "perf_event_open", EPERM },
	{ "userfaultfd", EPERM },
	{ "io_uring_setup", EPERM },
	{ "io_uring_enter", EPERM },
	{ "io_uring_register", EPERM },
	{ "add_key", EPERM },
	{ "request_key", EPERM },
	{ "keyctl", EPERM },
	/* No user namespace below the container's. clone3's flags lie in memory: libc falls back to clone. */
	{ "clone", EPERM, true, 0, CLONE_NEWUSER, CLONE_NEWUSER },
	{ "unshare", EPERM, true, 0, CLONE_NEWUSER, CLONE_NEWUSER },
	{ "clone3", ENOSYS },
	/* Typing into the terminal of whoever entered. */
	{ "ioctl", EPERM, true, 1, UINT32_MAX, TIOCSTI },
	{ "ioctl", EPERM, true, 1, UINT32_MAX, TIOCLINUX },
	/*
	 * The way to the hypervisor, and past the firewall. 32-bit socketcall(2) has its arguments in memory, out of a filter's
	 * sight: for these two rows libseccomp refuses every socket that it would make, so 32-bit programs need socket(2).
	 */
	{ "socket", EAFNOSUPPORT, true, 0, UINT32_MAX, AF_VSOCK },
	{ "socket", EAFNOSUPPORT, true, 0, UINT32_MAX, AF_XDP },
};

static int
seccomp_deny(scmp_filter_ctx ctx, const struct denied *d)
{
	struct scmp_arg_cmp cmp = { d->arg, SCMP_CMP_MASKED_EQ, d->mask, d->value };
	int nr = seccomp_syscall_resolve_name(d->name);

	/* Newer than the library: nothing that it could be told. */
	if (nr == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO((uint16_t)d->error), nr, d->conditional, &cmp);
}

/* Architectures first: a rule goes to those that are there. */
static int
seccomp_fill(scmp_filter_ctx ctx)
{
	int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);

	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	/* A binary tree: every system call of every container pays for the search. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0 && seccomp_arch_native() == SCMP_ARCH_X86_64)
		rc = seccomp_arch_add(ctx, SCMP_ARCH_X86);
	if (rc == 0 && seccomp_arch_native() == SCMP_ARCH_X86_64)
		rc = seccomp_arch_add(ctx, SCMP_ARCH_X32);
	for (size_t i = 0; rc == 0 && i < sizeof denied / sizeof *denied; i++)
		rc = seccomp_deny(ctx, &denied[i]);
	return rc;
}

static int
seccomp_export(int fd, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (!ctx)
		return err_set(e, ERR_INTERNAL, "out of memory");
	rc = seccomp_fill(ctx);
	if (rc == 0)
		rc = seccomp_export_bpf(ctx, fd);
	seccomp_release(ctx);
	if (rc == 0)
		return 0;
	errno = -rc;
	return err_sys(e, "build the system call filter");
}

int
seccomp_compile(const char *path, struct err *e)
{
	AUTO_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
	AUTO_CLOSE int dir = -1;
	AUTO_FREE char *data = NULL;
	AUTO_FREE char *parent = strdup(path);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	size_t len;

	if (fd < 0 || !parent)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (!slash)
		return err_set(e, ERR_INTERNAL, "'%s' is no absolute path", path);
	*slash = '\0';
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open '%s'", parent);
	if (seccomp_export(fd, e) < 0)
		return -1;
	len = (size_t)lseek(fd, 0, SEEK_END);
	data = malloc(len);
	if (!data || pread(fd, data, len, 0) != (ssize_t)len)
		return err_set(e, ERR_INTERNAL, "read the system call filter back");
	return fd_replace_file(dir, slash + 1, data, len, 0600, false, e);
}
