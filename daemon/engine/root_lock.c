#include "daemon/engine/root_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include "daemon/util/fd.h"
#include "schema/spec.h"

/* What the pool holds in memory may take its time on a slow disk. */
enum { ROOT_LOCK_PAUSE_MS = 2, ROOT_LOCK_TRIES = 60000 / ROOT_LOCK_PAUSE_MS };

int
root_lock(int dirfd, int *fd_out)
{
	AUTO_CLOSE int fd = openat(dirfd, "root", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -1;
	*fd_out = take_fd(&fd);
	return 1;
}

int
root_lock_wait(const struct settings *s, int64_t ctid, bool (*cancelled)(struct job *), struct job *job, struct err *e)
{
	const struct timespec pause = { .tv_nsec = ROOT_LOCK_PAUSE_MS * 1000000L };
	char path[SPEC_PATH_MAX];
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int lock = -1;
	int rc = 0;

	snprintf(path, sizeof path, "%s/ct/%lld", s->run_dir, (long long)ctid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open '%s'", path);
	for (int i = 0; i < ROOT_LOCK_TRIES && (rc = root_lock(dir, &lock)) == 0; i++) {
		if (cancelled && cancelled(job))
			return err_set(e, ERR_CANCELLED, "The operation was cancelled");
		nanosleep(&pause, NULL);
	}
	if (rc < 0)
		return err_sys(e, "lock '%s/root'", path);
	return rc == 1 ? 0 : err_set(e, ERR_TIMEOUT, "The root of container %lld is still being unmounted", (long long)ctid);
}
