/*
 * The floor of the benchmark: the kernel's part of a container's start, stop and exec, with nothing else. A stager does what
 * berth-launch does (all namespaces, overlay over idmapped layers, /dev, proc, sys, masks, locked mounts, cgroups, a routed veth
 * with addresses and routes, elements in an nft table) and runs a static init that tells when its first instruction ran.
 *
 *   floor [-n COUNT] [-g GAP_MS] -i STATIC_INIT [-d DIRECTORY]
 *
 * Everything is made below DIRECTORY, cgroups `bfloor` and table `inet bfloor`, and taken away at the end. Needs root, Linux 6.13.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <mntent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/floor.h"

static double
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void
write_file(int dirfd, const char *path, const char *text)
{
	int fd = check(openat(dirfd, path, O_WRONLY | O_CLOEXEC), path);

	check((int)write(fd, text, strlen(text)), path);
	close(fd);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
report(const char *what, double *us, int n)
{
	qsort(us, (size_t)n, sizeof *us, compare);
	printf("%-6s median %8.0f us   p95 %8.0f us\n", what, us[n / 2], us[n * 95 / 100]);
}

/* The hierarchies that a container is in: v2's, and v1's of the limits on a hybrid host. */
static void
groups_find(struct groups *g)
{
	static const char *const controllers[] = { "memory", "cpu", "pids", "blkio" };
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	g->n = 1;
	while (mounts && (m = getmntent(mounts))) {
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			snprintf(g->dir[0], sizeof g->dir[0], "%s/" TABLE, m->mnt_dir);
		for (size_t i = 0; strcmp(m->mnt_type, "cgroup") == 0 && i < sizeof controllers / sizeof *controllers; i++)
			if (hasmntopt(m, controllers[i]) && g->n < GROUPS_MAX)
				snprintf(g->dir[g->n++], sizeof g->dir[0], "%s/" TABLE, m->mnt_dir);
	}
	endmntent(mounts);
	for (size_t i = 0; i < g->n; i++)
		if (mkdir(g->dir[i], 0755) < 0 && errno != EEXIST)
			die("floor: make '%s'", g->dir[i]);
}

static void
groups_make(struct groups *g)
{
	char path[300];

	g->ntasks = 0;
	for (size_t i = 0; i < g->n; i++) {
		snprintf(path, sizeof path, "%s/c", g->dir[i]);
		check(mkdir(path, 0755), path);
		if (i == 0) {
			g->v2 = check(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
			check(fchownat(g->v2, "", BASE, BASE, AT_EMPTY_PATH), "chown the cgroup");
			continue;
		}
		snprintf(path, sizeof path, "%s/c/tasks", g->dir[i]);
		g->tasks[g->ntasks++] = check(open(path, O_WRONLY | O_CLOEXEC), path);
	}
}

static void
groups_join(const struct groups *g)
{
	for (size_t i = 0; i < g->ntasks; i++)
		check((int)write(g->tasks[i], "0", 1), "enter a cgroup");
}

static void
groups_remove(struct groups *g, const char *below)
{
	char path[300];

	for (size_t i = 0; i < g->n; i++) {
		snprintf(path, sizeof path, "%s%s", g->dir[i], below);
		for (int tries = 0; rmdir(path) < 0 && errno == EBUSY && tries < 200; tries++)
			usleep(5000);
	}
	for (; g->ntasks > 0; g->ntasks--)
		close(g->tasks[g->ntasks - 1]);
	if (g->v2 >= 0)
		close(g->v2);
	g->v2 = -1;
}

static void
set_fsid(uid_t id)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	setfsgid(id);
	setfsuid(id);
	check((int)syscall(SYS_capget, &header, data), "capget");
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	check((int)syscall(SYS_capset, &header, data), "capset");
}

static int
new_mount(const char *type, unsigned int attrs, ...)
{
	int fs = check(fsopen(type, FSOPEN_CLOEXEC), type), fd;
	const char *key, *value;
	va_list ap;

	va_start(ap, attrs);
	while ((key = va_arg(ap, const char *)) && (value = va_arg(ap, const char *)))
		check(fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0), key);
	va_end(ap);
	check(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), type);
	fd = check(fsmount(fs, FSMOUNT_CLOEXEC, attrs), type);
	close(fs);
	return fd;
}

static void
attach(int fd, int dirfd, const char *path)
{
	check(move_mount(fd, "", dirfd, path, MOVE_MOUNT_F_EMPTY_PATH), path);
}

