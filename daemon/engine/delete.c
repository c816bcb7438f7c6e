/* The end of a container that is stopped: everything it had, each absent part being fine. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/change.h"
#include "daemon/engine/job.h"
#include "daemon/engine/net.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/root_lock.h"
#include "daemon/engine/rootfs.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fd.h"

/* The line "Uid:" of its status: real, effective, saved and file-system user. One that is dead but not buried does nothing more. */
static bool
delete_has_uid(int proc, const char *pid, int64_t first)
{
	AUTO_FREE char *text = NULL;
	long long uid[4];
	const char *line;
	char path[NAME_MAX + 16];

	snprintf(path, sizeof path, "%s/status", pid);
	if (fd_read_file(proc, path, 64 * 1024, &text, NULL, NULL) < 0)
		return false;
	if (strstr(text, "\nState:\tZ"))
		return false;
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line, "\nUid: %lld %lld %lld %lld", &uid[0], &uid[1], &uid[2], &uid[3]) != 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (uid[i] >= first && uid[i] < first + ID_RANGE)
			return true;
	return false;
}

/* Ids are given to another container only when nobody has them any more. */
static int
delete_check_processes(const struct spec *spec, struct err *e)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0, more = -1;

	if (!proc)
		return err_sys(e, "read /proc");
	while (rc == 0 && (more = fd_next_entry(proc, &entry, e)) == 1)
		if (isdigit((unsigned char)entry->d_name[0]) && delete_has_uid(dirfd(proc), entry->d_name, spec->place.id_base))
			rc = err_set(e, ERR_CONFLICT, "Process %s still has an id of the container", entry->d_name);
	closedir(proc);
	return rc < 0 || more < 0 ? -1 : 0;
}

static int
delete_run_dir(const struct spec *spec, struct err *e)
{
	char name[32], path[SPEC_PATH_MAX];
	AUTO_CLOSE int dir = -1;

	snprintf(path, sizeof path, "%s/ct", spec->settings.run_dir);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open '%s'", path);
	snprintf(name, sizeof name, "%lld", (long long)spec->place.ctid);
	return fd_remove_tree(dir, name, e);
}

static int
delete_up_network(struct job *job, struct err *e)
{
	return change_settle(&job->spec, -1, e) < 0 ? -1 : net_detach(&job->spec, e);
}

static int
delete_up_processes(struct job *job, struct err *e)
{
	return cgroup_remove(&job->spec, e) < 0 ? -1 : delete_check_processes(&job->spec, e);
}

/* While it waits there is still a way back. */
static int
delete_up_root(struct job *job, struct err *e)
{
	return root_lock_wait(&job->spec.settings, job->spec.place.ctid, job_cancelled, job, e);
}

static int
delete_up_volume(struct job *job, struct err *e)
{
	return volume_delete(&job->spec, e);
}

static int
delete_up_run_dir(struct job *job, struct err *e)
{
	return delete_run_dir(&job->spec, e);
}

static int
delete_up_registry(struct job *job, struct err *e)
{
	return registry_file_remove(&job->spec.settings, job->spec.place.id, e);
}

int
delete_run(struct job *job, struct err *e)
{
	/* The entry last: as long as it is there, a delete that was cut short can be asked for again. */
	static const struct step steps[] = {
		{ "network", delete_up_network, NULL, false },       { "processes", delete_up_processes, NULL, false },
		{ "earlier root", delete_up_root, NULL, false },     { "volume", delete_up_volume, NULL, true },
		{ "run directory", delete_up_run_dir, NULL, false }, { "registry", delete_up_registry, NULL, false },
	};

	return job_run_steps(job, steps, sizeof steps / sizeof *steps, e);
}
