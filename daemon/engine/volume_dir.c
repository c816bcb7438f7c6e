/* Plain directories: no quota. For hosts whose operator says so. */
#include <sys/stat.h>

#include "daemon/engine/volume_backend.h"
#include "daemon/util/fd.h"

static bool
volume_dir_fits(int pool_fd)
{
	return true;
}

static int
volume_dir_setup(int pool_fd, struct err *e)
{
	return 0;
}

static int
volume_dir_create(const struct spec *spec, int volume_fd, struct err *e)
{
	return mkdirat(volume_fd, "fs", 0755) < 0 ? err_sys(e, "make the volume's directory") : 0;
}

static int
volume_dir_set_limit(int volume_fd, int64_t bytes, struct err *e)
{
	return 0;
}

static int
volume_dir_destroy(int pool_fd, int volume_fd, struct err *e)
{
	return fd_remove_tree(volume_fd, "fs", e);
}

/* What it holds could be known by walking it alone, which costs too much to be asked for. */
static int
volume_dir_read(int volume_fd, struct volume_usage *usage_out, struct err *e)
{
	*usage_out = (struct volume_usage){ .effective = -1, .used = -1 };
	return 0;
}

const struct volume_backend volume_dir = {
	"dir", "a file system",      "mount one there",  volume_dir_fits,  volume_dir_setup, volume_dir_create,
	NULL,  volume_dir_set_limit, volume_dir_destroy, volume_sync_pool, volume_dir_read,
};