static int
open_layer(const char *path, int userns)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	int fd = check(open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), path);

	check(mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr), "map a layer's ids");
	return fd;
}

static int
open_ns(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
	return check(open(path, O_RDONLY | O_CLOEXEC), path);
}

static int
mount_root(const struct floor *f, pid_t pid)
{
	int fs = check(fsopen("overlay", FSOPEN_CLOEXEC), "overlay"), userns = open_ns(pid, "user"), lower, volume, root;
	char path[512];

	snprintf(path, sizeof path, "%s/template", f->dir);
	lower = open_layer(path, userns);
	snprintf(path, sizeof path, "%s/volume", f->dir);
	volume = open_layer(path, userns);
	check(fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, lower), "lowerdir by descriptor (Linux 6.13)");
	check(fsconfig(fs, FSCONFIG_SET_FD, "upperdir", NULL, openat(volume, "upper", O_PATH | O_CLOEXEC)), "upperdir");
	check(fsconfig(fs, FSCONFIG_SET_FD, "workdir", NULL, openat(volume, "work", O_PATH | O_CLOEXEC)), "workdir");
	check(fsconfig(fs, FSCONFIG_SET_STRING, "redirect_dir", "on", 0), "redirect_dir");
	check(fsconfig(fs, FSCONFIG_SET_STRING, "xino", "on", 0), "xino");
	set_fsid(BASE);
	check(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "overlay");
	root = check(fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV), "overlay");
	set_fsid(0);
	attach(root, AT_FDCWD, f->dir);
	return root;
}

static int
mount_dev(int root)
{
	static const struct {
		const char *name;
		unsigned int major, minor;
	} nodes[] = {
		{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 }
	};
	int dev = new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "mode", "755", "size", "1048576", NULL);
	int pts = new_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "ptmxmode", "0666", "mode", "0620", NULL);
	int shm = new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "mode", "1777", NULL), unlock = 0, master;

	attach(dev, root, "dev");
	set_fsid(BASE);
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		check(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].name);
	check(mkdirat(dev, "pts", 0755), "/dev/pts");
	check(mkdirat(dev, "shm", 0755), "/dev/shm");
	check(mknodat(dev, "console", S_IFREG | 0600, 0), "/dev/console");
	attach(pts, dev, "pts");
	attach(shm, dev, "shm");
	master = check(openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), "ptmx");
	check(ioctl(master, TIOCSPTLCK, &unlock), "unlock the pty");
	attach(check(open_tree(pts, "0", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "pty"), dev, "console");
	set_fsid(0);
	attach(new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "mode", "755", NULL), root, "run");
	return dev;
}

