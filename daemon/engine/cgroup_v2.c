/* The limits of a pure v2 host: one hierarchy. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/cgroup_driver.h"
#include "daemon/engine/cgroup_file.h"
#include "daemon/util/fd.h"

/*
 * Writing memory.max below what is used kills; so the difference is reclaimed first, and what can't be is a refusal. What
 * the container takes between the two is for the kernel to sort out.
 */
static int
v2_make_room(int dir, int64_t memory, struct err *e)
{
	int64_t used = cgroup_file_int(dir, "memory.current");

	if (used <= memory)
		return 0;
	cgroup_file_write_int(dir, "memory.reclaim", used - memory, NULL);
	used = cgroup_file_int(dir, "memory.current");
	return used <= memory ? 0 : cgroup_err_in_use(used, memory, e);
}

static int
v2_apply_memory_high(int dir, int64_t memory, int64_t percent, bool fresh, struct err *e)
{
	if (percent < 100)
		return cgroup_file_write_int(dir, "memory.high", memory / 100 * percent, e);
	return fresh ? 0 : fd_write_kernel(dir, "memory.high", "max", e);
}

static int
v2_apply_memory(int dir, int64_t memory, int64_t swap, bool fresh, struct err *e)
{
	if (!fresh && v2_make_room(dir, memory, e) < 0)
		return -1;
	if (cgroup_file_write_int(dir, "memory.max", memory, e) < 0)
		return -1;
	if (!cgroup_file_exists(dir, "memory.swap.max"))
		return 0;
	return cgroup_file_write_int(dir, "memory.swap.max", swap, e);
}

static int
v2_apply_cpu(int dir, int64_t milli, int64_t weight, bool fresh, struct err *e)
{
	char line[64];

	snprintf(line, sizeof line, "%" PRId64 " %d", milli * (CGROUP_PERIOD_US / 1000), CGROUP_PERIOD_US);
	if (fd_write_kernel(dir, "cpu.max", line, e) < 0)
		return -1;
	if (fresh && weight == CGROUP_WEIGHT_DEFAULT)
		return 0;
	return cgroup_file_write_int(dir, "cpu.weight", weight, e);
}

static void
v2_bps_text(char *out, size_t size, int64_t bps)
{
	if (bps == 0)
		snprintf(out, size, "max");
	else
		snprintf(out, size, "%" PRId64, bps);
}

/* BFQ's own file takes weights of up to 1000 only; io.weight is there whenever the kernel has io.cost. */
static int
v2_apply_io_weight(int dir, int64_t weight, struct err *e)
{
	if (cgroup_file_exists(dir, "io.bfq.weight") &&
	    cgroup_file_write_int(dir, "io.bfq.weight", weight < 1000 ? weight : 1000, e) < 0)
		return -1;
	if (cgroup_file_exists(dir, "io.weight"))
		return cgroup_file_write_int(dir, "io.weight", weight, e);
	return 0;
}

/*
 * Limits are on the pool's own device. For a loop pool that is the loop device: what a container writes passes its queue
 * once, and buffered writes are charged to who dirtied the pages, because v2 ties memory and I/O together.
 */
static int
v2_apply_io(const struct spec *spec, int dir, bool fresh, struct err *e)
{
	const struct container_config *c = &spec->config;
	char queue[32], rbps[24], wbps[24], line[128];

	if (!cgroup_file_exists(dir, "io.max"))
		return 0;
	if (!(fresh && c->io_weight == CGROUP_WEIGHT_DEFAULT) && v2_apply_io_weight(dir, c->io_weight, e) < 0)
		return -1;
	if ((fresh && c->io_read == 0 && c->io_write == 0) || !cgroup_device_queue(spec->layout.pool_device, queue, sizeof queue))
		return 0;
	v2_bps_text(rbps, sizeof rbps, c->io_read);
	v2_bps_text(wbps, sizeof wbps, c->io_write);
	snprintf(line, sizeof line, "%s rbps=%s wbps=%s", queue, rbps, wbps);
	return fd_write_kernel(dir, "io.max", line, e);
}

static int
v2_apply(const struct spec *spec, const struct cgroup_dirs *dirs, bool fresh, struct err *e)
{
	const struct container_config *c = &spec->config;
	int dir = dirs->fd[CONTROLLER_UNIFIED];

	if (v2_apply_memory(dir, c->memory, c->swap, fresh, e) < 0 ||
	    v2_apply_memory_high(dir, c->memory, spec->settings.memory_high, fresh, e) < 0)
		return -1;
	if (v2_apply_cpu(dir, c->cpus, c->cpu_weight, fresh, e) < 0)
		return -1;
	if (cgroup_file_write_int(dir, "pids.max", c->pids, e) < 0)
		return -1;
	return v2_apply_io(spec, dir, fresh, e);
}

static int
v2_reserve(const struct cgroup_reserve *r, const struct cgroup_dirs *parent, struct err *e)
{
	int dir = parent->fd[CONTROLLER_UNIFIED];
	char line[64];

	snprintf(line, sizeof line, "%" PRId64, r->memory_bytes);
	if (fd_write_kernel(dir, "memory.max", r->memory_bytes > 0 ? line : "max", e) < 0)
		return -1;
	snprintf(line, sizeof line, "%" PRId64 " %d", r->cpu_milli * (CGROUP_PERIOD_US / 1000), CGROUP_PERIOD_US);
	if (fd_write_kernel(dir, "cpu.max", r->cpu_milli > 0 ? line : "max", e) < 0)
		return -1;
	return cgroup_file_write_int(dir, "pids.max", r->pids, e);
}

