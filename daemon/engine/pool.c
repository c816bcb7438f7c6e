/* The pool: the file system that holds the volumes, mounted so that nothing in it is a program or a device to the host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/engine/loop.h"
#include "daemon/engine/spawn.h"
#include "daemon/engine/volume_backend.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/check.h"

#define POOL_MARK ".berth-pool"
#define POOL_IMAGE "pool.img"
#define POOL_NOTE "pool-mounted"
#define POOL_MKFS "/sbin/mkfs.btrfs"
#define POOL_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define POOL_ST_FLAGS (ST_NOSUID | ST_NODEV | ST_NOEXEC)

static int
pool_open_state(const struct settings *s, int *fd_out, struct err *e)
{
	int fd = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open '%s'", s->state_dir);
	*fd_out = fd;
	return 0;
}

static int
pool_open(const struct settings *s, int *fd_out, struct err *e)
{
	int fd = open(s->pool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open the pool '%s'", s->pool_dir);
	*fd_out = fd;
	return 0;
}

static bool
pool_is_mounted(const struct settings *s)
{
	struct statx st;

	return statx(AT_FDCWD, s->pool_dir, 0, STATX_TYPE, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* Whose pool this is: one line, made when the pool is first used. */
static void
pool_mark_text(const struct settings *s, const char *storage, char *buf, size_t size)
{
	snprintf(buf, size, "%s %s %s\n", s->instance, storage, s->state_dir);
}

/* The storage that the pool was made with, from its mark. false: it is none yet, or not readable. */
static bool
pool_read_storage(int fd, char name_out[16])
{
	AUTO_FREE char *mark = NULL;

	return fd_read_file(fd, POOL_MARK, SPEC_PATH_MAX, &mark, NULL, NULL) == 0 && sscanf(mark, "%*s %15s", name_out) == 1;
}

/* The first name in the directory that isn't one that belongs there: 1, 0 there is none, -1. */
static int
pool_find_foreign(int fd, char *name_out, size_t size, struct err *e)
{
	DIR *dir = fd_open_dir(fd, ".", e);
	struct dirent *entry;
	int rc;

	if (!dir)
		return -1;
	do
		rc = fd_next_entry(dir, &entry, e);
	while (rc == 1 && strcmp(entry->d_name, "lost+found") == 0);
	if (rc == 1)
		snprintf(name_out, size, "%s", entry->d_name);
	closedir(dir);
	return rc;
}

static int
pool_check_empty(const struct settings *s, int fd, struct err *e)
{
	char name[NAME_MAX + 1];
	int rc = pool_find_foreign(fd, name, sizeof name, e);

	if (rc <= 0)
		return rc;
	return err_set(e, ERR_CONFLICT,
	               "pool_dir '%s' is no pool of this daemon and holds '%s': empty it, or choose another directory", s->pool_dir,
	               name);
}

static int
pool_claim(const struct settings *s, const char *storage, int fd, struct err *e)
{
	AUTO_FREE char *found = NULL;
	char want[SPEC_PATH_MAX];

	pool_mark_text(s, storage, want, sizeof want);
	if (fd_read_file(fd, POOL_MARK, sizeof want, &found, NULL, e) == 0) {
		if (strcmp(found, want) == 0)
			return 0;
		found[strcspn(found, "\n")] = '\0';
		return err_set(e, ERR_CONFLICT, "pool_dir '%s' is the pool of another: instance, storage and state_dir '%s'",
		               s->pool_dir, found);
	}
	if (errno != ENOENT || pool_check_empty(s, fd, e) < 0)
		return -1;
	return fd_replace_file(fd, POOL_MARK, want, strlen(want), 0600, true, e);
}

/* The last line of what a program has said. */
static const char *
pool_last_line(int said, char buf[static 256])
{
	off_t end = lseek(said, 0, SEEK_END);
	ssize_t n = pread(said, buf, 255, end > 255 ? end - 255 : 0);
	char *line;

	buf[n > 0 ? n : 0] = '\0';
	while (n > 0 && buf[n - 1] == '\n')
		buf[--n] = '\0';
	line = strrchr(buf, '\n');
	return line ? line + 1 : buf;
}

