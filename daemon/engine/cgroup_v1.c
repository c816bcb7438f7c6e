/* The limits of a hybrid host: v1 controllers, a hierarchy each. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/cgroup_driver.h"
#include "daemon/engine/cgroup_file.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/* The kernel's own conversion between cpu.weight and shares (1024 is weight 100), which keeps 1 to 10000 within its bounds. */
static int64_t
v1_shares_of_weight(int64_t weight)
{
	int64_t shares = (weight * 1024 + 50) / 100;

	return shares < 2 ? 2 : shares;
}

static int64_t
v1_weight_of_shares(int64_t shares)
{
	return shares < 0 ? -1 : (shares * 100 + 512) / 1024;
}

/* BFQ's weights end at 1000: up to the default of 100 they are taken as they are, above it scaled. */
static int64_t
v1_bfq_of_weight(int64_t weight)
{
	return weight <= 100 ? weight : 100 + (weight - 100) * 900 / 9900;
}

static int64_t
v1_weight_of_bfq(int64_t bfq)
{
	return bfq <= 100 ? bfq : 100 + ((bfq - 100) * 9900 + 450) / 900;
}

static int
v1_write_memory(int dir, const char *name, int64_t bytes, struct err *e)
{
	if (cgroup_file_write_int(dir, name, bytes, e) == 0)
		return 0;
	/* The kernel tried to reclaim and gave up. */
	if (errno == EBUSY)
		return cgroup_err_in_use(cgroup_file_int(dir, "memory.usage_in_bytes"), bytes, e);
	return -1;
}

/* memory.limit must never pass memory.memsw.limit, which counts both: so the order depends on where the second stands. */
static int
v1_apply_memory(int dir, int64_t memory, int64_t swap, struct err *e)
{
	int64_t both = swap > INT64_MAX - memory ? INT64_MAX : memory + swap;
	int64_t current = cgroup_file_int(dir, "memory.memsw.limit_in_bytes");

	if (current < 0)
		return v1_write_memory(dir, "memory.limit_in_bytes", memory, e);
	if (memory > current)
		return v1_write_memory(dir, "memory.memsw.limit_in_bytes", both, e) < 0
		               ? -1
		               : v1_write_memory(dir, "memory.limit_in_bytes", memory, e);
	if (v1_write_memory(dir, "memory.limit_in_bytes", memory, e) < 0)
		return -1;
	return v1_write_memory(dir, "memory.memsw.limit_in_bytes", both, e);
}

/* v1 refuses a quota above the parent's, so what exceeds it is cut there; reading back shows it. */
static int
v1_apply_cpu(int dir, int64_t milli, int64_t weight, bool fresh, struct err *e)
{
	int64_t quota = milli * (CGROUP_PERIOD_US / 1000);
	int64_t parent = cgroup_file_int(dir, "../cpu.cfs_quota_us");

	if (!fresh && cgroup_file_write_int(dir, "cpu.cfs_period_us", CGROUP_PERIOD_US, e) < 0)
		return -1;
	if (cgroup_file_write_int(dir, "cpu.cfs_quota_us", cgroup_limit_min(quota, parent), e) < 0)
		return -1;
	if (fresh && weight == CGROUP_WEIGHT_DEFAULT)
		return 0;
	return cgroup_file_write_int(dir, "cpu.shares", v1_shares_of_weight(weight), e);
}

/*
 * Limits are on the pool's own device. For a loop pool that is the loop device: what a container writes passes its queue
 * once, whatever the file below it does. v1 charges buffered writes to no group, so the write limit holds for direct I/O.
 */
