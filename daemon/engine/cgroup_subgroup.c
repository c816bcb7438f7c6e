#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/engine/cgroup.h"
#include "daemon/util/fd.h"

#define SUBGROUP_PREFIX "exec-"

enum { SUBGROUP_TRIES = 8, SUBGROUP_PAUSE_MS = 10, SUBGROUP_PAUSES = 50 };

/*
 * Those of commands that ended with something left running, which has ended too since then; a populated one stays, and what
 * the container made itself isn't host root's. A command that is just about to enter its group makes another.
 */
static void
subgroup_sweep(int parent)
{
	DIR *dir = fd_open_dir(parent, ".", NULL);
	struct dirent *entry;
	struct stat st;

	while (dir && fd_next_entry(dir, &entry, NULL) == 1)
		if (entry->d_type == DT_DIR && strncmp(entry->d_name, SUBGROUP_PREFIX, sizeof SUBGROUP_PREFIX - 1) == 0 &&
		    fstatat(parent, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == 0)
			unlinkat(parent, entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir(dir);
}

/* 1 made, 0 to be tried again, -1 error. The container owns the parent: a name may be there, or go again, at its will. */
static int
subgroup_make(struct cgroup_subgroup *sub, struct err *e)
{
	unsigned int number;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return err_sys(e, "get a random number");
	snprintf(sub->name, sizeof sub->name, SUBGROUP_PREFIX "%08x", number);
	if (mkdirat(sub->parent_fd, sub->name, 0755) == 0) {
		sub->fd = openat(sub->parent_fd, sub->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return sub->fd >= 0;
	}
	if (errno == EEXIST)
		return 0;
	if (errno == EAGAIN) {
		subgroup_sweep(sub->parent_fd);
		err_set(e, ERR_CONFLICT, "The container has used up the control groups that it may have; remove some inside");
		return 0;
	}
	return err_sys(e, "make a control group for the command");
}

int
cgroup_subgroup_open(const struct spec *spec, struct cgroup_subgroup *sub_out, struct err *e)
{
	char paths[CGROUP_ROOTS_MAX][CGROUP_PATH_MAX];
	struct cgroup_subgroup sub = { .fd = -1 };
	int rc = 0;

	if (cgroup_paths(&spec->settings, &spec->layout, spec->place.ctid, paths) == 0)
		return err_set(e, ERR_INTERNAL, "the host's layout names no control groups");
	sub.parent_fd = open(paths[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sub.parent_fd < 0)
		return err_sys(e, "open control group '%s'", paths[0]);
	err_set(e, ERR_CONFLICT, "The container keeps removing the command's control group");
	for (int i = 0; rc == 0 && i < SUBGROUP_TRIES; i++)
		rc = subgroup_make(&sub, e);
	if (rc <= 0) {
		close(sub.parent_fd);
		return -1;
	}
	err_clear(e);
	*sub_out = sub;
	return 0;
}

/* What was killed may take a moment to be gone. */
static void
subgroup_remove(const struct cgroup_subgroup *sub)
{
	const struct timespec pause = { .tv_nsec = SUBGROUP_PAUSE_MS * 1000000L };

	for (int i = 0; unlinkat(sub->parent_fd, sub->name, AT_REMOVEDIR) < 0 && errno == EBUSY; i++) {
		if (!sub->killed || i == SUBGROUP_PAUSES)
			return;
		nanosleep(&pause, NULL);
	}
}

void
cgroup_subgroup_close(struct cgroup_subgroup *sub)
{
	if (sub->fd < 0)
		return;
	subgroup_remove(sub);
	subgroup_sweep(sub->parent_fd);
	close(sub->fd);
	close(sub->parent_fd);
	sub->fd = sub->parent_fd = -1;
}

void
cgroup_subgroup_kill(struct cgroup_subgroup *sub)
{
	if (sub->fd >= 0 && fd_write_kernel(sub->fd, "cgroup.kill", "1", NULL) == 0)
		sub->killed = true;
}
