/*
 * What root inside a container tries. `guest NAME` makes one attempt and prints "refused ERRNO-NAME" or "SUCCEEDED"; without a
 * name it lists the attempts. Built by the tests, static, and run inside.
 */
#define _GNU_SOURCE
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

#define TRY(name, call) static long name(void) { return (long)(call); }

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

static long
try_ptrace_outside(void)
{
	/* Whoever is process 1 from outside can't be named from here: every process to be seen is the container's. */
	return kill(100000, 0) == 0 ? 0 : -1;
}

static const struct {
	const char *name;
	long (*attempt)(void);
} attempts[] = {
#define A(name) { #name, try_##name }
	A(umount_kcore), A(umount_keys), A(umount_timer_list), A(umount_sys_firmware), A(umount_proc), A(umount_sys), A(umount_proc_sys),
	A(remount_sys), A(remount_proc_sys), A(fresh_sysfs), A(fresh_proc), A(mknod_disk), A(mknod_mem), A(open_sysrq),
	A(write_core_pattern), A(write_modprobe), A(write_uevent), A(open_kmsg), A(new_user_namespace), A(clone_user_namespace), A(clone3),
	A(bpf), A(perf), A(userfaultfd), A(io_uring), A(keyctl), A(add_key), A(request_key), A(kexec), A(init_module), A(finit_module),
	A(delete_module), A(open_by_handle), A(swapon), A(quotactl), A(vsock), A(xdp), A(acct), A(syslog), A(iopl), A(settime), A(tiocsti),
	A(release_agent), A(ptrace_outside),
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
		else
			printf("refused %s\n", strerrorname_np(errno));
		return 0;
	}
	return argc < 2 ? 0 : 2;
}
