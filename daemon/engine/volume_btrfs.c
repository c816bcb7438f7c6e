/* A subvolume a container, with a limit on what its quota group refers to. */
#include <btrfsutil.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "daemon/engine/volume_backend.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/* Files named by the numbers of quota groups that the kernel couldn't give up yet; they are tried again later. */
#define STALE_DIR ".stale"

static int
volume_btrfs_err(enum btrfs_util_error rc, const char *what, struct err *e)
{
	if (errno)
		return err_sys(e, "%s", what);
	return err_set(e, ERR_INTERNAL, "%s: %s", what, btrfs_util_strerror(rc));
}

static bool
volume_btrfs_fits(int pool_fd)
{
	struct statfs st;

	return fstatfs(pool_fd, &st) == 0 && st.f_type == BTRFS_SUPER_MAGIC;
}

/* /sys/fs/btrfs/<uuid>/qgroups: the kernel's live figures, where the tree on disk is as old as the last commit. */
static int
volume_btrfs_sys_open(int fd, int *dir_out, struct err *e)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };
	char path[128];
	size_t n;
	int dir;

	if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) < 0)
		return err_sys(e, "ask btrfs for its id");
	n = (size_t)snprintf(path, sizeof path, "/sys/fs/btrfs/");
	for (size_t i = 0; i < sizeof info.fsid; i++)
		n += (size_t)snprintf(path + n, sizeof path - n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
		                      info.fsid[i]);
	snprintf(path + n, sizeof path - n, "/qgroups");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open '%s' (are quotas enabled?)", path);
	*dir_out = dir;
	return 0;
}

static int64_t
volume_btrfs_sys_number(int dir, const char *name)
{
	AUTO_FREE char *text = NULL;

	return fd_read_file(dir, name, 64, &text, NULL, NULL) < 0 ? -1 : strtoll(text, NULL, 10);
}

/* Counted wrong after a crash or a huge deletion, the kernel enforces no limit until it has counted anew. */
static int
volume_btrfs_recount(int pool_fd, struct err *e)
{
	struct btrfs_ioctl_quota_rescan_args rescan = { 0 };
	AUTO_CLOSE int dir = -1;

	if (volume_btrfs_sys_open(pool_fd, &dir, e) < 0)
		return -1;
	if (volume_btrfs_sys_number(dir, "inconsistent") == 1) {
		log_info("the pool's quotas are counted anew");
		if (ioctl(pool_fd, BTRFS_IOC_QUOTA_RESCAN, &rescan) < 0 && errno != EINPROGRESS)
			return err_sys(e, "count the pool's quotas anew");
	}
	return ioctl(pool_fd, BTRFS_IOC_QUOTA_RESCAN_WAIT) < 0 ? err_sys(e, "wait for the quotas' count") : 0;
}

static void volume_btrfs_sweep(int pool_fd);

static int
volume_btrfs_setup(int pool_fd, struct err *e)
{
	struct btrfs_ioctl_quota_ctl_args enable = { .cmd = BTRFS_QUOTA_CTL_ENABLE };

	if (ioctl(pool_fd, BTRFS_IOC_QUOTA_CTL, &enable) < 0 && errno != EEXIST)
		return err_sys(e, "enable quotas on the pool");
	if (mkdirat(pool_fd, STALE_DIR, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make the pool's directory '" STALE_DIR "'");
	if (volume_btrfs_recount(pool_fd, e) < 0)
		return -1;
	volume_btrfs_sweep(pool_fd);
	return 0;
}

static int
volume_btrfs_create(const struct spec *spec, int volume_fd, struct err *e)
{
	enum btrfs_util_error rc;

	errno = 0;
	rc = btrfs_util_create_subvolume_fd(volume_fd, "fs", 0, NULL, NULL);
	if (rc != BTRFS_UTIL_OK)
		return volume_btrfs_err(rc, "make the volume's subvolume", e);
	return fchmodat(volume_fd, "fs", 0755, 0) < 0 ? err_sys(e, "set the subvolume's mode") : 0;
}

static int
volume_btrfs_number(int fs, uint64_t *id_out, struct err *e)
{
	enum btrfs_util_error rc;

	errno = 0;
	rc = btrfs_util_subvolume_id_fd(fs, id_out);
	return rc == BTRFS_UTIL_OK ? 0 : volume_btrfs_err(rc, "find a subvolume's number", e);
}

/* Asked of the directory around it: asked of a subvolume that is over its limit, the kernel would refuse for that very reason. */
static int
volume_btrfs_set_limit(int volume_fd, int64_t bytes, struct err *e)
{
	struct btrfs_ioctl_qgroup_limit_args limit = { .lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER,
		                                                .max_rfer = (uint64_t)bytes } };
	AUTO_CLOSE int fs = -1;
	uint64_t id;

	if (volume_open_fs(volume_fd, &fs, e) < 0 || volume_btrfs_number(fs, &id, e) < 0)
		return -1;
	limit.qgroupid = id;
	return ioctl(volume_fd, BTRFS_IOC_QGROUP_LIMIT, &limit) < 0 ? err_sys(e, "limit the volume's size") : 0;
}

/* Reserved is what was written and not yet committed: it counts against the limit, so it counts here. */
static int
volume_btrfs_read(int volume_fd, struct volume_usage *usage_out, struct err *e)
{
	static const char *const parts[] = { "referenced", "rsv_data", "rsv_meta_pertrans", "rsv_meta_prealloc" };
	struct volume_usage usage = { .effective = -1 };
	AUTO_CLOSE int fs = -1, dir = -1, group = -1;
	uint64_t id;
	char name[32];

	if (volume_open_fs(volume_fd, &fs, e) < 0 || volume_btrfs_number(fs, &id, e) < 0)
		return -1;
	if (volume_btrfs_sys_open(fs, &dir, e) < 0)
		return -1;
	snprintf(name, sizeof name, "0_%llu", (unsigned long long)id);
	group = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (group < 0)
		return err_sys(e, "open the volume's quota group");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		int64_t n = volume_btrfs_sys_number(group, parts[i]);

		usage.used += n > 0 ? n : 0;
	}
	if (volume_btrfs_sys_number(group, "limit_flags") & (int64_t)BTRFS_QGROUP_LIMIT_MAX_RFER)
		usage.effective = volume_btrfs_sys_number(group, "max_referenced");
	*usage_out = usage;
	return 0;
}

