/* What cgroup.c asks of a version: limits into files and files into figures. Groups themselves are the same in both. */
#ifndef BERTH_CGROUP_DRIVER_H
#define BERTH_CGROUP_DRIVER_H

#include "daemon/engine/cgroup.h"

enum controller { CONTROLLER_UNIFIED, CONTROLLER_MEMORY, CONTROLLER_CPU, CONTROLLER_PIDS, CONTROLLER_IO, CONTROLLER_COUNT };

enum { CGROUP_PERIOD_US = 100000, CGROUP_WEIGHT_DEFAULT = 100 };

/* A group's directory a controller, -1 where the host hasn't it. With v2 all are one and the same descriptor. */
struct cgroup_dirs {
	int fd[CONTROLLER_COUNT];
	int parent; /* of all containers, in the v2 tree; -1 where these are its own directories */
};
#define CGROUP_DIRS_NONE                                                                                                           \
	{                                                                                                                          \
		.fd = { -1, -1, -1, -1, -1 }, .parent = -1                                                                         \
	}

struct cgroup_reserve {
	int64_t memory_bytes; /* limits of all containers together; 0: none */
	int64_t cpu_milli;
	int64_t pids;
};

struct cgroup_driver {
	/* fresh: the group was just made, so what equals the kernel's default needs no write. */
	int (*apply)(const struct spec *spec, const struct cgroup_dirs *dirs, bool fresh, struct err *e);
	int (*reserve)(const struct cgroup_reserve *r, const struct cgroup_dirs *parent, struct err *e);
	void (*read)(const struct spec *spec, const struct cgroup_dirs *dirs, struct cgroup_usage usage_out[CGROUP_RESOURCE_COUNT]);
};

extern const struct cgroup_driver cgroup_v1_driver;
extern const struct cgroup_driver cgroup_v2_driver;

const struct cgroup_driver *cgroup_driver_get(const struct layout *layout);

/* The container's group, or the parent itself when ctid is 0, in each hierarchy. */
int cgroup_dirs_open(const struct settings *s, const struct layout *layout, int64_t ctid, struct cgroup_dirs *dirs_out,
                     struct err *e);
void cgroup_dirs_close(struct cgroup_dirs *dirs);
#define AUTO_DIRS __attribute__((cleanup(cgroup_dirs_close)))

/* Milli-CPUs of a quota and a period; -1 for no quota. */
int64_t cgroup_quota_milli(int64_t quota_us, int64_t period_us);

/* ERR_CONFLICT naming what is used and what was asked. */
int cgroup_err_in_use(int64_t used, int64_t wanted, struct err *e);

#endif
