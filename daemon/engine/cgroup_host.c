/* The parent groups: found and made once by the host's set-up, with libcgroup; they keep the host's reserve. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libcgroup.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <time.h>

#include "daemon/engine/cgroup_driver.h"
#include "daemon/engine/cgroup_file.h"
#include "daemon/engine/unit.h"
#include "daemon/util/buf.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/*
 * On each parent group: that Berth made it, and which controllers it had to switch on at the root for it ("io cpu"), to be
 * switched off again at the end. A group of our name without the mark is somebody else's.
 */
#define CGROUP_MARK "trusted.berth"

static const struct {
	const char *v1, *v2;
	enum controller id;
	bool required;
} controllers[] = {
	{ "memory", "memory", CONTROLLER_MEMORY, true },
	{ "cpu", "cpu", CONTROLLER_CPU, true },
	{ "pids", "pids", CONTROLLER_PIDS, true },
	{ "blkio", "io", CONTROLLER_IO, false },
};

enum { CONTROLLER_ROWS = sizeof controllers / sizeof *controllers, SCOPE_PAUSE_MS = 20, SCOPE_PAUSES = 250 };

static int
host_err_library(int rc, const char *what, struct err *e)
{
	return err_set(e, ERR_INTERNAL, "%s: %s", what, cgroup_strerror(rc == ECGOTHER ? cgroup_get_last_errno() : rc));
}

static int
host_add_root(struct layout *layout, const char *controller, const char *dir, struct err *e)
{
	char root[CGROUP_PATH_MAX];

	if (snprintf(root, sizeof root, "%s=%s", controller, dir) >= (int)sizeof root - 48)
		return err_set(e, ERR_UNSUPPORTED, "the control group mount point '%s' is too long a path", dir);
	return strv_add(&layout->cgroup_roots, root) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static bool
host_is_v2(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* libcgroup lists controllers only, and a hybrid host's v2 tree has none. */
static int
host_find_unified(struct layout *layout, struct err *e)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[1024];
	struct mntent m;
	int rc = 1;

	if (!mounts)
		return err_sys(e, "read the mount table");
	while (rc == 1 && getmntent_r(mounts, &m, line, sizeof line))
		if (strcmp(m.mnt_type, "cgroup2") == 0)
			rc = host_add_root(layout, "unified", m.mnt_dir, e);
	endmntent(mounts);
	if (rc == 1)
		return err_set(e, ERR_UNSUPPORTED, "this host has no cgroup v2 tree: mount -t cgroup2 none /sys/fs/cgroup/unified");
	return rc;
}

static int
host_find_controller(struct layout *layout, size_t row, struct err *e)
{
	AUTO_FREE char *dir = NULL;

	if (cgroup_get_subsys_mount_point(controllers[row].v1, &dir) != 0 || host_is_v2(dir)) {
		if (controllers[row].required)
			return err_set(e, ERR_UNSUPPORTED,
			               "this host has no %s control groups, neither v1 nor v2: enable them in the kernel",
			               controllers[row].v1);
		return 0;
	}
	return host_add_root(layout, controllers[row].v1, dir, e);
}

static void
host_clear_roots(struct layout *layout)
{
	strv_clear(&layout->cgroup_roots);
	free(layout->cgroup_mode);
	layout->cgroup_mode = NULL;
}

/* As sd_booted(3) has it: systemd manages this host's v2 tree, so groups are asked of it. */
static bool
host_has_systemd(void)
{
	struct stat st;

	return lstat("/run/systemd/system", &st) == 0 && S_ISDIR(st.st_mode);
}

/* The v2 tree first: cgroup_paths() keeps the order. */
static int
host_find(struct layout *layout, struct err *e)
{
	AUTO_FREE char *dir = NULL;
	bool v2;
	int rc = cgroup_init();

	if (rc != 0)
		return host_err_library(rc, "find the control groups", e);
	v2 = cgroup_get_subsys_mount_point("memory", &dir) == 0 && host_is_v2(dir);
	host_clear_roots(layout);
	rc = v2 ? host_add_root(layout, "unified", dir, e) : host_find_unified(layout, e);
	for (size_t i = 0; rc == 0 && !v2 && i < CONTROLLER_ROWS; i++)
		rc = host_find_controller(layout, i, e);
	if (rc == 0 && !(layout->cgroup_mode = strdup(!v2 ? "hybrid" : host_has_systemd() ? "systemd" : "v2")))
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	if (rc < 0)
		return -1;
	record_mark(&layout_schema, layout, "cgroup_mode", true);
	record_mark(&layout_schema, layout, "cgroup_roots", true);
	return 0;
}

static const char *
host_root_dir(const struct layout *layout, size_t i)
{
	return strchr(layout->cgroup_roots.v[i], '=') + 1;
}

/* 1 it is there and ours, 0 absent, -1 error, also when it is somebody else's. */
static int
host_parent_state(const char *path, struct err *e)
{
	char mark[64];
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at control group '%s'", path);
	if (getxattr(path, CGROUP_MARK, mark, sizeof mark) >= 0)
		return 1;
	return err_set(e, ERR_CONFLICT,
	               "control group '%s' is there and wasn't made by Berth: choose another instance name, or remove it (rmdir) "
	               "if nothing needs it",
	               path);
}

/* The v2 controllers that the root doesn't yet hand down, for the mark. */
static void
host_missing_controllers(const char *root, char *out, size_t size)
{
	AUTO_CLOSE int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < CONTROLLER_ROWS; i++)
		if (cgroup_file_word(dir, "cgroup.controllers", controllers[i].v2) &&
		    !cgroup_file_word(dir, "cgroup.subtree_control", controllers[i].v2))
			len += (size_t)snprintf(out + len, size - len, "%s ", controllers[i].v2);
}