static void
mount_masks(int proc, int dev)
{
	static const char *const masked[] = { "interrupts", "keys", "timer_list" }, *const locked[] = { "bus", "fs", "irq", "sys" };
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
		if (faccessat(proc, masked[i], F_OK, 0) == 0)
			attach(check(open_tree(dev, "null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "null"), proc, masked[i]);
	}
	for (size_t i = 0; i < sizeof locked / sizeof *locked; i++) {
		int fd = check(open_tree(proc, locked[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), locked[i]);

		check(mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr), locked[i]);
		attach(fd, proc, locked[i]);
	}
}

static void
mount_kernel(int root, int dev, pid_t pid, int pidfd, int home_net)
{
	int fs = check(fsopen("proc", FSOPEN_CLOEXEC), "proc"), proc;

	check(fsconfig(fs, FSCONFIG_SET_FD, "pidns", NULL, open_ns(pid, "pid")), "pidns (a recent Linux)");
	check(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "proc");
	proc = check(fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "proc");
	attach(proc, root, "proc");
	mount_masks(proc, dev);
	check(setns(pidfd, CLONE_NEWNET | CLONE_NEWCGROUP), "setns");
	attach(new_mount("sysfs", MOUNT_ATTR_RDONLY, NULL), root, "sys");
	attach(new_mount("cgroup2", 0, NULL), root, "sys/fs/cgroup");
	check(setns(home_net, CLONE_NEWNET), "setns");
}

/* The future init. sync: a byte each way. */
static void __attribute__((noreturn)) init_run(const struct floor *f, int sync, int out)
{
	char *const argv[] = { (char *)(uintptr_t) "/init", NULL }, *const env[] = { NULL };
	char byte = 'j';
	int console;

	groups_join(&f->groups);
	check(unshare(CLONE_NEWCGROUP), "cgroup namespace");
	if (write(sync, &byte, 1) != 1 || read(sync, &byte, 1) != 1)
		_exit(1);
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 || chdir("/") < 0)
		die("floor: become root inside");
	check(unshare(CLONE_NEWNS), "lock the mounts");
	check(sethostname("floor", 5), "hostname");
	setsid();
	console = check(open("/dev/console", O_RDWR | O_NOCTTY), "console");
	/* The first instruction is told on a pipe, not on the console. */
	if (dup2(console, 0) < 0 || dup2(out, 1) < 0 || dup2(console, 2) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		die("floor: descriptors");
	execve(argv[0], argv, env);
	die("floor: exec /init");
}

/* Between fork and the stager's end lies all that a start has to do. The parent of init is this process's parent. */
static void __attribute__((noreturn)) stager_run(struct floor *f, int out, int pid_out)
{
	int home_net = check(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "netns"), sync[2], pidfd = -1, root, netns;
	struct clone_args args = { .flags = CLONE_PARENT | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		                            CLONE_NEWUTS | CLONE_INTO_CGROUP | CLONE_PIDFD,
		                   .pidfd = (uint64_t)(uintptr_t)&pidfd };
	char path[64], map[64], byte = 'g';
	pid_t pid;

	groups_make(&f->groups);
	args.cgroup = (uint64_t)f->groups.v2;
	check(unshare(CLONE_NEWNS), "mount namespace");
	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync), "socketpair");
	pid = check((int)syscall(SYS_clone3, &args, sizeof args), "clone3");
	if (pid == 0)
		init_run(f, sync[1], out);
	close(sync[1]);
	snprintf(map, sizeof map, "0 %d %d\n", BASE, IDS);
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	write_file(AT_FDCWD, path, map);
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	write_file(AT_FDCWD, path, map);
	netns = open_ns(pid, "net");
	network_make(f, netns, home_net);
	root = mount_root(f, pid);
	if (read(sync[0], &byte, 1) != 1)
		_exit(1);
	mount_kernel(root, mount_dev(root), pid, pidfd, home_net);
	check(fchdir(root), "root");
	check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount");
	/* The console's pty lives until init has run: the socket's end says so. */
	if (write(sync[0], &byte, 1) != 1 || read(sync[0], &byte, 1) != 0 || write(pid_out, &pid, sizeof pid) != sizeof pid)
		_exit(1);
	_exit(0);
}

static pid_t
start(struct floor *f, double *us)
{
	int out[2], pids[2], status;
	double begin, first;
	long seconds, nanoseconds;
	char line[64] = "";
	pid_t stager, pid = 0;

	check(pipe2(out, O_CLOEXEC), "pipe");
	check(pipe2(pids, O_CLOEXEC), "pipe");
	begin = now_us();
	stager = check(fork(), "fork");
	if (stager == 0)
		stager_run(f, out[1], pids[1]);
	close(out[1]);
	close(pids[1]);
	if (read(pids[0], &pid, sizeof pid) != sizeof pid || read(out[0], line, sizeof line - 1) <= 0 ||
	    sscanf(line, "tick %ld.%ld", &seconds, &nanoseconds) != 2)
		die("floor: the start failed");
	first = (double)seconds * 1e6 + (double)nanoseconds / 1e3;
	*us = first - begin;
	if (waitpid(stager, &status, 0) < 0 || status != 0)
		die("floor: the stager failed");
	close(out[0]);
	close(pids[0]);
	return pid;
}

