#include "daemon/engine/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/engine/kernel.h"
#include "daemon/util/fd.h"

/* Open and idmapped, not attached anywhere unless the kernel needs that: then at the paths, in a private mount namespace. */
struct layers {
	int lower;
	int upper_mount; /* holds `upper` and `work` */
	int upper;
	int work;
	char lower_path[SPEC_PATH_MAX + 16];
	char upper_path[SPEC_PATH_MAX + 16];
};

#define LAYERS_INIT                                                                                                                \
	{                                                                                                                          \
		.lower = -1, .upper_mount = -1, .upper = -1, .work = -1                                                            \
	}

static void
layers_clear(struct layers *l)
{
	fd_auto_close(&l->lower);
	fd_auto_close(&l->upper_mount);
	fd_auto_close(&l->upper);
	fd_auto_close(&l->work);
}

int
rootfs_set_fsid(uint32_t id, struct err *e)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	setfsgid(id);
	setfsuid(id);
	if ((uint32_t)setfsgid((gid_t)-1) != id || (uint32_t)setfsuid((uid_t)-1) != id)
		return err_set(e, ERR_INTERNAL, "can't become file-system user %u", id);
	/* Leaving 0 dropped the file capabilities, without which overlay comes up read-only. */
	if (syscall(SYS_capget, &header, data) < 0)
		return err_sys(e, "read capabilities");
	for (size_t i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return err_sys(e, "keep capabilities");
	return 0;
}

#define AUTO_LAYERS __attribute__((cleanup(layers_clear)))

static int
rootfs_open_layer(const char *path, uint64_t flags, int userns_fd, int *fd_out, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP | flags, .userns_fd = (uint64_t)userns_fd };
	AUTO_CLOSE int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (fd < 0)
		return err_sys(e, "open layer '%s'", path);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return err_sys(e, "map the ids of layer '%s'", path);
	*fd_out = take_fd(&fd);
	return 0;
}

static int
rootfs_open_upper(struct layers *l, struct err *e)
{
	l->upper = openat(l->upper_mount, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->work = openat(l->upper_mount, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (l->upper < 0 || l->work < 0)
		return err_sys(e, "open the volume's upper and work directories");
	return 0;
}

static int
rootfs_set_layers_by_fd(int fs, const struct layers *l)
{
	if (fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, l->lower) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FD, "upperdir", NULL, l->upper) < 0)
		return -1;
	return fsconfig(fs, FSCONFIG_SET_FD, "workdir", NULL, l->work);
}

/* Older kernels want attached layers, by path. Through /proc no separator in a path needs an escape. */
static int
rootfs_set_layers_by_path(int fs, const struct layers *l)
{
	static const char *const keys[] = { "lowerdir", "upperdir", "workdir" };
	const int fds[] = { l->lower, l->upper, l->work };
	char path[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fds[i]);
		if (fsconfig(fs, FSCONFIG_SET_STRING, keys[i], path, 0) < 0)
			return -1;
	}
	return 0;
}

static int
rootfs_create_overlay(int fs, int *mount_fd_out)
{
	int fd;

	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "redirect_dir", "on", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "xino", "on", 0) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	if (fd < 0)
		return -1;
	*mount_fd_out = fd;
	return 0;
}