/* What it says is of use only when it fails. */
static int
pool_run_mkfs(const char *image, const char *label, struct err *e)
{
	char *argv[] = { (char[]){ "mkfs.btrfs" }, (char[]){ "-q" },         (char[]){ "-L" },
		         (char *)(uintptr_t)label, (char *)(uintptr_t)image, NULL };
	AUTO_CLOSE int said = memfd_create("mkfs", MFD_CLOEXEC);
	char line[256];
	int status = 0;
	pid_t pid;

	if (access(POOL_MKFS, X_OK) < 0)
		return err_set(e, ERR_UNSUPPORTED,
		               POOL_MKFS " is missing: apt install btrfs-progs, or set storage = dir (no disk quotas)");
	if (said < 0)
		return err_sys(e, "make a file for what mkfs.btrfs says");
	if (spawn_program(POOL_MKFS, argv, (struct spawn_fd[]){ { said, STDOUT_FILENO }, { said, STDERR_FILENO } }, 2, NULL, &pid,
	                  e) < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status == 0 ? 0 : err_set(e, ERR_INTERNAL, "mkfs.btrfs of '%s' failed: %s", image, pool_last_line(said, line));
}

/* Under another name until it is whole: an image that is there is a file system. */
static int
pool_make_image(const struct settings *s, int state_fd, struct err *e)
{
	char path[SPEC_PATH_MAX], label[32];
	struct statvfs room;
	AUTO_CLOSE int fd = openat(state_fd, POOL_IMAGE ".new", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, s->pool_size) < 0)
		return err_sys(e, "make '%s/" POOL_IMAGE ".new' of %lld bytes", s->state_dir, (long long)s->pool_size);
	if (fstatvfs(fd, &room) == 0 && (int64_t)(room.f_bavail * room.f_frsize) < s->pool_size)
		log_warning("pool_size is %lld bytes, but '%s' has %llu left: containers can fill it", (long long)s->pool_size,
		            s->state_dir, (unsigned long long)(room.f_bavail * room.f_frsize));
	snprintf(path, sizeof path, "%s/" POOL_IMAGE ".new", s->state_dir);
	snprintf(label, sizeof label, "berth-%s", s->instance);
	if (pool_run_mkfs(path, label, e) < 0 || fsync(fd) < 0 || renameat(state_fd, POOL_IMAGE ".new", state_fd, POOL_IMAGE) < 0 ||
	    fsync(state_fd) < 0) {
		if (!err_is_set(e))
			err_sys(e, "make '%s'", path);
		unlinkat(state_fd, POOL_IMAGE ".new", 0);
		return -1;
	}
	log_info("the pool is the loop file '%s/" POOL_IMAGE "': random writes on it run at about a fifth of the disk's speed",
	         s->state_dir);
	return 0;
}