static void __attribute__((noreturn)) exec_run(const struct floor *f, int pidfd)
{
	char *const argv[] = { (char *)(uintptr_t) "/init", (char *)(uintptr_t) "true", NULL }, *const env[] = { NULL };
	int status;
	pid_t pid;

	groups_join(&f->groups);
	check(setns(pidfd,
	            CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP),
	      "setns");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		die("floor: become root inside");
	pid = check(fork(), "fork");
	if (pid > 0)
		_exit(waitpid(pid, &status, 0) < 0 || status != 0);
	if (chdir("/") < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		die("floor: exec");
	execve(argv[0], argv, env);
	die("floor: exec");
}

static double
exec_true(const struct floor *f, pid_t init)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	double begin = now_us();
	int pidfd = check((int)syscall(SYS_pidfd_open, init, 0), "pidfd"), status;
	char path[300];
	pid_t pid;

	snprintf(path, sizeof path, "%s/c", f->groups.dir[0]);
	args.cgroup = (uint64_t)check(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
	pid = check((int)syscall(SYS_clone3, &args, sizeof args), "clone3");
	if (pid == 0)
		exec_run(f, pidfd);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("floor: exec failed");
	close(pidfd);
	close((int)args.cgroup);
	return now_us() - begin;
}

static double
stop(pid_t init)
{
	double begin = now_us();

	if (kill(init, SIGKILL) < 0 || waitpid(init, NULL, 0) != init)
		die("floor: stop");
	return now_us() - begin;
}

static void
open_tasks(struct groups *g)
{
	char path[300];

	for (size_t i = 1; i < g->n; i++) {
		snprintf(path, sizeof path, "%s/c/tasks", g->dir[i]);
		g->tasks[g->ntasks++] = check(open(path, O_WRONLY | O_CLOEXEC), path);
	}
}

static void
prepare(struct floor *f)
{
	static const char *const dirs[] = {
		"",        "/template",     "/template/proc", "/template/sys", "/template/dev", "/template/run",
		"/volume", "/volume/upper", "/volume/work"
	};
	char path[512], command[1100];

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		snprintf(path, sizeof path, "%s%s", f->dir, dirs[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			die("floor: make '%s'", path);
	}
	snprintf(command, sizeof command, "%s/template/init", f->dir);
	int in = check(open(f->init, O_RDONLY | O_CLOEXEC), f->init);
	int out = check(open(command, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), command);
	char data[65536];
	ssize_t n;

	while ((n = read(in, data, sizeof data)) > 0)
		check((int)write(out, data, (size_t)n), command);
	close(in);
	close(out);
	network_begin(f);
}

static void
round_run(struct floor *f, double *start_us, double *exec_us, double *stop_us)
{
	pid_t init;

	snprintf(f->veth, sizeof f->veth, TABLE "%d", f->round % 100000);
	snprintf(f->v4, sizeof f->v4, "10.255.%d.%d", f->round / 200 % 256, f->round % 200 + 1);
	snprintf(f->v6, sizeof f->v6, "fd77:f100::%x", f->round + 1);
	usleep((useconds_t)f->gap_ms * 1000);
	init = start(f, start_us);
	usleep((useconds_t)f->gap_ms * 1000);
	open_tasks(&f->groups);
	*exec_us = exec_true(f, init);
	usleep((useconds_t)f->gap_ms * 1000);
	*stop_us = stop(init);
	network_forget(f);
	groups_remove(&f->groups, "/c");
}

static void
clean(struct floor *f)
{
	static const char *const files[] = { "/template/init",
		                             "/template/proc",
		                             "/template/sys",
		                             "/template/dev",
		                             "/template/run",
		                             "/template",
		                             "/volume/work/work",
		                             "/volume/work",
		                             "/volume/upper",
		                             "/volume",
		                             "" };
	char path[512];

	network_end(f);
	groups_remove(&f->groups, "");
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s%s", f->dir, files[i]);
		remove(path);
	}
}

int
main(int argc, char **argv)
{
	static double start_us[COUNT_MAX], exec_us[COUNT_MAX], stop_us[COUNT_MAX];
	struct floor f = { .dir = "/tmp/berth-floor", .count = 50, .groups.v2 = -1 };
	int c;

	while ((c = getopt(argc, argv, "n:g:i:d:")) != -1) {
		if (c == 'n')
			f.count = (int)strtol(optarg, NULL, 10);
		else if (c == 'g')
			f.gap_ms = (int)strtol(optarg, NULL, 10);
		else if (c == 'i')
			f.init = optarg;
		else if (c == 'd')
			f.dir = optarg;
	}
	if (!f.init || f.count < 1 || f.count > COUNT_MAX) {
		fprintf(stderr, "floor [-n COUNT] [-g GAP_MS] -i STATIC_INIT [-d DIRECTORY]\n");
		return 2;
	}
	groups_find(&f.groups);
	/* What a run that died left. */
	groups_remove(&f.groups, "/c");
	prepare(&f);
	for (f.round = 0; f.round < f.count; f.round++)
		round_run(&f, &start_us[f.round], &exec_us[f.round], &stop_us[f.round]);
	clean(&f);
	report("start", start_us, f.count);
	report("exec", exec_us, f.count);
	report("stop", stop_us, f.count);
	return 0;
}
