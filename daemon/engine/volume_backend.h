/* What volume.c asks of a kind of storage. A volume's data is `fs` in its directory. */
#ifndef BERTH_VOLUME_BACKEND_H
#define BERTH_VOLUME_BACKEND_H

#include "daemon/engine/volume.h"

struct volume_backend {
	const char *name;
	const char *needs;  /* the file systems that fit */
	const char *remedy; /* and how to get one */

	bool (*fits)(int pool_fd);                /* whether this pool's file system is one for it */
	int (*setup)(int pool_fd, struct err *e); /* each time a daemon starts; idempotent */
	/* Makes an empty `fs`, 0755. */
	int (*create)(const struct spec *spec, int volume_fd, struct err *e);
	/* ERR_CONFLICT where the volume holds more already, but for bytes; NULL: there is nothing else to it. */
	int (*has_room)(int volume_fd, int64_t bytes, struct err *e);
	int (*set_limit)(int volume_fd, int64_t bytes, struct err *e); /* whatever it holds */
	int (*destroy)(int pool_fd, int volume_fd, struct err *e);     /* absent is success */
	int (*commit)(int pool_fd, struct err *e);                     /* what was removed stays so after a power cut */
	int (*read)(int volume_fd, struct volume_usage *usage_out, struct err *e);
};

extern const struct volume_backend volume_btrfs;
extern const struct volume_backend volume_prjquota;
extern const struct volume_backend volume_dir;

/* NULL and e for a name that there isn't. */
const struct volume_backend *volume_backend_get(const char *name, struct err *e);

/* `fs` of a volume, for reading. */
int volume_open_fs(int volume_fd, int *fd_out, struct err *e);
/* What was removed from the pool's directory is so on disk. */
int volume_sync_pool(int pool_fd, struct err *e);

#endif