static int
host_add_controllers(struct cgroup *group, const struct layout *layout, const char *root, bool v2, struct err *e)
{
	AUTO_CLOSE int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < CONTROLLER_ROWS; i++) {
		bool there = v2 ? cgroup_file_word(dir, "cgroup.controllers", controllers[i].v2) : false;

		for (size_t j = 0; !v2 && j < layout->cgroup_roots.n; j++)
			there |= strncmp(layout->cgroup_roots.v[j], controllers[i].v1, strlen(controllers[i].v1)) == 0;
		if (!there && controllers[i].required)
			return err_set(e, ERR_UNSUPPORTED, "this host's control groups lack %s", controllers[i].v1);
		if (there && !cgroup_add_controller(group, v2 ? controllers[i].v2 : controllers[i].v1))
			return err_set(e, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

/* libcgroup makes the group with all controllers at once; on v2 it also hands them down from the root. */
static int
host_library_create(const struct settings *s, const struct layout *layout, bool v2, struct err *e)
{
	struct cgroup *group = cgroup_new_cgroup(s->instance);
	int rc;

	if (!group)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (host_add_controllers(group, layout, host_root_dir(layout, 0), v2, e) < 0) {
		cgroup_free(&group);
		return -1;
	}
	rc = cgroup_create_cgroup(group, 1);
	cgroup_free(&group);
	return rc == 0 ? 0 : host_err_library(rc, "make the containers' parent control group", e);
}

static int
host_mark(const char *path, const char *mark, struct err *e)
{
	if (setxattr(path, CGROUP_MARK, mark, strlen(mark), 0) < 0)
		return err_sys(e, "mark control group '%s'", path);
	return 0;
}

/* Hands the controllers down to the containers' groups; at the root only where libcgroup left one out. */
static int
host_hand_down(const char *dir_path, struct err *e)
{
	AUTO_CLOSE int dir = open(dir_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char word[16];

	for (size_t i = 0; i < CONTROLLER_ROWS; i++) {
		if (!cgroup_file_word(dir, "cgroup.controllers", controllers[i].v2) ||
		    cgroup_file_word(dir, "cgroup.subtree_control", controllers[i].v2))
			continue;
		snprintf(word, sizeof word, "+%s", controllers[i].v2);
		if (fd_write_kernel(dir, "cgroup.subtree_control", word, e) < 0)
			return -1;
	}
	return 0;
}

static int
host_make_parents(const struct settings *s, const struct layout *layout, struct err *e)
{
	bool v2 = cgroup_is_v2(layout), there[CGROUP_ROOTS_MAX], missing = false;
	char path[CGROUP_PATH_MAX + 16], mark[64] = "";

	for (size_t i = 0; i < layout->cgroup_roots.n; i++) {
		int rc;

		snprintf(path, sizeof path, "%s/%s", host_root_dir(layout, i), s->instance);
		rc = host_parent_state(path, e);
		if (rc < 0)
			return -1;
		there[i] = rc == 1;
		missing |= rc == 0;
	}
	if (missing && v2)
		host_missing_controllers(host_root_dir(layout, 0), mark, sizeof mark);
	if (missing && host_library_create(s, layout, v2, e) < 0)
		return -1;
	for (size_t i = 0; i < layout->cgroup_roots.n; i++) {
		snprintf(path, sizeof path, "%s/%s", host_root_dir(layout, i), s->instance);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "make control group '%s'", path);
		if (!there[i] && host_mark(path, mark, e) < 0)
			return -1;
	}
	if (!v2)
		return 0;
	snprintf(path, sizeof path, "%s/%s", host_root_dir(layout, 0), s->instance);
	return host_hand_down(host_root_dir(layout, 0), e) < 0 ? -1 : host_hand_down(path, e);
}

static int64_t
host_pid_max(void)
{
	int64_t pid_max = cgroup_file_int(AT_FDCWD, "/proc/sys/kernel/pid_max");
	int64_t threads_max = cgroup_file_int(AT_FDCWD, "/proc/sys/kernel/threads-max");

	return cgroup_limit_min(pid_max, threads_max);
}

static int
host_reserve_amounts(const struct settings *s, struct cgroup_reserve *r_out, struct err *e)
{
	struct cgroup_reserve r = { 0 };
	int64_t pid_max = host_pid_max();
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return err_sys(e, "read the host's memory size");
	if (pid_max <= s->reserve_pids)
		return err_set(e, ERR_INVALID,
		               "reserve_pids is %" PRId64 ", but the host has only %" PRId64 " process numbers (kernel.pid_max)",
		               s->reserve_pids, pid_max);
	r.pids = pid_max - s->reserve_pids;
	if (s->reserve_memory > 0)
		r.memory_bytes = (int64_t)info.totalram * info.mem_unit / 100 * (100 - s->reserve_memory);
	if (s->reserve_cpu > 0)
		r.cpu_milli = get_nprocs() * (int64_t)10 * (100 - s->reserve_cpu);
	*r_out = r;
	return 0;
}

int
cgroup_host_capacity(const struct settings *s, struct cgroup_capacity *out, struct err *e)
{
	struct cgroup_reserve r;
	struct sysinfo info;

	if (host_reserve_amounts(s, &r, e) < 0)
		return -1;
	if (sysinfo(&info) < 0)
		return err_sys(e, "read the host's memory size");
	*out = (struct cgroup_capacity){ .memory_total_bytes = (int64_t)info.totalram * info.mem_unit,
		                         .cpu_total_milli = get_nprocs() * INT64_C(1000),
		                         .pids_total = host_pid_max(),
		                         .pids = r.pids };
	out->memory_bytes = r.memory_bytes ? r.memory_bytes : out->memory_total_bytes;
	out->cpu_milli = r.cpu_milli ? r.cpu_milli : out->cpu_total_milli;
	return 0;
}

static int
host_reserve(const struct settings *s, const struct layout *layout, struct err *e)
{
	AUTO_DIRS struct cgroup_dirs dirs = CGROUP_DIRS_NONE;
	struct cgroup_reserve r;

	if (host_reserve_amounts(s, &r, e) < 0)
		return -1;
	if (cgroup_dirs_open(s, layout, 0, &dirs, e) < 0)
		return -1;
	return cgroup_driver_get(layout)->reserve(&r, &dirs, e);
}

/* Set through systemd, which would put back what it didn't set itself. */
static int
host_make_slice(const struct settings *s, struct err *e)
{
	char slice[CGROUP_UNIT_MAX], memory[24], cpu[24], pids[24];
	const char *const words[] = { "slice", cgroup_slice_name(s, slice), memory, cpu, pids, NULL };
	struct cgroup_reserve r;

	if (host_reserve_amounts(s, &r, e) < 0)
		return -1;
	snprintf(memory, sizeof memory, "%" PRId64, r.memory_bytes);
	snprintf(cpu, sizeof cpu, "%" PRId64, r.cpu_milli);
	snprintf(pids, sizeof pids, "%" PRId64, r.pids);
	return unit_ask(s, words, e);
}

int
cgroup_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	if (host_find(layout, e) < 0)
		return -1;
	if (cgroup_is_systemd(layout))
		return host_make_slice(s, e);
	if (host_make_parents(s, layout, e) < 0)
		return -1;
	return host_reserve(s, layout, e) < 0 ? err_wrap(e, "keep the host's reserve") : 0;
}

/* 1 it has groups below, 0 none, -1 error. */
static int
host_has_children(const char *path, struct err *e)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int more;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(e, "open control group '%s'", path);
	do
		more = fd_next_entry(dir, &entry, e);
	while (more == 1 && entry->d_type != DT_DIR);
	closedir(dir);
	return more;
}

