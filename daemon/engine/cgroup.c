#include "daemon/engine/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/engine/cgroup_driver.h"
#include "daemon/engine/cgroup_file.h"
#include "daemon/util/clock.h"
#include "daemon/util/fd.h"

/* A tenant can make groups below its own: bounded, so that it can't fill the kernel's memory with them. */
enum { CGROUP_DESCENDANTS_MAX = 1000, CGROUP_DEPTH_MAX = 32 };

enum { CGROUP_REMOVE_MS = 1000, CGROUP_REMOVE_PAUSE_MS = 5 };

const struct cgroup_driver *
cgroup_driver_get(const struct layout *layout)
{
	return cgroup_is_v2(layout) ? &cgroup_v2_driver : &cgroup_v1_driver;
}

int64_t
cgroup_quota_milli(int64_t quota_us, int64_t period_us)
{
	return quota_us < 0 || period_us <= 0 ? -1 : quota_us * 1000 / period_us;
}

int
cgroup_err_in_use(int64_t used, int64_t wanted, struct err *e)
{
	err_set(e, ERR_CONFLICT,
	        "memory: the container uses %" PRId64 " MiB that can't be reclaimed, more than the %" PRId64
	        " MiB asked for; stop something inside first",
	        used >> 20, wanted >> 20);
	return err_code(e, "memory_in_use");
}

static const char *const controller_names[CONTROLLER_COUNT] = {
	[CONTROLLER_UNIFIED] = "unified", [CONTROLLER_MEMORY] = "memory", [CONTROLLER_CPU] = "cpu",
	[CONTROLLER_PIDS] = "pids",       [CONTROLLER_IO] = "blkio",
};

/* The mount point of a controller's hierarchy, or NULL. */
static const char *
cgroup_root(const struct layout *layout, enum controller controller)
{
	size_t len = strlen(controller_names[controller]);

	for (size_t i = 0; i < layout->cgroup_roots.n; i++)
		if (strncmp(layout->cgroup_roots.v[i], controller_names[controller], len) == 0 &&
		    layout->cgroup_roots.v[i][len] == '=')
			return layout->cgroup_roots.v[i] + len + 1;
	return NULL;
}

void
cgroup_dirs_close(struct cgroup_dirs *dirs)
{
	for (size_t i = 0; i < CONTROLLER_COUNT; i++)
		if (dirs->fd[i] >= 0)
			close(dirs->fd[i]);
	if (dirs->parent >= 0)
		close(dirs->parent);
}

int
cgroup_dirs_open(const struct settings *s, const struct layout *layout, int64_t ctid, struct cgroup_dirs *dirs_out, struct err *e)
{
	struct cgroup_dirs dirs = CGROUP_DIRS_NONE;
	char path[CGROUP_PATH_MAX];

	for (size_t i = 0; i < CONTROLLER_COUNT; i++) {
		const char *root = cgroup_root(layout, (enum controller)i);

		if (!root)
			continue;
		dirs.fd[i] = cgroup_dir_path(s, layout, root, ctid, path) < 0 ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dirs.fd[i] >= 0)
			continue;
		err_sys(e, "open control group '%s'", path);
		cgroup_dirs_close(&dirs);
		return -1;
	}
	if (ctid > 0 && cgroup_dir_path(s, layout, cgroup_root(layout, CONTROLLER_UNIFIED), 0, path) == 0)
		dirs.parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*dirs_out = dirs;
	return 0;
}

