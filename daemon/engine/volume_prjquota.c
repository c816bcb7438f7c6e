/*
 * A directory a container, whose files bear a project number with limits. The volume's own directory bears it first and last, so
 * that one that was cut short still tells which limits are to go with it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/engine/project.h"
#include "daemon/engine/volume_backend.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

enum { FREE_TRIES = 250, FREE_WAIT_US = 20000 };

static int
volume_prjquota_setup(int pool_fd, struct err *e)
{
	return 0;
}

/* xfs counts deleted files for a moment longer; whatever stays is not the daemon's. */
static int
volume_prjquota_need_free(int fd, uint32_t number, struct err *e)
{
	struct project_usage usage;

	for (int i = 0; i < FREE_TRIES; i++) {
		if (project_read(fd, number, &usage, e) < 0)
			return -1;
		if (usage.bytes == 0 && usage.inodes == 0)
			return 0;
		usleep(FREE_WAIT_US);
	}
	return err_set(e, ERR_CONFLICT,
	               "The project id %u has %lld files in the pool's file system already: choose another project_base", number,
	               (long long)usage.inodes);
}

static int
volume_prjquota_create(const struct spec *spec, int volume_fd, struct err *e)
{
	uint32_t number = project_number(&spec->settings, spec->place.id_base);
	AUTO_CLOSE int fs = -1;

	if (volume_prjquota_need_free(volume_fd, number, e) < 0 || project_assign(volume_fd, number, false, e) < 0)
		return -1;
	FAULT("volume.project");
	if (mkdirat(volume_fd, "fs", 0755) < 0)
		return err_sys(e, "make the volume's directory");
	return volume_open_fs(volume_fd, &fs, e) < 0 ? -1 : project_assign(fs, number, true, e);
}

static int
volume_prjquota_has_room(int volume_fd, int64_t bytes, struct err *e)
{
	int64_t inodes = project_inodes(bytes);
	struct project_usage usage;
	uint32_t number;

	if (project_get(volume_fd, &number, e) < 0 || project_read(volume_fd, number, &usage, e) < 0)
		return -1;
	if (usage.inodes <= inodes)
		return 0;
	return err_set(e, ERR_CONFLICT, "The container's disk holds %lld files: one of %lld bytes has room for %lld",
	               (long long)usage.inodes, (long long)bytes, (long long)inodes);
}

static int
volume_prjquota_set_limit(int volume_fd, int64_t bytes, struct err *e)
{
	uint32_t number;

	return project_get(volume_fd, &number, e) < 0 ? -1 : project_set_limits(volume_fd, number, bytes, project_inodes(bytes), e);
}

static int
volume_prjquota_destroy(int pool_fd, int volume_fd, struct err *e)
{
	uint32_t around, number;

	if (fd_remove_tree(volume_fd, "fs", e) < 0 || project_get(pool_fd, &around, e) < 0 ||
	    project_get(volume_fd, &number, e) < 0)
		return -1;
	/* None was given yet: the project that the pool itself may lie in isn't ours to change. */
	if (number == 0 || number == around)
		return 0;
	FAULT("volume.tree-removed");
	if (project_set_limits(volume_fd, number, 0, 0, e) < 0)
		return -1;
	FAULT("volume.unlimited");
	return project_assign(volume_fd, 0, false, e);
}

static int
volume_prjquota_read(int volume_fd, struct volume_usage *usage_out, struct err *e)
{
	struct project_usage usage;
	uint32_t number;

	if (project_get(volume_fd, &number, e) < 0 || project_read(volume_fd, number, &usage, e) < 0)
		return -1;
	*usage_out = (struct volume_usage){ .effective = usage.bytes_limit, .used = usage.bytes };
	return 0;
}

const struct volume_backend volume_prjquota = {
	"prjquota",
	"ext4 or xfs with project quotas enforced",
	"mount it with the option prjquota (ext4: first `tune2fs -O project,quota` while it isn't mounted; xfs as the root: "
	"rootflags=prjquota)",
	project_is_enforced,
	volume_prjquota_setup,
	volume_prjquota_create,
	volume_prjquota_has_room,
	volume_prjquota_set_limit,
	volume_prjquota_destroy,
	volume_sync_pool,
	volume_prjquota_read,
};
