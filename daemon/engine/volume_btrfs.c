/*
 * Subvolumes with a quota group each: btrfs-subvolume(8), btrfs-quota(8); the ioctls are those of linux/btrfs.h. A volume's limit
 * is on what it refers to: it shares nothing with others.
 */
#include <btrfsutil.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <string.h>
#include <sys/ioctl.h>

#include "daemon/engine/volume_backend.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { SEARCH_BYTES = 64 * 1024, QGROUP_LEVEL_SHIFT = 48 };

static int
btrfs_open(int dir_fd, int *fd_out, struct err *e)
{
	int fd = openat(dir_fd, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open the volume");
	*fd_out = fd;
	return 0;
}

static int
btrfs_limit(int fd, int64_t quota_bytes, struct err *e)
{
	struct btrfs_ioctl_qgroup_limit_args args = { .lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = (__u64)quota_bytes } };

	/* Quota group 0 stands for the subvolume of fd. */
	if (ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, &args) < 0)
		return err_sys(e, "set the volume's quota");
	return 0;
}

static int
btrfs_create(int dir_fd, int64_t quota_bytes, struct err *e)
{
	enum btrfs_util_error rc = btrfs_util_create_subvolume_fd(dir_fd, "fs", 0, NULL, NULL);
	AUTO_CLOSE int fd = -1;

	if (rc != BTRFS_UTIL_OK && errno != EEXIST)
		return err_sys(e, "make the volume's subvolume");
	return btrfs_open(dir_fd, &fd, e) < 0 ? -1 : btrfs_limit(fd, quota_bytes, e);
}

static int
btrfs_set_quota(int dir_fd, int64_t quota_bytes, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	return btrfs_open(dir_fd, &fd, e) < 0 ? -1 : btrfs_limit(fd, quota_bytes, e);
}

static int
btrfs_drop_qgroup(int fd, uint64_t id)
{
	struct btrfs_ioctl_qgroup_create_args args = { .create = 0, .qgroupid = id };

	return ioctl(fd, BTRFS_IOC_QGROUP_CREATE, &args);
}

static int
btrfs_delete(int dir_fd, struct err *e)
{
	AUTO_CLOSE int fd = openat(dir_fd, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t id = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open the volume");
	if (btrfs_util_subvolume_id_fd(fd, &id) != BTRFS_UTIL_OK)
		return err_sys(e, "read the volume's subvolume id");
	if (btrfs_util_delete_subvolume_fd(dir_fd, "fs", BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE) != BTRFS_UTIL_OK)
		return err_sys(e, "delete the volume's subvolume");
	/* Newer kernels refuse while the cleaner is still at work: volume_btrfs_prepare() forgets it later. */
	btrfs_drop_qgroup(dir_fd, id);
	return 0;
}

typedef int btrfs_item(const struct btrfs_ioctl_search_header *header, const void *item, void *arg);

/* Calls take() for each item of the quota tree with a type of min_type to max_type and a group of min_id to max_id. */
static int
btrfs_search_quotas(int fd, uint32_t min_type, uint32_t max_type, uint64_t min_id, uint64_t max_id, btrfs_item *take, void *arg,
		    struct err *e)
{
	AUTO_FREE struct btrfs_ioctl_search_args_v2 *args = calloc(1, sizeof *args + SEARCH_BYTES);

	if (!args)
		return err_set(e, ERR_INTERNAL, "out of memory");
	args->key = (struct btrfs_ioctl_search_key){ .tree_id = BTRFS_QUOTA_TREE_OBJECTID, .max_transid = UINT64_MAX,
						     .min_type = min_type, .max_type = max_type, .min_offset = min_id,
						     .max_offset = max_id, .nr_items = 4096 };
	args->buf_size = SEARCH_BYTES;
	if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, args) < 0)
		return err_sys(e, "read the quota groups");
	for (size_t i = 0, at = 0; i < args->key.nr_items; i++) {
		struct btrfs_ioctl_search_header header;

		memcpy(&header, (const char *)args->buf + at, sizeof header);
		at += sizeof header;
		if (take(&header, (const char *)args->buf + at, arg) < 0)
			return -1;
		at += header.len;
	}
	return 0;
}

static int
btrfs_take_usage(const struct btrfs_ioctl_search_header *header, const void *item, void *arg)
{
	struct volume_usage *usage = arg;
	struct btrfs_qgroup_info_item info;
	struct btrfs_qgroup_limit_item limit;

	if (header->type == BTRFS_QGROUP_INFO_KEY && header->len >= sizeof info) {
		memcpy(&info, item, sizeof info);
		usage->used = (int64_t)info.rfer;
	} else if (header->type == BTRFS_QGROUP_LIMIT_KEY && header->len >= sizeof limit) {
		memcpy(&limit, item, sizeof limit);
		usage->effective = limit.flags & BTRFS_QGROUP_LIMIT_MAX_RFER ? (int64_t)limit.max_rfer : -1;
	}
	return 0;
}

static int
btrfs_read(int dir_fd, struct volume_usage *usage_out, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	uint64_t id;

	*usage_out = (struct volume_usage){ -1, -1 };
	if (btrfs_open(dir_fd, &fd, e) < 0)
		return -1;
	if (btrfs_util_subvolume_id_fd(fd, &id) != BTRFS_UTIL_OK)
		return err_sys(e, "read the volume's subvolume id");
	/* Usage is accounted when a transaction commits: what was just written counts too. */
	if (syncfs(fd) < 0)
		return err_sys(e, "sync the pool");
	if (btrfs_search_quotas(fd, BTRFS_QGROUP_INFO_KEY, BTRFS_QGROUP_INFO_KEY, id, id, btrfs_take_usage, usage_out, e) < 0)
		return -1;
	return btrfs_search_quotas(fd, BTRFS_QGROUP_LIMIT_KEY, BTRFS_QGROUP_LIMIT_KEY, id, id, btrfs_take_usage, usage_out, e);
}

struct btrfs_stale {
	int fd;
};

static int
btrfs_forget_stale(const struct btrfs_ioctl_search_header *header, const void *item, void *arg)
{
	const struct btrfs_stale *stale = arg;
	struct btrfs_util_subvolume_info info;
	uint64_t id = header->offset;

	/* Level 0 are subvolumes; 5 is the file system's root. */
	if (id >> QGROUP_LEVEL_SHIFT == 0 && id >= BTRFS_FIRST_FREE_OBJECTID &&
	    btrfs_util_subvolume_info_fd(stale->fd, id, &info) == BTRFS_UTIL_ERROR_SUBVOLUME_NOT_FOUND)
		btrfs_drop_qgroup(stale->fd, id);
	return 0;
}

int
volume_btrfs_prepare(int pool_fd, struct err *e)
{
	struct btrfs_ioctl_quota_ctl_args on = { .cmd = BTRFS_QUOTA_CTL_ENABLE };
	struct btrfs_stale stale = { pool_fd };

	if (ioctl(pool_fd, BTRFS_IOC_QUOTA_CTL, &on) < 0 && errno != EEXIST)
		return err_sys(e, "turn on the pool's quotas");
	return btrfs_search_quotas(pool_fd, BTRFS_QGROUP_INFO_KEY, BTRFS_QGROUP_INFO_KEY, 0, UINT64_MAX, btrfs_forget_stale, &stale, e);
}

const struct volume_backend volume_btrfs = { "btrfs", btrfs_create, btrfs_set_quota, btrfs_delete, btrfs_read };
