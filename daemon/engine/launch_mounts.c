#include "daemon/engine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "daemon/engine/kernel.h"
#include "daemon/engine/rootfs.h"
#include "daemon/util/buf.h"
#include "daemon/util/fd.h"
#include "schema/network.h"

enum { TTY_GID = 5, PTY_MAX = 256 };

#define KERNEL_FS_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* The OCI runtimes' lists, for a whole system. Each covers a file by /dev/null, a directory by an empty one. */
static const char *const masked_in_proc[] = {
	"acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats",
};
static const char *const masked_in_sys[] = {
	"devices/virtual/powercap",
	"firmware",
};
static const char *const readonly_in_proc[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };

static const struct {
	const char *name;
	unsigned int major;
	unsigned int minor;
} device_nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 }
};

static const struct {
	const char *name;
	const char *target;
} device_links[] = { { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	             { "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },         { "core", "/proc/kcore" } };

struct option {
	const char *key;
	const char *value;
};

static int
mounts_new(const char *type, const struct option *options, unsigned int attrs, int *fd_out, struct err *e)
{
	AUTO_CLOSE int fs = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", type, 0) < 0)
		return err_sys(e, "open %s", type);
	for (; options && options->key; options++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options->key, options->value, 0) < 0)
			return err_sys(e, "set %s=%s of %s", options->key, options->value, type);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 || (fd = fsmount(fs, FSMOUNT_CLOEXEC, attrs)) < 0)
		return err_sys(e, "mount %s", type);
	*fd_out = fd;
	return 0;
}

static int
mounts_attach(int fd, int dirfd, const char *path, struct err *e)
{
	AUTO_CLOSE int target = kernel_openat2(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, KERNEL_BENEATH);

	if (target < 0 || move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "attach a mount at '%s'", path);
	return 0;
}

/* As the container's root: the host's has no place in the overlay's id map. */
static int
mounts_make_in_tree(const struct launch *l, const char *name)
{
	int rc, saved;

	if (rootfs_set_fsid((uint32_t)l->spec->place.id_base, NULL) < 0)
		return -1;
	rc = mkdirat(l->root, name, 0755);
	saved = errno;
	if (rootfs_set_fsid(0, NULL) < 0)
		return -1;
	errno = saved;
	return rc;
}

/* A directory at the top of the container's tree, which its root may have replaced by anything. Made where it is missing. */
static int
mounts_attach_in_tree(const struct launch *l, int fd, const char *name, struct err *e)
{
	AUTO_CLOSE int target = -1;

	target = kernel_openat2(l->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, KERNEL_BENEATH);
	if (target < 0 && errno == ENOENT && mounts_make_in_tree(l, name) == 0)
		target = kernel_openat2(l->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, KERNEL_BENEATH);
	if (target < 0 && (errno == ELOOP || errno == ENOTDIR || errno == EXDEV)) {
		err_set(e, ERR_CONFLICT, "/%s in the container is no directory: make it one, after a start with a rescue template",
		        name);
		return err_code(e, "unsafe_mount_point");
	}
	if (target < 0)
		return err_sys(e, "open '/%s' of the container", name);
	if (move_mount(fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "attach a mount at '/%s' of the container", name);
	return 0;
}

static bool
mounts_is_read_only(int fd)
{
	struct statvfs st;

	return fstatvfs(fd, &st) == 0 && (st.f_flag & ST_RDONLY);
}

/*
 * Overlay makes a directory of its own when it is mounted; on a full disk it can't, and the tree comes up read-only: nobody could
 * ever make room inside. So it gets room for that, and the limit is as before when init runs.
 */
static int
mounts_tree(struct launch *l, int userns, int *fd_out, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	int rc;

	if (rootfs_mount(l->spec, userns, &fd, e) < 0)
		return -1;
	if (!mounts_is_read_only(fd)) {
		*fd_out = take_fd(&fd);
		return 0;
	}
	close(take_fd(&fd));
	if (launch_net_disk(l, true, e) < 0)
		return -1;
	rc = rootfs_mount(l->spec, userns, &fd, e);
	if (launch_net_disk(l, false, rc < 0 ? NULL : e) < 0 || rc < 0)
		return -1;
	if (mounts_is_read_only(fd))
		return err_set(e, ERR_NO_SPACE,
		               "The container's disk is so full that its tree can't be written to: give it more disk");
	*fd_out = take_fd(&fd);
	return 0;
}

static int
launch_mount_rescued(struct launch *l, int userns, struct err *e)
{
	AUTO_CLOSE int tree = -1;

	if (mounts_tree(l, userns, &tree, e) < 0)
		return -1;
	return mounts_attach_in_tree(l, tree, "mnt", e);
}

int
launch_mount_tree(struct launch *l, struct err *e)
{
	AUTO_CLOSE int userns = -1;
	bool rescue = !record_is_empty(&l->spec->rescue);
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/user", l->pid);
	userns = open(path, O_RDONLY | O_CLOEXEC);
	if (userns < 0)
		return err_sys(e, "open the user namespace");
	if ((rescue ? rootfs_mount_rescue(l->spec, userns, &l->root, e) : mounts_tree(l, userns, &l->root, e)) < 0)
		return -1;
	if (move_mount(l->root, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "attach the container's root");
	return rescue ? launch_mount_rescued(l, userns, e) : 0;
}

/* An empty read-only directory, and /dev/null of the host: what masks are clones of. */
struct masks {
	int empty;
	int null;
	bool attached; /* `empty` is: kernels before 6.15 clone no mount that nothing holds yet */
};

static int
mounts_mask(struct masks *masks, int dirfd, const char *path, struct err *e)
{
	AUTO_CLOSE int target = kernel_openat2(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, KERNEL_BENEATH);
	AUTO_CLOSE int cover = -1;
	struct stat st;

	if (target < 0 && errno == ENOENT)
		return 0;
	if (target < 0 || fstat(target, &st) < 0)
		return err_sys(e, "open '%s' to mask it", path);
	if (S_ISDIR(st.st_mode) && !masks->attached) {
		if (move_mount(masks->empty, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return err_sys(e, "mask '%s'", path);
		masks->attached = true;
		return 0;
	}
	cover = open_tree(S_ISDIR(st.st_mode) ? masks->empty : masks->null, "",
	                  AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (cover < 0 || move_mount(cover, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "mask '%s'", path);
	return 0;
}

static int
mounts_make_readonly(int dirfd, const char *path, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | KERNEL_FS_ATTRS };
	AUTO_CLOSE int target = kernel_openat2(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, KERNEL_BENEATH);
	AUTO_CLOSE int copy = -1;

	if (target < 0 && errno == ENOENT)
		return 0;
	if (target < 0)
		return err_sys(e, "open '%s' to make it read-only", path);
	copy = open_tree(target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (copy < 0 || mount_setattr(copy, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0 ||
	    move_mount(copy, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, "make '%s' read-only", path);
	return 0;
}

/* A process of the new pid namespace, sharing this one's descriptors, mounts its proc. For kernels that can't be told which. */
static void __attribute__((noreturn)) mounts_proc_helper(const struct launch *l, int out)
{
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	int status, fd = -1;
	pid_t pid;

	if (setns(l->pidfd, CLONE_NEWPID) < 0 || (pid = kernel_clone3(&args)) < 0)
		_exit(1);
	if (pid > 0)
		_exit(waitpid(pid, &status, 0) < 0 || status != 0);
	if (mounts_new("proc", NULL, KERNEL_FS_ATTRS, &fd, NULL) < 0)
		_exit(1);
	_exit(write(out, &fd, sizeof fd) != (ssize_t)sizeof fd);
}

static int
mounts_new_proc_inside(const struct launch *l, int *fd_out, struct err *e)
{
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	AUTO_CLOSE int in = -1, out = -1;
	int ends[2], status, fd;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	in = ends[0];
	out = ends[1];
	pid = kernel_clone3(&args);
	if (pid == 0)
		mounts_proc_helper(l, out);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return err_sys(e, "run a helper to mount proc");
	if (status != 0 || read(in, &fd, sizeof fd) != (ssize_t)sizeof fd)
		return err_set(e, ERR_INTERNAL, "mount proc in the container's pid namespace");
	*fd_out = fd;
	return 0;
}

static int
mounts_new_proc(const struct launch *l, int *fd_out, struct err *e)
{
	AUTO_CLOSE int fs = fsopen("proc", FSOPEN_CLOEXEC);
	AUTO_CLOSE int pidns = -1;
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/ns/pid", l->pid);
	pidns = open(path, O_RDONLY | O_CLOEXEC);
	if (fs < 0 || pidns < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "proc", 0) < 0)
		return err_sys(e, "open proc");
	if (fsconfig(fs, FSCONFIG_SET_FD, "pidns", NULL, pidns) < 0)
		return mounts_new_proc_inside(l, fd_out, e);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 || (fd = fsmount(fs, FSMOUNT_CLOEXEC, KERNEL_FS_ATTRS)) < 0)
		return err_sys(e, "mount proc");
	*fd_out = fd;
	return 0;
}

/* /proc/sys becomes read-only but for the network namespace's own part. */
static int
mounts_protect_proc(struct masks *masks, int proc, struct err *e)
{
	AUTO_CLOSE int net = open_tree(proc, "sys/net", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (net < 0)
		return err_sys(e, "open /proc/sys/net");
	for (size_t i = 0; i < sizeof masked_in_proc / sizeof *masked_in_proc; i++)
		if (mounts_mask(masks, proc, masked_in_proc[i], e) < 0)
			return -1;
	for (size_t i = 0; i < sizeof readonly_in_proc / sizeof *readonly_in_proc; i++)
		if (mounts_make_readonly(proc, readonly_in_proc[i], e) < 0)
			return -1;
	if (move_mount(net, "", proc, "sys/net", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "attach /proc/sys/net");
	return 0;
}

static int
mounts_mount_proc(const struct launch *l, struct masks *masks, struct err *e)
{
	AUTO_CLOSE int proc = -1;

	if (mounts_new_proc(l, &proc, e) < 0 || mounts_attach_in_tree(l, proc, "proc", e) < 0)
		return -1;
	return mounts_protect_proc(masks, proc, e);
}

static int
mounts_mount_sys(const struct launch *l, struct masks *masks, struct err *e)
{
	AUTO_CLOSE int sys = -1;

	if (mounts_new("sysfs", NULL, KERNEL_FS_ATTRS | MOUNT_ATTR_RDONLY, &sys, e) < 0 ||
	    mounts_attach_in_tree(l, sys, "sys", e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof masked_in_sys / sizeof *masked_in_sys; i++)
		if (mounts_mask(masks, sys, masked_in_sys[i], e) < 0)
			return -1;
	return 0;
}

/* proc and sysfs, whose contents are those of the namespaces that this process is in, or names. */
int
launch_mount_kernel(struct launch *l, struct err *e)
{
	static const struct option empty_options[] = { { "size", "4096" }, { "nr_inodes", "2" }, { "mode", "0555" }, { 0 } };
	AUTO_CLOSE int empty = -1, null = -1;
	struct masks masks;

	if (mounts_new("tmpfs", empty_options, KERNEL_FS_ATTRS | MOUNT_ATTR_RDONLY, &empty, e) < 0)
		return -1;
	null = openat(l->dev, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (null < 0)
		return err_sys(e, "open the container's /dev/null");
	masks = (struct masks){ empty, null, false };
	if (mounts_mount_proc(l, &masks, e) < 0)
		return -1;
	if (setns(l->netns, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the network namespace");
	if (mounts_mount_sys(l, &masks, e) < 0)
		return -1;
	return setns(l->home_net, CLONE_NEWNET) < 0 ? err_sys(e, "leave the network namespace") : 0;
}

static int
mounts_fill_dev(int dev)
{
	for (size_t i = 0; i < sizeof device_nodes / sizeof *device_nodes; i++)
		if (mknodat(dev, device_nodes[i].name, S_IFCHR | 0666, makedev(device_nodes[i].major, device_nodes[i].minor)) < 0)
			return -1;
	for (size_t i = 0; i < sizeof device_links / sizeof *device_links; i++)
		if (symlinkat(device_links[i].target, dev, device_links[i].name) < 0)
			return -1;
	if (mkdirat(dev, "pts", 0755) < 0 || mkdirat(dev, "shm", 01777) < 0)
		return -1;
	return mknodat(dev, "console", S_IFREG | 0600, 0);
}

/* A pty of the container's own devpts; its first, so it's 0 there. The monitor keeps the master. */
static int
mounts_open_console(struct launch *l, int pts, struct err *e)
{
	AUTO_CLOSE int slave = -1;
	int unlock = 0;

	l->master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (l->master < 0 || ioctl(l->master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "open the console's pty");
	slave = open_tree(pts, "0", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (slave < 0)
		return err_sys(e, "open the console");
	return mounts_attach(slave, l->dev, "console", e);
}

static int
mounts_mount_pts(struct launch *l, struct err *e)
{
	AUTO_CLOSE int pts = -1;
	uid_t id = (uid_t)l->spec->place.id_base;
	char gid[24], max[16];
	const struct option options[] = { { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", gid }, { "max", max }, { 0 } };

	snprintf(gid, sizeof gid, "%u", id + TTY_GID);
	snprintf(max, sizeof max, "%d", PTY_MAX);
	if (mounts_new("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &pts, e) < 0 ||
	    mounts_attach(pts, l->dev, "pts", e) < 0)
		return -1;
	if (fchownat(pts, "", id, id, AT_EMPTY_PATH) < 0)
		return err_sys(e, "own /dev/pts");
	return mounts_open_console(l, pts, e);
}

/* The container's root owns the tmpfs; what it keeps there counts as its memory, the size bounds it besides. */
static int
mounts_new_tmpfs(const struct launch *l, const char *mode, int64_t size, unsigned int attrs, int *fd_out, struct err *e)
{
	char id[24], bytes[24];
	const struct option options[] = { { "mode", mode }, { "size", bytes }, { "uid", id }, { "gid", id }, { 0 } };

	snprintf(id, sizeof id, "%lld", (long long)l->spec->place.id_base);
	snprintf(bytes, sizeof bytes, "%lld", (long long)size);
	return mounts_new("tmpfs", options, attrs, fd_out, e);
}

static int
mounts_populate_dev(struct launch *l, struct err *e)
{
	AUTO_CLOSE int shm = -1;
	mode_t mask = umask(0);
	int rc = mounts_fill_dev(l->dev);

	umask(mask);
	if (rc < 0)
		return err_sys(e, "fill /dev");
	if (mounts_mount_pts(l, e) < 0)
		return -1;
	if (mounts_new_tmpfs(l, "1777", l->spec->config.memory / 2, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &shm, e) < 0)
		return -1;
	return mounts_attach(shm, l->dev, "shm", e);
}

/*
 * Addresses and routes are the host's to set: a network service that the container's owner starts, for all interfaces as a rule,
 * would take them for leftovers and remove them. Where somebody is to be asked for an address it is his to ask.
 */
static bool
mounts_network_unit(const struct launch *l, struct buf *out)
{
	const struct strv *nics = &l->spec->config.nics;
	struct nic nic;

	buf_addf(out, "# The host has set these interfaces' addresses and routes. To have systemd-networkd do it instead:\n"
	              "# ln -s /dev/null /etc/systemd/network/00-berth.network\n[Match]\nName=eth0");
	for (size_t i = 0; i < nics->n; i++)
		if (nic_parse(nics->v[i], &nic) && !nic.dhcp)
			buf_addf(out, " eth%lld", (long long)nic.index);
	buf_addf(out, "\n\n[Link]\nUnmanaged=yes\n");
	return !out->failed;
}

static int
mounts_populate_run(const struct launch *l, int run, struct err *e)
{
	AUTO_BUF struct buf unit = { 0 };
	AUTO_CLOSE int file = -1;

	if (!mounts_network_unit(l, &unit))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (mkdirat(run, "systemd", 0755) < 0 || mkdirat(run, "systemd/network", 0755) < 0)
		return err_sys(e, "make /run/systemd/network of the container");
	file = openat(run, "systemd/network/00-berth.network", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file < 0 || fd_write_all(file, unit.data, unit.len) < 0)
		return err_sys(e, "write the container's network unit");
	return 0;
}

int
launch_mount_dev(struct launch *l, struct err *e)
{
	AUTO_CLOSE int run = -1;
	int rc;

	if (mounts_new_tmpfs(l, "0755", 1 << 20, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, &l->dev, e) < 0 ||
	    mounts_attach_in_tree(l, l->dev, "dev", e) < 0)
		return -1;
	if (mounts_new_tmpfs(l, "0755", l->spec->config.memory / 4, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, &run, e) < 0 ||
	    mounts_attach_in_tree(l, run, "run", e) < 0)
		return -1;
	/* Nodes, links and the console's pty belong to the container's root from the beginning. */
	if (rootfs_set_fsid((uint32_t)l->spec->place.id_base, e) < 0)
		return -1;
	rc = mounts_populate_run(l, run, e) < 0 ? -1 : mounts_populate_dev(l, e);
	if (rootfs_set_fsid(0, rc < 0 ? NULL : e) < 0)
		rc = -1;
	return rc;
}

/* cgroup2 shows the namespace's root, so init must have made its own by now. */
int
launch_mount_cgroup(struct launch *l, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	if (setns(l->pidfd, CLONE_NEWCGROUP) < 0)
		return err_sys(e, "enter the cgroup namespace");
	if (mounts_new("cgroup2", NULL, KERNEL_FS_ATTRS, &fd, e) < 0)
		return -1;
	/* Below the sysfs that was mounted just before: nothing of the tree's on this path. */
	if (move_mount(fd, "", l->root, "sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "attach cgroup2");
	return 0;
}

int
launch_pivot(struct launch *l, struct err *e)
{
	if (fchdir(l->root) < 0 || kernel_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "change to the container's root");
	return 0;
}
