/* Jobs of a daemon that was killed: ended before anything is taken for the truth, so that nobody else works on the same thing. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/job.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

enum { ORPHANS_TRIES = 5000, ORPHANS_PAUSE_NS = 1000000 };

bool
orphans_is_job(pid_t pid)
{
	char link[32], path[SPEC_PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/%d/exe", pid);
	n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	name = strrchr(path, '/');
	return name && strncmp(name, "/berth-", 7) == 0;
}

int
engine_end_orphans(const struct engine *engine, struct err *e)
{
	AUTO_CLOSE int fd = openat(engine->run_fd, JOB_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	const struct timespec pause = { .tv_nsec = ORPHANS_PAUSE_NS };
	pid_t last = 0;

	if (fd < 0)
		return err_sys(e, "open '%s/" JOB_LOCK "'", engine->settings->run_dir);
	for (int i = 0; i < ORPHANS_TRIES; i++) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

		if (fcntl(fd, F_GETLK, &lock) < 0)
			return err_sys(e, "look for jobs of the last daemon");
		if (lock.l_type == F_UNLCK)
			return 0;
		if (lock.l_pid != last && orphans_is_job(lock.l_pid)) {
			log_info("ending job %d of the last daemon", lock.l_pid);
			kill(lock.l_pid, SIGKILL);
			last = lock.l_pid;
		}
		nanosleep(&pause, NULL);
	}
	return err_set(e, ERR_TIMEOUT, "job %d of the last daemon doesn't end", last);
}
