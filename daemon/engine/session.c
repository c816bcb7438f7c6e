#include "daemon/engine/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/util/fd.h"

static int session_conn = -1;

static bool
session_applies(const struct job *job)
{
	return job->type == REQUEST_EXEC || job->type == REQUEST_CONSOLE || job->type == REQUEST_LOGS;
}

/* Whatever the job does with it just then, it fares as when the client goes away. */
static void
session_on_term(int number)
{
	int saved = errno;

	shutdown(session_conn, SHUT_RDWR);
	errno = saved;
}

static int
session_watch_term(const struct job *job, struct err *e)
{
	const struct sigaction action = { .sa_handler = session_on_term, .sa_flags = SA_RESTART };

	session_conn = job->fds[0];
	return sigaction(SIGTERM, &action, NULL) < 0 ? err_sys(e, "watch for the end") : 0;
}

static bool
session_daemon_has_ended(const struct job *job)
{
	struct pollfd p = { .fd = job->channel };

	return job->channel < 0 || (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)));
}

static void
session_path(const struct job *job, char path[SPEC_PATH_MAX])
{
	snprintf(path, SPEC_PATH_MAX, "%s/" SESSIONS_DIR "/%s", job->spec.settings.run_dir, job->request.op);
}

/* The lock comes first: a record without one is of a job that has ended. */
static int
session_record(const struct job *job, struct err *e)
{
	const char *caller = job->request.caller ? job->request.caller : "";
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	AUTO_CLOSE int fd = -1;
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof path, "%s/" SESSIONS_DIR, job->spec.settings.run_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make '%s'", path);
	session_path(job, path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || fd_write_all(fd, caller, strlen(caller)) < 0)
		return err_sys(e, "write '%s'", path);
	take_fd(&fd); /* held for life */
	return 0;
}

int
session_begin(const struct job *job, struct err *e)
{
	if (!session_applies(job))
		return 0;
	if (session_watch_term(job, e) < 0 || session_record(job, e) < 0)
		return -1;
	if (!session_daemon_has_ended(job))
		return 0;
	session_forget(job);
	return err_set(e, ERR_UNAVAILABLE, "The daemon has ended: try again");
}

void
session_forget(const struct job *job)
{
	char path[SPEC_PATH_MAX];

	if (!session_applies(job) || !job->request.op || !job->spec.settings.run_dir)
		return;
	session_path(job, path);
	unlink(path);
}