/* What others have come to use meanwhile stays on: the kernel answers EBUSY. */
static void
host_take_back(const char *root, char *mark)
{
	AUTO_CLOSE int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char word[16], *name;

	while ((name = strsep(&mark, " "))) {
		if (!*name)
			continue;
		snprintf(word, sizeof word, "-%s", name);
		if (fd_write_kernel(dir, "cgroup.subtree_control", word, NULL) < 0 && errno != EBUSY)
			log_warning("control group controller %s stays enabled at the root: %s", name, strerror(errno));
	}
}

static int
host_remove_parent(const char *root, const char *path, struct err *e)
{
	char mark[64];
	ssize_t len = getxattr(path, CGROUP_MARK, mark, sizeof mark - 1);

	if (len < 0)
		return errno == ENOENT || errno == ENODATA ? 0 : err_sys(e, "look at control group '%s'", path);
	mark[len] = '\0';
	if (rmdir(path) < 0)
		return errno == EBUSY ? err_set(e, ERR_CONFLICT, "control group '%s' is in use", path)
		                      : err_sys(e, "remove control group '%s'", path);
	host_take_back(root, mark);
	return 0;
}

/* The last scopes may be ending yet. */
static int
host_remove_slice(const struct settings *s, const struct layout *layout, struct err *e)
{
	const struct timespec pause = { .tv_nsec = SCOPE_PAUSE_MS * 1000000L };
	char path[CGROUP_PATH_MAX], slice[CGROUP_UNIT_MAX];
	const char *const words[] = { "stop", cgroup_slice_name(s, slice), NULL };
	int rc = 1;

	if (cgroup_dir_path(s, layout, host_root_dir(layout, 0), 0, path) < 0)
		return err_set(e, ERR_INTERNAL, "a control group's path is too long");
	for (int i = 0; (rc = host_has_children(path, e)) > 0 && i < SCOPE_PAUSES; i++)
		nanosleep(&pause, NULL);
	if (rc != 0)
		return rc < 0 ? -1 : err_set(e, ERR_CONFLICT, "'%s' still holds containers: stop them first", slice);
	return unit_ask(s, words, e);
}

int
cgroup_host_cleanup(const struct settings *s, const struct layout *layout, struct err *e)
{
	char path[CGROUP_PATH_MAX + 16];

	if (cgroup_is_systemd(layout))
		return host_remove_slice(s, layout, e);
	for (size_t i = 0; i < layout->cgroup_roots.n; i++) {
		int rc;

		snprintf(path, sizeof path, "%s/%s", host_root_dir(layout, i), s->instance);
		rc = host_has_children(path, e);
		if (rc != 0)
			return rc < 0 ? -1
			              : err_set(e, ERR_CONFLICT, "control group '%s' still holds containers: stop them first",
			                        path);
	}
	for (size_t i = 0; i < layout->cgroup_roots.n; i++) {
		snprintf(path, sizeof path, "%s/%s", host_root_dir(layout, i), s->instance);
		if (host_remove_parent(host_root_dir(layout, i), path, e) < 0)
			return -1;
	}
	return 0;
}
