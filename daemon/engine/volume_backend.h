/* One row a storage backend. volume.c chooses by spec->layout.storage. */
#ifndef BERTH_VOLUME_BACKEND_H
#define BERTH_VOLUME_BACKEND_H

#include "daemon/engine/volume.h"

/* dir_fd: the volume's directory, POOL_DIR/<uuid>, in which `fs` is made, measured or removed. */
struct volume_backend {
	const char *name;
	int (*create)(int dir_fd, int64_t quota_bytes, struct err *e);	/* success when `fs` is there already */
	int (*set_quota)(int dir_fd, int64_t quota_bytes, struct err *e);
	int (*delete)(int dir_fd, struct err *e);			/* absent is success */
	int (*read)(int dir_fd, struct volume_usage *usage_out, struct err *e);
};

extern const struct volume_backend volume_btrfs;
extern const struct volume_backend volume_dir;

/* Turns quotas on and forgets the quota groups of subvolumes that are gone. */
int volume_btrfs_prepare(int pool_fd, struct err *e);

#endif
