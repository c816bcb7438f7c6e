/*
 * Control groups, v1 (hybrid host) and v2 behind one interface. Values are those of struct container_config; nothing above
 * knows which version is there. Groups: <root>/<instance>/<ctid> in each hierarchy used; the parent <instance> keeps the
 * host's reserve. Under systemd with pure v2 they are its units: <root>/<instance>.slice/<instance>-<ctid>.scope, with the
 * monitor in `monitor` and the container in `payload`.
 */
#ifndef BERTH_CGROUP_H
#define BERTH_CGROUP_H

#include "schema/spec.h"

enum { CGROUP_ROOTS_MAX = 16, CGROUP_PATH_MAX = 256, CGROUP_UNIT_MAX = 48 };

/* Finds the hierarchies (libcgroup), fills layout->cgroup_mode and cgroup_roots, makes the parent group and the reserve.
 * Idempotent. */
int cgroup_host_setup(const struct settings *s, struct layout *layout, struct err *e);
/* Removes the parent groups; ERR_CONFLICT while a container's group is there. */
int cgroup_host_cleanup(const struct settings *s, const struct layout *layout, struct err *e);

/* What the host has, and what of it all containers together may use. */
struct cgroup_capacity {
	int64_t memory_total_bytes, memory_bytes;
	int64_t cpu_total_milli, cpu_milli;
	int64_t pids_total, pids;
};
int cgroup_host_capacity(const struct settings *s, struct cgroup_capacity *out, struct err *e);

/* The container's directories, for the monitor's arguments: paths_out[0] is the one in the v2 tree. Returns their number. */
size_t cgroup_paths(const struct settings *s, const struct layout *layout, int64_t ctid, char paths_out[][CGROUP_PATH_MAX]);

bool cgroup_is_systemd(const struct layout *layout);
bool cgroup_is_v2(const struct layout *layout);
/* The units' names; each fills its buffer and returns it. */
const char *cgroup_slice_name(const struct settings *s, char name[CGROUP_UNIT_MAX]);
const char *cgroup_scope_name(const struct settings *s, int64_t ctid, char name[CGROUP_UNIT_MAX]);
/* What machined calls it; the monitor's own name too. */
const char *cgroup_machine_name(const struct settings *s, int64_t ctid, char name[CGROUP_UNIT_MAX]);
/* The v2 tree's mount point. */
const char *cgroup_unified_root(const struct layout *layout);
/* The group below one mount point, the parent when ctid is 0. -1: longer than the buffer. */
int cgroup_dir_path(const struct settings *s, const struct layout *layout, const char *root, int64_t ctid,
                    char path[CGROUP_PATH_MAX]);
/* Of the text of a /proc/PID/cgroup; 0: no container's. */
int64_t cgroup_ctid_of(const struct settings *s, const struct layout *layout, const char *proc_text);

/* Makes the groups (removing leftovers of the same number first, ERR_CONFLICT if populated) and writes every limit. */
int cgroup_create(const struct spec *spec, struct err *e);
/* Writes the limits of spec->config to the existing groups. Shrinking memory below use is ERR_CONFLICT naming both. */
int cgroup_apply(const struct spec *spec, struct err *e);
/* Removes the groups with all below; waits up to a second for the last process to be gone. Absent is success. */
int cgroup_remove(const struct spec *spec, struct err *e);
/* Gives the container's own v2 group to uid/gid base: the directory, cgroup.procs, cgroup.threads, cgroup.subtree_control. */
int cgroup_delegate(const struct spec *spec, struct err *e);

/*
 * Entering. v2_fd_out: the v2 directory, for clone3's CLONE_INTO_CGROUP. tasks_out: an open v1 `tasks` file a hierarchy, into
 * each of which the new, still single-threaded process writes "0" (see mechanisms: no RCU wait). All CLOEXEC; the caller closes.
 */
struct cgroup_entry {
	int v2_fd;
	int tasks[CGROUP_ROOTS_MAX];
	size_t ntasks;
};
int cgroup_entry_open(const struct spec *spec, struct cgroup_entry *entry_out, struct err *e);
void cgroup_entry_close(struct cgroup_entry *entry);
/* Async-signal-safe: writes "0" to each tasks file. -1 with errno. */
int cgroup_entry_join(const struct cgroup_entry *entry);

/*
 * A group of its own for a command that enters a running container, below the container's v2 group and host root's: nothing
 * inside can join, freeze or kill it, and cgroup_subgroup_kill() reaches all that the command started. It lies in the
 * container's own tree, so that its init may still move a process out of it, as systemd does for a login session; such a
 * process is init's from then on.
 */
struct cgroup_subgroup {
	char name[24];
	int parent_fd;
	int fd; /* for CLONE_INTO_CGROUP */
	bool killed;
};
int cgroup_subgroup_open(const struct spec *spec, struct cgroup_subgroup *sub_out, struct err *e);
/* Removes it unless something the command left behind still runs in it; then it goes with the container's groups. */
void cgroup_subgroup_close(struct cgroup_subgroup *sub);
void cgroup_subgroup_kill(struct cgroup_subgroup *sub);

/* One resource as the kernel has it now. -1 where the kernel doesn't say. */
struct cgroup_usage {
	int64_t effective;
	int64_t used;
	int64_t peak;
	int64_t hits;
	int64_t pressure; /* thousandths of a percent */
};
enum cgroup_resource {
	CGROUP_MEMORY,
	CGROUP_SWAP,
	CGROUP_CPUS /* milli; used: cpu-ms */,
	CGROUP_CPU_WEIGHT,
	CGROUP_PIDS,
	CGROUP_IO_WEIGHT,
	CGROUP_IO_READ /* used: bytes */,
	CGROUP_IO_WRITE,
	CGROUP_RESOURCE_COUNT
};
/* Of a running container. */
int cgroup_read(const struct spec *spec, struct cgroup_usage usage_out[CGROUP_RESOURCE_COUNT], struct err *e);

#endif
