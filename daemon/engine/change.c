#include "daemon/engine/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/engine/firewall.h"
#include "daemon/engine/net.h"
#include "daemon/engine/nic.h"
#include "daemon/util/fd.h"

static const char change_file[] = "change";

bool
change_is_left(const struct spec *spec)
{
	char path[SPEC_PATH_MAX], file[SPEC_PATH_MAX + sizeof change_file + 1];

	snprintf(file, sizeof file, "%s/%s", spec_run_dir(spec, path), change_file);
	return access(file, F_OK) == 0;
}

static int
change_open_dir(const struct spec *spec, int *fd_out, struct err *e)
{
	char path[SPEC_PATH_MAX];

	/* One that has never run has none. */
	if (mkdir(spec_run_dir(spec, path), 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make '%s'", path);
	*fd_out = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd_out < 0 ? err_sys(e, "open '%s'", path) : 0;
}

int
change_begin(const struct spec *meant, struct err *e)
{
	AUTO_CLOSE int dir = -1;

	return change_open_dir(meant, &dir, e) < 0 ? -1 : spec_save(meant, dir, change_file, e);
}

int
change_end(const struct spec *spec, struct err *e)
{
	AUTO_CLOSE int dir = -1;

	if (!change_is_left(spec))
		return 0;
	if (change_open_dir(spec, &dir, e) < 0)
		return -1;
	return unlinkat(dir, change_file, 0) < 0 && errno != ENOENT ? err_sys(e, "remove '%s'", change_file) : 0;
}

/* Of what is added and taken away by its difference; the rest of a change is written whole each time. */
static int
change_undo(const struct spec *meant, const struct spec *now, int netns_fd, struct err *e)
{
	if (net_update(now, &meant->config.ip, netns_fd, e) < 0 ||
	    firewall_set_policy(&now->settings, &meant->place, &now->place, e) < 0)
		return -1;
	return nic_update(now, &meant->config.nics, netns_fd, e);
}

int
change_settle(const struct spec *now, int netns_fd, struct err *e)
{
	AUTO_CLOSE int dir = -1;
	struct spec meant = { 0 };
	int rc;

	if (!change_is_left(now))
		return 0;
	if (change_open_dir(now, &dir, e) < 0)
		return -1;
	rc = spec_load(&meant, dir, change_file, e);
	if (rc == 0)
		rc = change_undo(&meant, now, netns_fd, e);
	record_clear(&spec_schema, &meant);
	return rc < 0 ? -1 : change_end(now, e);
}
