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
#include "daemon/engine/job.h"
#include "daemon/engine/net.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/rootfs.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fd.h"

/* The line "Uid:" of its status: real, effective, saved and file-system user. */
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
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line, "\nUid: %lld %lld %lld %lld", &uid[0], &uid[1], &uid[2], &uid[3]) != 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (uid[i] >= first && uid[i] < first + ROOTFS_ID_COUNT)
			return true;
	return false;
}

/* Ids are given to another container only when nobody has them any more. */
static int
delete_check_processes(const struct spec *spec, struct err *e)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int rc = 0;

	if (!proc)
		return err_sys(e, "read /proc");
	while (rc == 0 && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) && delete_has_uid(dirfd(proc), entry->d_name, spec->place.id_base))
			rc = err_set(e, ERR_CONFLICT, "Process %s still has an id of the container", entry->d_name);
	closedir(proc);
	return rc;
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

int
delete_run(struct job *job, struct err *e)
{
	const struct spec *spec = &job->spec;

	job_progress(job, "network", 0, "network");
	if (net_detach(spec, e) < 0)
		return err_wrap(e, "network");
	job_progress(job, "processes", 20, "processes");
	if (cgroup_remove(spec, e) < 0 || delete_check_processes(spec, e) < 0)
		return err_wrap(e, "processes");
	job_progress(job, "volume", 40, "volume");
	if (volume_delete(spec, e) < 0 || delete_run_dir(spec, e) < 0)
		return err_wrap(e, "volume");
	/* Last: as long as the entry is there, a delete that was cut short can be asked for again. */
	return registry_file_remove(&spec->settings, spec->place.id, e);
}
