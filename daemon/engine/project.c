#include "daemon/engine/project.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { BASIC_BLOCK = 512, BYTES_PER_INODE = 16384, INODES_LEAST = 8192 };

uint32_t
project_number(const struct settings *s, int64_t id_base)
{
	return (uint32_t)(s->project_base + (id_base - s->id_base) / ID_RANGE);
}

int64_t
project_inodes(int64_t bytes)
{
	int64_t n = bytes / BYTES_PER_INODE;

	return n < INODES_LEAST ? INODES_LEAST : n;
}

/* The commands of xfs: the kernel answers them for ext4 as well. */
static int
project_quotactl(int fd, unsigned int command, uint32_t number, void *arg)
{
	return (int)syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), number, arg);
}

bool
project_is_enforced(int fd)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
	struct statfs st;

	if (fstatfs(fd, &st) < 0 || (st.f_type != EXT4_SUPER_MAGIC && st.f_type != XFS_SUPER_MAGIC))
		return false;
	return project_quotactl(fd, Q_XGETQSTATV, 0, &state) == 0 && (state.qs_flags & FS_QUOTA_PDQ_ENFD);
}

int
project_get(int dir_fd, uint32_t *number_out, struct err *e)
{
	struct fsxattr attr;

	if (ioctl(dir_fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return err_sys(e, "read a directory's project");
	*number_out = attr.fsx_projid;
	return 0;
}

int
project_assign(int dir_fd, uint32_t number, bool inherit, struct err *e)
{
	struct fsxattr attr;

	if (ioctl(dir_fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return err_sys(e, "read a directory's project");
	attr.fsx_projid = number;
	attr.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
	if (inherit)
		attr.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(dir_fd, FS_IOC_FSSETXATTR, &attr) < 0 ? err_sys(e, "give a directory the project %u", number) : 0;
}

int
project_set_limits(int fd, uint32_t number, int64_t bytes, int64_t inodes, struct err *e)
{
	struct fs_disk_quota quota = {
		.d_version = FS_DQUOT_VERSION,
		.d_flags = FS_PROJ_QUOTA,
		.d_fieldmask = FS_DQ_BSOFT | FS_DQ_BHARD | FS_DQ_ISOFT | FS_DQ_IHARD,
		.d_id = number,
		.d_blk_hardlimit = (uint64_t)bytes / BASIC_BLOCK,
		.d_ino_hardlimit = (uint64_t)inodes,
	};

	return project_quotactl(fd, Q_XSETQLIM, number, &quota) < 0 ? err_sys(e, "limit the project %u", number) : 0;
}

int
project_read(int fd, uint32_t number, struct project_usage *usage_out, struct err *e)
{
	struct fs_disk_quota quota = { 0 };

	/* xfs makes a number's record when it is first used. */
	if (project_quotactl(fd, Q_XGETQUOTA, number, &quota) < 0 && errno != ENOENT)
		return err_sys(e, "read the quota of the project %u", number);
	*usage_out = (struct project_usage){
		.bytes = (int64_t)quota.d_bcount * BASIC_BLOCK,
		.bytes_limit = quota.d_blk_hardlimit ? (int64_t)quota.d_blk_hardlimit * BASIC_BLOCK : -1,
		.inodes = (int64_t)quota.d_icount,
		.inodes_limit = quota.d_ino_hardlimit ? (int64_t)quota.d_ino_hardlimit : -1,
	};
	return 0;
}