static int
pool_open_image(const struct settings *s, bool make, int *fd_out, struct err *e)
{
	AUTO_CLOSE int state = -1, fd = -1;
	struct stat st;

	if (pool_open_state(s, &state, e) < 0)
		return -1;
	fd = openat(state, POOL_IMAGE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		if (pool_make_image(s, state, e) < 0)
			return -1;
		fd = openat(state, POOL_IMAGE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open '%s/" POOL_IMAGE "'", s->state_dir);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022))
		return err_set(e, ERR_CONFLICT, "'%s/" POOL_IMAGE "' must be a file that root alone can write", s->state_dir);
	*fd_out = take_fd(&fd);
	return 0;
}

/* What the mount would hide must be nothing. */
static int
pool_mount_loop(const struct settings *s, struct err *e)
{
	AUTO_CLOSE int below = -1, image = -1;
	char device[LOOP_PATH_MAX];
	int rc;

	if (pool_open(s, &below, e) < 0 || pool_check_empty(s, below, e) < 0 || pool_open_image(s, true, &image, e) < 0)
		return -1;
	rc = loop_find(image, device, e);
	if (rc < 0 || (rc == 0 ? loop_attach(image, device, e) : loop_keep(device, e)) < 0)
		return -1;
	if (mount(device, s->pool_dir, "btrfs", POOL_FLAGS | MS_NOATIME, "discard=async") == 0)
		return 0;
	if (errno == ENODEV)
		err_set(e, ERR_UNSUPPORTED, "this kernel has no btrfs: load its module, or set storage = dir (no disk quotas)");
	else
		err_sys(e, "mount '%s' (%s/" POOL_IMAGE ") at '%s'", device, s->state_dir, s->pool_dir);
	loop_detach(device, NULL);
	return -1;
}

/* A mount of its own, so that its flags are the pool's alone. */
static int
pool_mount_bind(const struct settings *s, struct err *e)
{
	if (mount(s->pool_dir, s->pool_dir, NULL, MS_BIND, NULL) < 0)
		return err_sys(e, "bind '%s'", s->pool_dir);
	return 0;
}

/* What is mounted here by us is ours to unmount; an operator's own mount isn't. */
static int
pool_note_mount(const struct settings *s, struct err *e)
{
	AUTO_CLOSE int run = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (run < 0)
		return err_sys(e, "open '%s'", s->run_dir);
	return fd_replace_file(run, POOL_NOTE, "", 0, 0600, false, e);
}

static int
pool_check_fits(const struct settings *s, const struct volume_backend *backend, int fd, struct err *e)
{
	if (backend->fits(fd))
		return 0;
	return err_set(e, ERR_CONFLICT, "storage = %s: the pool '%s' doesn't lie on %s: %s, or set storage = dir (no disk quotas)",
	               backend->name, s->pool_dir, backend->needs, backend->remedy);
}

static int
pool_mount(const struct settings *s, const struct volume_backend *backend, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	if (pool_is_mounted(s))
		return 0;
	if (pool_open(s, &fd, e) < 0)
		return -1;
	if (backend == &volume_btrfs && !backend->fits(fd))
		return pool_note_mount(s, e) < 0 ? -1 : pool_mount_loop(s, e);
	if (pool_check_fits(s, backend, fd, e) < 0)
		return -1;
	return pool_note_mount(s, e) < 0 ? -1 : pool_mount_bind(s, e);
}

/* auto: what the pool was made with; for a new one what its file system does, and btrfs on a loop file where that does nothing. */
static const struct volume_backend *
pool_choose(const struct settings *s, struct err *e)
{
	char path[SPEC_PATH_MAX], made[16];
	AUTO_CLOSE int fd = -1;

	if (strcmp(s->storage, "auto") != 0)
		return volume_backend_get(s->storage, e);
	if (pool_open(s, &fd, e) < 0)
		return NULL;
	if (pool_read_storage(fd, made))
		return volume_backend_get(made, e);
	snprintf(path, sizeof path, "%s/" POOL_IMAGE, s->state_dir);
	return access(path, F_OK) < 0 && volume_prjquota.fits(fd) ? &volume_prjquota : &volume_btrfs;
}

static int
pool_protect(const struct settings *s, int fd, struct err *e)
{
	struct statvfs st;

	if (fstatvfs(fd, &st) < 0 || fchmod(fd, 0700) < 0)
		return err_sys(e, "look at the pool '%s'", s->pool_dir);
	if ((st.f_flag & POOL_ST_FLAGS) == POOL_ST_FLAGS)
		return 0;
	if (mount(NULL, s->pool_dir, NULL, MS_REMOUNT | MS_BIND | POOL_FLAGS | MS_NOATIME, NULL) < 0)
		return err_sys(e, "make the pool '%s' nosuid, nodev and noexec", s->pool_dir);
	return 0;
}

/* btrfs has a device number of its own invention; the queue that takes I/O limits is its first device's. */
static void
pool_device(int fd, char *buf, size_t size)
{
	struct btrfs_ioctl_dev_info_args info = { .devid = 1 };
	struct stat st;
	dev_t dev = 0;

	buf[0] = '\0';
	if (ioctl(fd, BTRFS_IOC_DEV_INFO, &info) == 0 && stat((const char *)info.path, &st) == 0)
		dev = st.st_rdev;
	else if (fstat(fd, &st) == 0)
		dev = st.st_dev;
	if (major(dev) != 0)
		snprintf(buf, size, "%u:%u", major(dev), minor(dev));
}

static int
pool_tell(struct layout *layout, const char *storage, int fd, struct err *e)
{
	char device[32];

	pool_device(fd, device, sizeof device);
	if (record_set_text(&layout_schema, layout, "storage", storage, e) < 0)
		return -1;
	return record_set_text(&layout_schema, layout, "pool_device", device, e);
}

int
volume_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	const struct volume_backend *backend = pool_choose(s, e);
	AUTO_CLOSE int fd = -1;

	if (!backend || pool_mount(s, backend, e) < 0 || pool_open(s, &fd, e) < 0 || pool_check_fits(s, backend, fd, e) < 0)
		return -1;
	if (pool_protect(s, fd, e) < 0 || pool_claim(s, backend->name, fd, e) < 0 || backend->setup(fd, e) < 0)
		return -1;
	return pool_tell(layout, backend->name, fd, e);
}

int
volume_host_room(const struct settings *s, int64_t *bytes_out, int64_t *free_out, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct statvfs st;

	if (pool_open(s, &fd, e) < 0)
		return -1;
	if (fstatvfs(fd, &st) < 0)
		return err_sys(e, "look at the pool '%s'", s->pool_dir);
	*bytes_out = (int64_t)(st.f_blocks * st.f_frsize);
	*free_out = (int64_t)(st.f_bavail * st.f_frsize);
	return 0;
}

/* With the volumes of all containers; only of a pool that is marked as this instance's. */
static int
pool_destroy_volumes(const struct settings *s, struct err *e)
{
	static const char *const others[] = { ".stale", ".copies" };
	AUTO_CLOSE int fd = -1;
	struct spec spec = { .settings = *s };
	struct dirent *entry;
	char storage[16];
	int rc = 0, more = -1;
	DIR *dir;

	if (pool_open(s, &fd, e) < 0)
		return -1;
	if (!pool_read_storage(fd, storage))
		return 0;
	spec.layout.storage = storage;
	dir = fd_open_dir(fd, ".", e);
	if (!dir)
		return -1;
	while (rc == 0 && (more = fd_next_entry(dir, &entry, e)) == 1) {
		spec.place.id = entry->d_name;
		if (!check_uuid(entry->d_name))
			rc = volume_delete(&spec, e);
	}
	closedir(dir);
	if (more < 0)
		rc = -1;
	for (size_t i = 0; rc == 0 && i < sizeof others / sizeof *others; i++)
		rc = fd_remove_tree(fd, others[i], e);
	if (rc == 0 && unlinkat(fd, POOL_MARK, 0) < 0 && errno != ENOENT)
		rc = err_sys(e, "remove the pool's mark");
	return rc;
}

static int
pool_unmount(const struct settings *s, struct err *e)
{
	char note[SPEC_PATH_MAX];

	snprintf(note, sizeof note, "%s/" POOL_NOTE, s->run_dir);
	if (access(note, F_OK) < 0)
		return 0;
	if (!pool_is_mounted(s) || umount2(s->pool_dir, UMOUNT_NOFOLLOW) == 0) {
		FAULT("host-cleanup.let-go");
		return unlink(note) < 0 ? err_sys(e, "remove '%s'", note) : 0;
	}
	if (errno == EBUSY)
		return err_set(e, ERR_CONFLICT, "the pool '%s' is in use", s->pool_dir);
	return err_sys(e, "unmount the pool '%s'", s->pool_dir);
}

enum { DETACH_TRIES = 250, DETACH_WAIT_US = 20000 };

static int
pool_drop_image(const struct settings *s, bool destroy, struct err *e)
{
	AUTO_CLOSE int state = -1, image = -1;
	char device[LOOP_PATH_MAX];
	int rc;

	if (pool_open_state(s, &state, e) < 0)
		return -1;
	image = openat(state, POOL_IMAGE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (image < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open '%s/" POOL_IMAGE "'", s->state_dir);
	rc = loop_find(image, device, e);
	if (rc < 0 || (rc == 1 && loop_detach(device, e) < 0))
		return -1;
	/* Containers that have just ended: the kernel gives back their mounts a moment later, and the device with the last. */
	for (int i = 0; rc == 1 && i < DETACH_TRIES; i++) {
		rc = loop_find(image, device, e);
		if (rc == 1)
			usleep(DETACH_WAIT_US);
	}
	if (rc < 0)
		return -1;
	if (rc == 1)
		log_warning("%s is still in use; it is given back with its last user", device);
	if (fault_at("host-cleanup.detached", e) < 0)
		return -1;
	if (destroy && unlinkat(state, POOL_IMAGE, 0) < 0)
		return err_sys(e, "remove '%s/" POOL_IMAGE "'", s->state_dir);
	return 0;
}

int
volume_host_cleanup(const struct settings *s, bool destroy, struct err *e)
{
	AUTO_CLOSE int state = -1;
	struct stat st;
	bool loop;

	if (pool_open_state(s, &state, e) < 0)
		return -1;
	loop = fstatat(state, POOL_IMAGE, &st, AT_SYMLINK_NOFOLLOW) == 0;
	/* A loop pool's volumes go with its image. */
	if (destroy && !loop && (pool_destroy_volumes(s, e) < 0 || fault_at("host-cleanup.volumes", e) < 0))
		return -1;
	if (pool_unmount(s, e) < 0 || fault_at("host-cleanup.unmounted", e) < 0)
		return -1;
	return pool_drop_image(s, destroy, e);
}
