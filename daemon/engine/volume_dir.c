/* Plain directories: no quota. Only where the operator chose it, and `show` says so. */
#include <errno.h>
#include <sys/stat.h>

#include "daemon/engine/volume_backend.h"
#include "daemon/util/fd.h"

static int
volume_dir_create(int dir_fd, int64_t quota_bytes, struct err *e)
{
	return mkdirat(dir_fd, "fs", 0755) < 0 && errno != EEXIST ? err_sys(e, "make the volume's directory") : 0;
}

static int
volume_dir_set_quota(int dir_fd, int64_t quota_bytes, struct err *e)
{
	return 0;
}

static int
volume_dir_delete(int dir_fd, struct err *e)
{
	return fd_remove_tree(dir_fd, "fs", e);
}

static int
volume_dir_read(int dir_fd, struct volume_usage *usage_out, struct err *e)
{
	usage_out->effective = -1;
	usage_out->used = -1;
	return 0;
}

const struct volume_backend volume_dir = { "dir", volume_dir_create, volume_dir_set_quota, volume_dir_delete, volume_dir_read };
