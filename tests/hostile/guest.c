/*
 * What root inside a container tries. `guest NAME` makes one attempt and prints "refused ERRNO-NAME", "FAILED OTHERWISE …" or
 * "SUCCEEDED"; without a name it lists the attempts. Static: it is run inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif

#define TRY(name, call)                                                                                                            \
	static long name(void)                                                                                                     \
	{                                                                                                                          \
		return (long)(call);                                                                                               \
	}

TRY(try_umount_kcore, umount2("/proc/kcore", 0))
TRY(try_umount_keys, umount2("/proc/keys", MNT_DETACH))
TRY(try_umount_timer_list, umount2("/proc/timer_list", MNT_DETACH))
TRY(try_umount_sys_firmware, umount2("/sys/firmware", MNT_DETACH))
TRY(try_umount_proc, umount2("/proc", MNT_DETACH))
TRY(try_umount_sys, umount2("/sys", MNT_DETACH))
TRY(try_umount_proc_sys, umount2("/proc/sys", MNT_DETACH))
TRY(try_remount_sys, mount(NULL, "/sys", NULL, MS_REMOUNT | MS_BIND, NULL))
TRY(try_remount_proc_sys, mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL))
TRY(try_fresh_sysfs, mount("sysfs", "/mnt", "sysfs", 0, NULL))
TRY(try_mknod_disk, mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)))
TRY(try_mknod_mem, mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1)))
TRY(try_open_sysrq, open("/proc/sysrq-trigger", O_WRONLY))
TRY(try_write_core_pattern, open("/proc/sys/kernel/core_pattern", O_WRONLY))
TRY(try_write_modprobe, open("/proc/sys/kernel/modprobe", O_WRONLY))
TRY(try_write_uevent, open("/sys/kernel/uevent_helper", O_WRONLY))
TRY(try_open_kmsg, open("/dev/kmsg", O_RDWR))
TRY(try_new_user_namespace, unshare(CLONE_NEWUSER))
TRY(try_clone_user_namespace, syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0))
TRY(try_clone3, syscall(SYS_clone3, NULL, 0))
TRY(try_bpf, syscall(SYS_bpf, 0, NULL, 0))
TRY(try_perf, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
TRY(try_userfaultfd, syscall(SYS_userfaultfd, 0))
TRY(try_io_uring, syscall(SYS_io_uring_setup, 1, NULL))
TRY(try_keyctl, syscall(SYS_keyctl, 0, -3, 1))
TRY(try_add_key, syscall(SYS_add_key, "user", "a", "b", 1, -2))
TRY(try_request_key, syscall(SYS_request_key, "user", "a", NULL, 0))
TRY(try_kexec, syscall(SYS_kexec_load, 0, 0, NULL, 0))
TRY(try_init_module, syscall(SYS_init_module, NULL, 0, ""))
TRY(try_finit_module, syscall(SYS_finit_module, 0, "", 0))
TRY(try_delete_module, syscall(SYS_delete_module, "x", 0))
TRY(try_open_by_handle, syscall(SYS_open_by_handle_at, -1, NULL, 0))
TRY(try_swapon, syscall(SYS_swapon, "/etc/passwd", 0))
TRY(try_quotactl, syscall(SYS_quotactl, 0, "/", 0, NULL))
TRY(try_vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
TRY(try_xdp, socket(AF_XDP, SOCK_RAW, 0))
TRY(try_acct, syscall(SYS_acct, "/tmp/acct"))
TRY(try_syslog, syscall(SYS_syslog, 3, NULL, 0))
TRY(try_iopl, syscall(SYS_iopl, 3))
TRY(try_umount_force, umount2("/tmp", MNT_FORCE))
TRY(try_umount_dev, umount2("/dev", MNT_DETACH))
TRY(try_umount_pts, umount2("/dev/pts", MNT_DETACH))
TRY(try_bind_bare_proc, mount("/proc", "/mnt", NULL, MS_BIND, NULL))
TRY(try_bind_bare_sys, mount("/sys", "/mnt", NULL, MS_BIND, NULL))
TRY(try_bind_bare_root, mount("/", "/mnt", NULL, MS_BIND, NULL))
TRY(try_clone_bare_proc, syscall(SYS_open_tree, AT_FDCWD, "/proc", 1 /* OPEN_TREE_CLONE */))
TRY(try_mount_disk, mount("/dev/vda", "/mnt", "ext4", 0, NULL))
TRY(try_fresh_debugfs, mount("debugfs", "/mnt", "debugfs", 0, NULL))
TRY(try_fresh_tracefs, mount("tracefs", "/mnt", "tracefs", 0, NULL))
TRY(try_fresh_securityfs, mount("securityfs", "/mnt", "securityfs", 0, NULL))
TRY(try_write_host_sysctl, open("/proc/sys/vm/overcommit_memory", O_WRONLY))
TRY(try_write_cgroup_limit, open("/sys/fs/cgroup/cgroup.max.descendants", O_WRONLY))
TRY(try_write_irq, open("/proc/irq/default_smp_affinity", O_WRONLY))
TRY(try_x32_bpf, syscall(SYS_bpf | 0x40000000, 0, NULL, 0))
TRY(try_sched_fifo, syscall(SYS_sched_setscheduler, 0, 1, &(int){ 50 }))
TRY(try_raise_nofile, syscall(SYS_prlimit64, 0, 7, (unsigned long[]){ 1UL << 40, 1UL << 40 }, NULL))