/* "max" of the group or of the containers' parent says that there is no limit there. */
static int64_t
v2_limit(const struct cgroup_dirs *dirs, const char *name)
{
	int64_t limit = cgroup_limit_min(cgroup_file_int(dirs->fd[CONTROLLER_UNIFIED], name), cgroup_file_int(dirs->parent, name));

	return limit == INT64_MAX ? -1 : limit;
}

static void
v2_read_memory(const struct cgroup_dirs *dirs, struct cgroup_usage *memory, struct cgroup_usage *swap)
{
	int dir = dirs->fd[CONTROLLER_UNIFIED];
	int64_t refused = cgroup_file_key(dir, "memory.events", "max");
	int64_t killed = cgroup_file_key(dir, "memory.events", "oom_kill");
	int64_t slowed = cgroup_file_key(dir, "memory.events", "high");

	memory->effective = v2_limit(dirs, "memory.max");
	memory->used = cgroup_file_int(dir, "memory.current");
	memory->peak = cgroup_file_int(dir, "memory.peak");
	memory->hits = refused < 0 ? -1 : refused + (killed > 0 ? killed : 0) + (slowed > 0 ? slowed : 0);
	swap->effective = v2_limit(dirs, "memory.swap.max");
	swap->used = cgroup_file_int(dir, "memory.swap.current");
	swap->peak = cgroup_file_int(dir, "memory.swap.peak");
	swap->hits = cgroup_file_key(dir, "memory.swap.events", "max");
}

/* cpu.max is "QUOTA PERIOD"; Berth writes the period always. */
static int64_t
v2_cpu_max(int dir, const char *name)
{
	int64_t quota = cgroup_file_int(dir, name);

	return quota == INT64_MAX ? -1 : cgroup_quota_milli(quota, CGROUP_PERIOD_US);
}

static void
v2_read_cpu(const struct cgroup_dirs *dirs, struct cgroup_usage *cpus, struct cgroup_usage *weight)
{
	int dir = dirs->fd[CONTROLLER_UNIFIED];
	int64_t used_us = cgroup_file_key(dir, "cpu.stat", "usage_usec");

	cpus->effective = cgroup_limit_min(v2_cpu_max(dir, "cpu.max"), v2_cpu_max(dirs->parent, "cpu.max"));
	cpus->used = used_us < 0 ? -1 : used_us / 1000;
	cpus->hits = cgroup_file_key(dir, "cpu.stat", "nr_throttled");
	weight->effective = cgroup_file_int(dir, "cpu.weight");
}

static void
v2_read_pids(const struct cgroup_dirs *dirs, struct cgroup_usage *pids)
{
	int dir = dirs->fd[CONTROLLER_UNIFIED];

	pids->effective = v2_limit(dirs, "pids.max");
	pids->used = cgroup_file_int(dir, "pids.current");
	pids->peak = cgroup_file_int(dir, "pids.peak");
	pids->hits = cgroup_file_key(dir, "pids.events", "max");
}

static void
v2_read_bps(int dir, const char *queue, const char *limit_key, const char *used_key, struct cgroup_usage *usage)
{
	int64_t limit = cgroup_file_pair(dir, "io.max", queue, limit_key);
	int64_t used = cgroup_file_pair(dir, "io.stat", queue, used_key);

	usage->effective = limit < 0 || limit == INT64_MAX ? 0 : limit;
	usage->used = used < 0 ? 0 : used;
}

/* A weight is heeded by BFQ, or by io.cost where it is switched on for the device. */
static int64_t
v2_io_weight(const struct cgroup_dirs *dirs, const char *queue)
{
	int dir = dirs->fd[CONTROLLER_UNIFIED];

	if (cgroup_device_bfq(queue))
		return cgroup_file_key(dir, "io.bfq.weight", "default");
	if (cgroup_file_pair(dirs->parent, "../io.cost.qos", queue, "enable") == 1)
		return cgroup_file_key(dir, "io.weight", "default");
	return -1;
}

static void
v2_read(const struct spec *spec, const struct cgroup_dirs *dirs, struct cgroup_usage usage_out[CGROUP_RESOURCE_COUNT])
{
	int dir = dirs->fd[CONTROLLER_UNIFIED];
	char queue[32];

	v2_read_memory(dirs, &usage_out[CGROUP_MEMORY], &usage_out[CGROUP_SWAP]);
	v2_read_cpu(dirs, &usage_out[CGROUP_CPUS], &usage_out[CGROUP_CPU_WEIGHT]);
	v2_read_pids(dirs, &usage_out[CGROUP_PIDS]);
	if (!cgroup_file_exists(dir, "io.max") || !cgroup_device_queue(spec->layout.pool_device, queue, sizeof queue))
		return;
	v2_read_bps(dir, queue, "rbps", "rbytes", &usage_out[CGROUP_IO_READ]);
	v2_read_bps(dir, queue, "wbps", "wbytes", &usage_out[CGROUP_IO_WRITE]);
	usage_out[CGROUP_IO_WEIGHT].effective = v2_io_weight(dirs, queue);
}

const struct cgroup_driver cgroup_v2_driver = { v2_apply, v2_reserve, v2_read };