/* rmdir refuses a group with processes, unlike the library's removal, which would move them to the parent, out of all limits. */
static int
cgroup_rmdir_wait(int dirfd, const char *name, int64_t deadline_ms, struct err *e)
{
	const struct timespec pause = { .tv_nsec = CGROUP_REMOVE_PAUSE_MS * 1000000L };

	while (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		if (errno != EBUSY)
			return err_sys(e, "remove control group '%s'", name);
		if (clock_ms(CLOCK_MONOTONIC) >= deadline_ms)
			return err_set(e, ERR_CONFLICT, "control group '%s' still holds processes", name);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int cgroup_remove_tree(int dirfd, const char *name, int64_t deadline_ms, struct err *e);

static int
cgroup_remove_children(DIR *dir, int64_t deadline_ms, struct err *e)
{
	struct dirent *entry;
	int more;

	while ((more = fd_next_entry(dir, &entry, e)) == 1)
		if (entry->d_type == DT_DIR && cgroup_remove_tree(dirfd(dir), entry->d_name, deadline_ms, e) < 0)
			return -1;
	return more;
}

/* Depth is bounded by CGROUP_DEPTH_MAX. */
static int
cgroup_remove_tree(int dirfd, const char *name, int64_t deadline_ms, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return 0;
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return err_sys(e, "open control group '%s'", name);
	take_fd(&fd);
	rc = cgroup_remove_children(dir, deadline_ms, e);
	closedir(dir);
	return rc < 0 ? -1 : cgroup_rmdir_wait(dirfd, name, deadline_ms, e);
}

/* A scope that systemd knows goes with its last process; one that it doesn't know is left to nobody else. */
static void
cgroup_remove_scope(char *payload)
{
	char *slash = strrchr(payload, '/');

	if (slash) {
		*slash = '\0';
		rmdir(payload);
	}
}

int
cgroup_remove(const struct spec *spec, struct err *e)
{
	char paths[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX];
	size_t n = cgroup_paths(&spec->settings, &spec->layout, spec->place.ctid, paths);
	int64_t deadline_ms = clock_ms(CLOCK_MONOTONIC) + CGROUP_REMOVE_MS;

	for (size_t i = 0; i < n; i++) {
		if (cgroup_remove_tree(AT_FDCWD, paths[i], deadline_ms, e) < 0)
			return -1;
		if (cgroup_is_systemd(&spec->layout))
			cgroup_remove_scope(paths[i]);
	}
	return 0;
}

/* A group left over by a crash is removed at once, or is in use. */
static int
cgroup_make_dir(const char *path, struct err *e)
{
	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "make control group '%s'", path);
	if (cgroup_remove_tree(AT_FDCWD, path, 0, e) < 0)
		return -1;
	if (mkdir(path, 0755) < 0)
		return err_sys(e, "make control group '%s'", path);
	return 0;
}

static int
cgroup_fill(const struct spec *spec, struct err *e)
{
	AUTO_DIRS struct cgroup_dirs dirs = CGROUP_DIRS_NONE;

	if (cgroup_dirs_open(&spec->settings, &spec->layout, spec->place.ctid, &dirs, e) < 0)
		return -1;
	if (cgroup_file_write_int(dirs.fd[CONTROLLER_UNIFIED], "cgroup.max.descendants", CGROUP_DESCENDANTS_MAX, e) < 0 ||
	    cgroup_file_write_int(dirs.fd[CONTROLLER_UNIFIED], "cgroup.max.depth", CGROUP_DEPTH_MAX, e) < 0)
		return -1;
	return cgroup_driver_get(&spec->layout)->apply(spec, &dirs, true, e);
}

int
cgroup_create(const struct spec *spec, struct err *e)
{
	char paths[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX];
	size_t n = cgroup_paths(&spec->settings, &spec->layout, spec->place.ctid, paths), made = 0;

	while (made < n && cgroup_make_dir(paths[made], e) == 0)
		made++;
	if (made == n && cgroup_fill(spec, e) == 0)
		return 0;
	while (made-- > 0)
		rmdir(paths[made]);
	return -1;
}

int
cgroup_apply(const struct spec *spec, struct err *e)
{
	AUTO_DIRS struct cgroup_dirs dirs = CGROUP_DIRS_NONE;

	if (cgroup_dirs_open(&spec->settings, &spec->layout, spec->place.ctid, &dirs, e) < 0)
		return -1;
	return cgroup_driver_get(&spec->layout)->apply(spec, &dirs, false, e);
}

int
cgroup_delegate(const struct spec *spec, struct err *e)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control" };
	char paths[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX];
	uid_t base = (uid_t)spec->place.id_base;
	AUTO_CLOSE int dir = -1;

	if (cgroup_paths(&spec->settings, &spec->layout, spec->place.ctid, paths) == 0)
		return err_set(e, ERR_INTERNAL, "the host's layout names no control groups");
	dir = open(paths[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open control group '%s'", paths[0]);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (fchownat(dir, files[i], base, base, 0) < 0)
			return err_sys(e, "give %s of control group '%s' to its container", files[i], paths[0]);
	return 0;
}

int
cgroup_entry_open(const struct spec *spec, struct cgroup_entry *entry_out, struct err *e)
{
	char paths[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX], tasks[CGROUP_PATH_MAX + 8];
	size_t n = cgroup_paths(&spec->settings, &spec->layout, spec->place.ctid, paths);
	struct cgroup_entry entry = { .v2_fd = -1 };

	if (n == 0)
		return err_set(e, ERR_INTERNAL, "the host's layout names no control groups");
	entry.v2_fd = open(paths[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (entry.v2_fd < 0)
		return err_sys(e, "open control group '%s'", paths[0]);
	for (size_t i = 1; i < n; i++) {
		snprintf(tasks, sizeof tasks, "%s/tasks", paths[i]);
		entry.tasks[entry.ntasks] = open(tasks, O_WRONLY | O_CLOEXEC);
		if (entry.tasks[entry.ntasks] < 0) {
			err_sys(e, "open '%s'", tasks);
			cgroup_entry_close(&entry);
			return -1;
		}
		entry.ntasks++;
	}
	*entry_out = entry;
	return 0;
}

void
cgroup_entry_close(struct cgroup_entry *entry)
{
	if (entry->v2_fd >= 0)
		close(entry->v2_fd);
	entry->v2_fd = -1;
	while (entry->ntasks > 0)
		close(entry->tasks[--entry->ntasks]);
}

int
cgroup_entry_join(const struct cgroup_entry *entry)
{
	for (size_t i = 0; i < entry->ntasks; i++)
		if (write(entry->tasks[i], "0", 1) != 1)
			return -1;
	return 0;
}

int
cgroup_read(const struct spec *spec, struct cgroup_usage usage_out[CGROUP_RESOURCE_COUNT], struct err *e)
{
	AUTO_DIRS struct cgroup_dirs dirs = CGROUP_DIRS_NONE;
	struct cgroup_usage usage[CGROUP_RESOURCE_COUNT];

	if (cgroup_dirs_open(&spec->settings, &spec->layout, spec->place.ctid, &dirs, e) < 0)
		return -1;
	memset(usage, 0xff, sizeof usage);
	cgroup_driver_get(&spec->layout)->read(spec, &dirs, usage);
	/* In the v2 tree of a hybrid host too. */
	usage[CGROUP_MEMORY].pressure = cgroup_file_pressure(dirs.fd[CONTROLLER_UNIFIED], "memory.pressure");
	usage[CGROUP_CPUS].pressure = cgroup_file_pressure(dirs.fd[CONTROLLER_UNIFIED], "cpu.pressure");
	usage[CGROUP_IO_WEIGHT].pressure = cgroup_file_pressure(dirs.fd[CONTROLLER_UNIFIED], "io.pressure");
	memcpy(usage_out, usage, sizeof usage);
	return 0;
}