/* The kernel's 32-bit entry: another table of numbers that a filter must know. Pointers are below 4 GB: the program isn't PIE. */
static long
call32(long nr, long a, long b, long c)
{
	long rc;

	__asm__ volatile("int $0x80" : "=a"(rc) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	if ((int)rc < 0) {
		errno = -(int)rc;
		return -1;
	}
	return rc;
}
TRY(try_i386_bpf, call32(357, 0, 0, 0))
TRY(try_i386_keyctl, call32(288, 0, -3, 1))
TRY(try_i386_user_namespace, call32(310, CLONE_NEWUSER, 0, 0))
TRY(try_i386_vsock, call32(359, AF_VSOCK, SOCK_STREAM, 0))
TRY(try_i386_tiocsti, call32(54, 0, TIOCSTI, 0))

static long
try_i386_socketcall(void)
{
	static unsigned int args[] = { AF_VSOCK, SOCK_STREAM, 0 };

	return call32(102, 1, (long)args, 0);
}

/* The filter must compare what the kernel looks at: the lower half. */
static long
try_tiocsti_high(void)
{
	return syscall(SYS_ioctl, 0, TIOCSTI | 0x100000000, "x");
}

static long
try_vsock_high(void)
{
	return syscall(SYS_socket, AF_VSOCK | 0x100000000, SOCK_STREAM, 0);
}

/* Masks stay locked in a mount namespace of one's own. */
static long
try_umount_in_own_namespace(void)
{
	return unshare(CLONE_NEWNS) < 0 ? 0 : umount2("/proc/sys", MNT_DETACH);
}

/* An escape by chroot: up from a directory outside the new root. */
static long
try_chroot_out(void)
{
	struct stat here, out;
	int root = open("/", O_RDONLY);

	if (stat("/", &here) < 0 || mkdir("/tmp/jail", 0700) < 0 || chroot("/tmp/jail") < 0 || fchdir(root) < 0)
		return 0;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return 0;
	if (stat(".", &out) < 0)
		return 0;
	errno = EXDEV;
	return here.st_dev == out.st_dev && here.st_ino == out.st_ino ? -1 : 0;
}

static long
try_settime(void)
{
	struct timeval tv = { 1, 0 };

	return settimeofday(&tv, NULL);
}

static long
try_tiocsti(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	return fd < 0 ? -1 : ioctl(fd, TIOCSTI, "x");
}

static long
try_fresh_proc(void)
{
	return mount("proc", "/mnt", "proc", 0, NULL);
}

/* CVE-2022-0492: a release_agent in a cgroup v1 hierarchy of one's own. */
static long
try_release_agent(void)
{
	if (unshare(CLONE_NEWCGROUP) < 0 || mount("cgroup", "/mnt", "cgroup", 0, "memory") < 0)
		return -1;
	return open("/mnt/release_agent", O_WRONLY);
}

/* linux/fs.h and sys/mount.h don't go together. */
struct project_attr {
	unsigned int flags, extent, extents, number, cow;
	char pad[8];
};
#define GET_PROJECT _IOR('X', 31, struct project_attr)
#define SET_PROJECT _IOW('X', 32, struct project_attr)
#define GET_FLAGS _IOR('f', 1, long)
#define SET_FLAGS _IOW('f', 2, long)
enum { PROJECT_INHERIT = 0x200, FLAG_PROJECT_INHERIT = 0x20000000 };

/* Out of the disk's quota: another project, for what lies there or for what will be made. */
static long
set_project(int fd, unsigned int number, unsigned int flags)
{
	struct project_attr attr;

	if (ioctl(fd, GET_PROJECT, &attr) < 0)
		return 0;
	attr.number ^= number;
	attr.flags ^= flags;
	return ioctl(fd, SET_PROJECT, &attr);
}
TRY(try_project_of_root, set_project(open("/", O_RDONLY), 1, 0))
TRY(try_project_of_file, set_project(open("/root/project", O_RDWR | O_CREAT, 0600), 1, 0))
TRY(try_project_inheritance, set_project(open("/", O_RDONLY), 0, PROJECT_INHERIT))

static long
try_project_flag(void)
{
	int fd = open("/", O_RDONLY), flags = 0;

	if (ioctl(fd, GET_FLAGS, &flags) < 0)
		return 0;
	flags ^= FLAG_PROJECT_INHERIT;
	return ioctl(fd, SET_FLAGS, &flags);
}

/* Refused with this error, or by not being there at all; any other error may be an attempt that failed for the wrong reason. */
static const struct {
	const char *name;
	long (*attempt)(void);
	int error;
} attempts[] = {
#define A(name, error)                                                                                                             \
	{                                                                                                                          \
#name, try_##name, error                                                                                           \
	}
	A(umount_kcore, EINVAL),
	A(umount_keys, EINVAL),
	A(umount_timer_list, EINVAL),
	A(umount_sys_firmware, EINVAL),
	A(umount_proc, EINVAL),
	A(umount_sys, EINVAL),
	A(umount_proc_sys, EINVAL),
	A(umount_dev, EINVAL),
	A(umount_pts, EINVAL),
	A(umount_force, EPERM),
	A(umount_in_own_namespace, EINVAL),
	A(remount_sys, EPERM),
	A(remount_proc_sys, EPERM),
	A(fresh_sysfs, EPERM),
	A(fresh_proc, EPERM),
	A(bind_bare_proc, EINVAL),
	A(bind_bare_sys, EINVAL),
	A(bind_bare_root, EINVAL),
	A(clone_bare_proc, EINVAL),
	A(mount_disk, EPERM),
	A(fresh_debugfs, EPERM),
	A(fresh_tracefs, EPERM),
	A(fresh_securityfs, EPERM),
	A(mknod_disk, EPERM),
	A(mknod_mem, EPERM),
	A(open_sysrq, EROFS),
	A(write_core_pattern, EROFS),
	A(write_modprobe, EROFS),
	A(write_host_sysctl, EROFS),
	A(write_irq, EROFS),
	A(write_uevent, EROFS),
	A(write_cgroup_limit, EACCES),
	A(open_kmsg, ENOENT),
	A(new_user_namespace, EPERM),
	A(clone_user_namespace, EPERM),
	A(clone3, ENOSYS),
	A(bpf, EPERM),
	A(perf, EPERM),
	A(userfaultfd, EPERM),
	A(io_uring, EPERM),
	A(keyctl, EPERM),
	A(add_key, EPERM),
	A(request_key, EPERM),
	A(kexec, EPERM),
	A(init_module, EPERM),
	A(finit_module, EPERM),
	A(delete_module, EPERM),
	A(open_by_handle, EPERM),
	A(swapon, EPERM),
	A(quotactl, EPERM),
	A(vsock, EAFNOSUPPORT),
	A(xdp, EAFNOSUPPORT),
	A(vsock_high, EAFNOSUPPORT),
	A(acct, EPERM),
	A(syslog, EPERM),
	A(iopl, EPERM),
	A(settime, EPERM),
	A(tiocsti, EPERM),
	A(tiocsti_high, EPERM),
	A(x32_bpf, EPERM),
	A(i386_bpf, EPERM),
	A(i386_keyctl, EPERM),
	A(i386_user_namespace, EPERM),
	A(i386_vsock, EAFNOSUPPORT),
	A(i386_socketcall, EAFNOSUPPORT),
	A(i386_tiocsti, EPERM),
	A(sched_fifo, EPERM),
	A(raise_nofile, EPERM),
	A(chroot_out, EXDEV),
	A(release_agent, EPERM),
	A(project_of_root, EINVAL),
	A(project_of_file, EINVAL),
	A(project_inheritance, EINVAL),
	A(project_flag, EINVAL),
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		if (argc < 2) {
			puts(attempts[i].name);
			continue;
		}
		if (strcmp(argv[1], attempts[i].name) != 0)
			continue;
		errno = 0;
		if (attempts[i].attempt() >= 0)
			puts("SUCCEEDED");
		else if (errno == attempts[i].error || errno == ENOENT || errno == ENODEV ||
		         ((attempts[i].error == EROFS || attempts[i].error == EPERM) && errno == EACCES))
			printf("refused %s\n", strerrorname_np(errno));
		else
			printf("FAILED OTHERWISE %s\n", strerrorname_np(errno));
		return 0;
	}
	return argc < 2 ? 0 : 2;
}