static int
rootfs_attach_layers(const struct layers *l)
{
	if (move_mount(l->lower, "", AT_FDCWD, l->lower_path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -1;
	return move_mount(l->upper_mount, "", AT_FDCWD, l->upper_path, MOVE_MOUNT_F_EMPTY_PATH);
}

static int
rootfs_overlay(const struct layers *l, uint32_t id, int *mount_fd_out, struct err *e)
{
	AUTO_CLOSE int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	AUTO_CLOSE int old = -1;
	int rc;

	if (fs < 0)
		return err_sys(e, "open overlay");
	if (rootfs_set_layers_by_fd(fs, l) < 0) {
		if (rootfs_attach_layers(l) < 0)
			return err_sys(e, "attach the layers");
		old = fsopen("overlay", FSOPEN_CLOEXEC);
		if (old < 0 || rootfs_set_layers_by_path(old, l) < 0)
			return err_sys(e, "name the layers");
	}
	/* Overlay works on its layers as whoever mounts it: on idmapped ones that must be the container's root. */
	if (rootfs_set_fsid(id, e) < 0)
		return -1;
	rc = rootfs_create_overlay(old >= 0 ? old : fs, mount_fd_out);
	if (rc < 0)
		err_sys(e, "mount overlay");
	/* Overlay has clones of its own by now; the paths are free for the next one. */
	if (old >= 0) {
		umount2(l->upper_path, MNT_DETACH);
		umount2(l->lower_path, MNT_DETACH);
	}
	if (rootfs_set_fsid(0, rc < 0 ? NULL : e) < 0)
		rc = -1;
	return rc;
}

static void
rootfs_template_path(const struct settings *s, const struct template *t, char *buf, size_t size)
{
	char dir[SPEC_PATH_MAX];

	snprintf(buf, size, "%s/rootfs", spec_template_dir(s, t->name, t->version, dir));
}

int
rootfs_mount(const struct spec *spec, int userns_fd, int *mount_fd_out, struct err *e)
{
	AUTO_LAYERS struct layers l = LAYERS_INIT;
	char dir[SPEC_PATH_MAX];

	rootfs_template_path(&spec->settings, &spec->template, l.lower_path, sizeof l.lower_path);
	snprintf(l.upper_path, sizeof l.upper_path, "%s/fs", spec_volume_dir(spec, dir));
	if (rootfs_open_layer(l.lower_path, MOUNT_ATTR_RDONLY, userns_fd, &l.lower, e) < 0 ||
	    rootfs_open_layer(l.upper_path, 0, userns_fd, &l.upper_mount, e) < 0 || rootfs_open_upper(&l, e) < 0)
		return -1;
	return rootfs_overlay(&l, (uint32_t)spec->place.id_base, mount_fd_out, e);
}

/* Not idmapped, which tmpfs can't be on older kernels: what is made there belongs to the container's ids as they are. */
static int
rootfs_open_tmpfs(const struct spec *spec, struct layers *l, struct err *e)
{
	AUTO_CLOSE int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	uid_t id = (uid_t)spec->place.id_base;
	char size[32];

	snprintf(size, sizeof size, "%lld", (long long)spec->config.memory / 2);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", "65536", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ||
	    (l->upper_mount = fsmount(fs, FSMOUNT_CLOEXEC, 0)) < 0)
		return err_sys(e, "mount a tmpfs for the rescue system");
	if (mkdirat(l->upper_mount, "upper", 0755) < 0 || mkdirat(l->upper_mount, "work", 0755) < 0 ||
	    fchownat(l->upper_mount, "upper", id, id, 0) < 0 || fchownat(l->upper_mount, "work", id, id, 0) < 0)
		return err_sys(e, "prepare the rescue system's tmpfs");
	return rootfs_open_upper(l, e);
}

int
rootfs_mount_rescue(const struct spec *spec, int userns_fd, int *mount_fd_out, struct err *e)
{
	AUTO_LAYERS struct layers l = LAYERS_INIT;

	rootfs_template_path(&spec->settings, &spec->rescue, l.lower_path, sizeof l.lower_path);
	spec_run_dir(spec, l.upper_path);
	if (rootfs_open_layer(l.lower_path, MOUNT_ATTR_RDONLY, userns_fd, &l.lower, e) < 0 || rootfs_open_tmpfs(spec, &l, e) < 0)
		return -1;
	return rootfs_overlay(&l, (uint32_t)spec->place.id_base, mount_fd_out, e);
}

int
rootfs_userns_map(const struct spec *spec, pid_t pid, struct err *e)
{
	char path[64], map[64];

	snprintf(map, sizeof map, "0 %lld %d\n", (long long)spec->place.id_base, ID_RANGE);
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	if (fd_write_kernel(AT_FDCWD, path, map, e) < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	return fd_write_kernel(AT_FDCWD, path, map, e);
}

static int
rootfs_userns_of(const struct spec *spec, pid_t pid, int *userns_fd_out, struct err *e)
{
	char path[64];
	int fd;

	if (rootfs_userns_map(spec, pid, e) < 0)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the user namespace");
	*userns_fd_out = fd;
	return 0;
}

int
rootfs_userns_open(const struct spec *spec, int *userns_fd_out, struct err *e)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t pid = kernel_clone3(&args);
	int rc;

	if (pid < 0)
		return err_sys(e, "make a user namespace");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			pause();
	}
	rc = rootfs_userns_of(spec, pid, userns_fd_out, e);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return rc;
}

int
rootfs_open_init(const struct spec *spec, pid_t pid, int *pidfd_out, struct err *e)
{
	AUTO_CLOSE int fd = pidfd_open(pid, 0);
	AUTO_FREE char *map = NULL;
	long long inside, outside, count;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	/* The map is read between opening the process and seeing that it still lives: so it is that process's. */
	if (fd < 0 || fd_read_file(AT_FDCWD, path, 4096, &map, NULL, NULL) < 0 || pidfd_send_signal(fd, 0, NULL, 0) < 0)
		return err_set(e, ERR_CONFLICT, "The container isn't running");
	if (sscanf(map, "%lld %lld %lld", &inside, &outside, &count) != 3 || inside != 0 || outside != spec->place.id_base)
		return err_set(e, ERR_CONFLICT, "Process %d isn't the container's", pid);
	*pidfd_out = take_fd(&fd);
	return 0;
}