/* Whether the group of a deleted subvolume is gone. Newer kernels refuse until its cleaner has been there, and then remove it. */
static bool
volume_btrfs_drop_group(int pool_fd, uint64_t id)
{
	struct btrfs_ioctl_qgroup_create_args args = { .create = 0, .qgroupid = id };

	return ioctl(pool_fd, BTRFS_IOC_QGROUP_CREATE, &args) == 0 || errno == ENOENT || errno == ENOTCONN;
}

static void
volume_btrfs_drop_groups(int pool_fd, const uint64_t *ids, size_t n)
{
	char name[64];

	for (size_t i = 0; i < n; i++) {
		if (volume_btrfs_drop_group(pool_fd, ids[i]))
			continue;
		snprintf(name, sizeof name, STALE_DIR "/%llu", (unsigned long long)ids[i]);
		if (mknodat(pool_fd, name, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
			log_warning("the quota group 0/%llu is left behind", (unsigned long long)ids[i]);
	}
}

static void
volume_btrfs_sweep(int pool_fd)
{
	DIR *dir = fd_open_dir(pool_fd, STALE_DIR, NULL);
	struct dirent *entry;

	if (!dir)
		return;
	while (fd_next_entry(dir, &entry, NULL) == 1) {
		uint64_t id = strtoull(entry->d_name, NULL, 10);

		if (id > 0 && volume_btrfs_drop_group(pool_fd, id))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

static int
volume_btrfs_add_id(int fd, uint64_t **ids, size_t *n, struct err *e)
{
	uint64_t *grown = realloc(*ids, (*n + 1) * sizeof **ids);

	if (!grown)
		return err_set(e, ERR_INTERNAL, "out of memory");
	*ids = grown;
	if (volume_btrfs_number(fd, &grown[*n], e) < 0)
		return -1;
	(*n)++;
	return 0;
}

/* The numbers of all subvolumes below: each has a quota group that outlives it. */
static int
volume_btrfs_add_nested(int fd, uint64_t **ids, size_t *n, struct err *e)
{
	struct btrfs_util_subvolume_iterator *it = NULL;
	enum btrfs_util_error rc;
	uint64_t *grown, id;

	errno = 0;
	rc = btrfs_util_create_subvolume_iterator_fd(fd, 0, 0, &it);
	if (rc != BTRFS_UTIL_OK)
		return volume_btrfs_err(rc, "look for nested subvolumes", e);
	while ((rc = btrfs_util_subvolume_iterator_next(it, NULL, &id)) == BTRFS_UTIL_OK) {
		grown = realloc(*ids, (*n + 1) * sizeof **ids);
		if (!grown)
			break;
		*ids = grown;
		grown[(*n)++] = id;
	}
	btrfs_util_destroy_subvolume_iterator(it);
	return rc == BTRFS_UTIL_ERROR_STOP_ITERATION ? 0 : volume_btrfs_err(rc, "look for nested subvolumes", e);
}

static int
volume_btrfs_remove(int volume_fd, int fs, uint64_t **ids, size_t *n, struct err *e)
{
	enum btrfs_util_error rc;

	if (volume_btrfs_add_id(fs, ids, n, e) < 0)
		return -1;
	errno = 0;
	rc = btrfs_util_delete_subvolume_fd(volume_fd, "fs", 0);
	if (rc == BTRFS_UTIL_OK)
		return 0;
	if (errno != ENOTEMPTY)
		return volume_btrfs_err(rc, "delete the volume's subvolume", e);
	if (volume_btrfs_add_nested(fs, ids, n, e) < 0)
		return -1;
	errno = 0;
	rc = btrfs_util_delete_subvolume_fd(volume_fd, "fs", BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE);
	return rc == BTRFS_UTIL_OK ? 0 : volume_btrfs_err(rc, "delete the volume's subvolumes", e);
}

static int
volume_btrfs_destroy(int pool_fd, int volume_fd, struct err *e)
{
	AUTO_CLOSE int fs = openat(volume_fd, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FREE uint64_t *ids = NULL;
	size_t n = 0;

	if (fs < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the volume's subvolume");
	if (volume_btrfs_remove(volume_fd, fs, &ids, &n, e) < 0)
		return -1;
	close(take_fd(&fs));
	volume_btrfs_sweep(pool_fd);
	volume_btrfs_drop_groups(pool_fd, ids, n);
	return 0;
}

/* Without waiting for what others have written. */
static int
volume_btrfs_commit(int pool_fd, struct err *e)
{
	uint64_t transaction;

	if (btrfs_util_start_sync_fd(pool_fd, &transaction) != BTRFS_UTIL_OK ||
	    btrfs_util_wait_sync_fd(pool_fd, transaction) != BTRFS_UTIL_OK)
		return err_sys(e, "commit the deletion");
	return 0;
}

const struct volume_backend volume_btrfs = {
	"btrfs",
	"btrfs",
	"mount one there",
	volume_btrfs_fits,
	volume_btrfs_setup,
	volume_btrfs_create,
	NULL,
	volume_btrfs_set_limit,
	volume_btrfs_destroy,
	volume_btrfs_commit,
	volume_btrfs_read,
};