static int
v1_apply_io(const struct spec *spec, int dir, bool fresh, struct err *e)
{
	static const char *const files[] = { "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device" };
	const int64_t bps[] = { spec->config.io_read, spec->config.io_write };
	int64_t weight = spec->config.io_weight;
	char queue[32], line[64];

	if (!(fresh && weight == CGROUP_WEIGHT_DEFAULT) && cgroup_file_exists(dir, "blkio.bfq.weight") &&
	    cgroup_file_write_int(dir, "blkio.bfq.weight", v1_bfq_of_weight(weight), e) < 0)
		return -1;
	if (fresh && bps[0] == 0 && bps[1] == 0)
		return 0;
	if (!cgroup_device_queue(spec->layout.pool_device, queue, sizeof queue))
		return 0;
	for (size_t i = 0; i < 2; i++) {
		if (fresh && bps[i] == 0)
			continue;
		snprintf(line, sizeof line, "%s %" PRId64, queue, bps[i]);
		if (fd_write_kernel(dir, files[i], line, e) < 0)
			return -1;
	}
	return 0;
}

static int
v1_apply(const struct spec *spec, const struct cgroup_dirs *dirs, bool fresh, struct err *e)
{
	const struct container_config *c = &spec->config;

	if (v1_apply_memory(dirs->fd[CONTROLLER_MEMORY], c->memory, c->swap, e) < 0)
		return -1;
	if (v1_apply_cpu(dirs->fd[CONTROLLER_CPU], c->cpus, c->cpu_weight, fresh, e) < 0)
		return -1;
	if (cgroup_file_write_int(dirs->fd[CONTROLLER_PIDS], "pids.max", c->pids, e) < 0)
		return -1;
	return dirs->fd[CONTROLLER_IO] < 0 ? 0 : v1_apply_io(spec, dirs->fd[CONTROLLER_IO], fresh, e);
}

/* The kernel refuses a quota below that of a group inside, and a running container isn't throttled for a changed option. */
static int
v1_reserve_cpu(int dir, int64_t milli, struct err *e)
{
	int64_t quota = milli > 0 ? milli * (CGROUP_PERIOD_US / 1000) : -1;

	if (cgroup_file_write_int(dir, "cpu.cfs_quota_us", quota, e) == 0)
		return 0;
	if (errno != EINVAL)
		return -1;
	log_warning("reserve_cpu: a running container's CPU limit is above what it leaves: not changed until the next start of the "
	            "daemon");
	err_clear(e);
	return 0;
}

static int
v1_reserve(const struct cgroup_reserve *r, const struct cgroup_dirs *parent, struct err *e)
{
	int64_t memory = r->memory_bytes > 0 ? r->memory_bytes : -1;

	if (cgroup_file_write_int(parent->fd[CONTROLLER_MEMORY], "memory.limit_in_bytes", memory, e) < 0)
		return -1;
	if (v1_reserve_cpu(parent->fd[CONTROLLER_CPU], r->cpu_milli, e) < 0)
		return -1;
	return cgroup_file_write_int(parent->fd[CONTROLLER_PIDS], "pids.max", r->pids, e);
}

/* Where both limits are equal the kernel counts a refusal at the second alone: it's memory's all the same. */
static void
v1_read_memory(int dir, struct cgroup_usage *memory, struct cgroup_usage *swap)
{
	int64_t own = cgroup_file_int(dir, "memory.limit_in_bytes");
	int64_t both = cgroup_file_int(dir, "memory.memsw.limit_in_bytes");
	int64_t refused = cgroup_file_int(dir, "memory.failcnt");
	int64_t refused_both = cgroup_file_int(dir, "memory.memsw.failcnt");
	int64_t killed = cgroup_file_key(dir, "memory.oom_control", "oom_kill");

	memory->effective = cgroup_file_key(dir, "memory.stat", "hierarchical_memory_limit");
	memory->used = cgroup_file_int(dir, "memory.usage_in_bytes");
	memory->peak = cgroup_file_int(dir, "memory.max_usage_in_bytes");
	memory->hits = refused < 0 ? -1 : refused + (killed > 0 ? killed : 0);
	if (both < 0 || own < 0)
		return;
	swap->effective = both > own ? both - own : 0;
	swap->used = cgroup_file_key(dir, "memory.stat", "total_swap");
	swap->hits = both > own ? refused_both : 0;
	if (both == own && refused_both > 0)
		memory->hits += refused_both;
}

static void
v1_read_cpu(const struct cgroup_dirs *dirs, struct cgroup_usage *cpus, struct cgroup_usage *weight)
{
	int dir = dirs->fd[CONTROLLER_CPU];
	int64_t own = cgroup_quota_milli(cgroup_file_int(dir, "cpu.cfs_quota_us"), cgroup_file_int(dir, "cpu.cfs_period_us"));
	int64_t parent =
	        cgroup_quota_milli(cgroup_file_int(dir, "../cpu.cfs_quota_us"), cgroup_file_int(dir, "../cpu.cfs_period_us"));
	int64_t used_us = cgroup_file_key(dirs->fd[CONTROLLER_UNIFIED], "cpu.stat", "usage_usec");

	cpus->effective = cgroup_limit_min(own, parent);
	cpus->used = used_us < 0 ? -1 : used_us / 1000;
	cpus->hits = cgroup_file_key(dir, "cpu.stat", "nr_throttled");
	weight->effective = v1_weight_of_shares(cgroup_file_int(dir, "cpu.shares"));
}

static void
v1_read_pids(int dir, struct cgroup_usage *pids)
{
	int64_t own = cgroup_file_int(dir, "pids.max");

	pids->effective = cgroup_limit_min(own, cgroup_file_int(dir, "../pids.max"));
	pids->used = cgroup_file_int(dir, "pids.current");
	pids->peak = cgroup_file_int(dir, "pids.peak");
	pids->hits = cgroup_file_key(dir, "pids.events", "max");
}

static void
v1_read_io(const char *device, int dir, struct cgroup_usage usage[CGROUP_RESOURCE_COUNT])
{
	static const struct {
		enum cgroup_resource resource;
		const char *limit, *word;
	} rows[] = { { CGROUP_IO_READ, "blkio.throttle.read_bps_device", "Read" },
		     { CGROUP_IO_WRITE, "blkio.throttle.write_bps_device", "Write" } };
	char queue[32], key[48];

	if (!cgroup_device_queue(device, queue, sizeof queue))
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cgroup_usage *u = &usage[rows[i].resource];
		int64_t limit = cgroup_file_key(dir, rows[i].limit, queue);
		int64_t used;

		snprintf(key, sizeof key, "%s %s", queue, rows[i].word);
		used = cgroup_file_key(dir, "blkio.throttle.io_service_bytes", key);
		u->effective = limit < 0 ? 0 : limit;
		u->used = used < 0 ? 0 : used;
	}
	if (cgroup_device_bfq(queue) && cgroup_file_exists(dir, "blkio.bfq.weight"))
		usage[CGROUP_IO_WEIGHT].effective = v1_weight_of_bfq(cgroup_file_int(dir, "blkio.bfq.weight"));
}

static void
v1_read(const struct spec *spec, const struct cgroup_dirs *dirs, struct cgroup_usage usage_out[CGROUP_RESOURCE_COUNT])
{
	v1_read_memory(dirs->fd[CONTROLLER_MEMORY], &usage_out[CGROUP_MEMORY], &usage_out[CGROUP_SWAP]);
	v1_read_cpu(dirs, &usage_out[CGROUP_CPUS], &usage_out[CGROUP_CPU_WEIGHT]);
	v1_read_pids(dirs->fd[CONTROLLER_PIDS], &usage_out[CGROUP_PIDS]);
	if (dirs->fd[CONTROLLER_IO] >= 0)
		v1_read_io(spec->layout.pool_device, dirs->fd[CONTROLLER_IO], usage_out);
}

const struct cgroup_driver cgroup_v1_driver = { v1_apply, v1_reserve, v1_read };
