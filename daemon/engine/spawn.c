#include "daemon/engine/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPAWN_FDS_MAX = 8, SPAWN_FD_BASE = 64 };

/* Only what a child may need of ours; a tenant's bytes never come here. */
static void
spawn_environment(char *env_out[4], char journal[64])
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
	const char *stream = getenv("JOURNAL_STREAM");

	env_out[0] = path;
	env_out[1] = lang;
	env_out[2] = NULL;
	if (stream && snprintf(journal, 64, "JOURNAL_STREAM=%s", stream) < 64)
		env_out[2] = journal;
	env_out[3] = NULL;
}

static int
spawn_actions(posix_spawn_file_actions_t *actions, const int *copies, const struct spawn_fd *fds, size_t nfds, const char *cwd)
{
	int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	for (size_t i = 0; rc == 0 && i < nfds; i++)
		rc = posix_spawn_file_actions_adddup2(actions, copies[i], fds[i].to);
	if (rc == 0 && cwd)
		rc = posix_spawn_file_actions_addchdir_np(actions, cwd);
	return rc;
}

static int
spawn_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setsigmask(attr, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

int
spawn_program(const char *path, char *const argv[], const struct spawn_fd *fds, size_t nfds, const char *cwd, pid_t *pid_out,
              struct err *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	char *env[4], journal[64];
	int copies[SPAWN_FDS_MAX];
	size_t copied = 0;
	int rc = 0;

	if (nfds > SPAWN_FDS_MAX)
		return err_set(e, ERR_INTERNAL, "too many descriptors for '%s'", path);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	/* Copies above every target, so that no dup2 overwrites a source. */
	for (; rc == 0 && copied < nfds; copied++) {
		copies[copied] = fcntl(fds[copied].from, F_DUPFD_CLOEXEC, SPAWN_FD_BASE);
		if (copies[copied] < 0) {
			rc = errno;
			break;
		}
	}
	spawn_environment(env, journal);
	if (rc == 0)
		rc = spawn_actions(&actions, copies, fds, nfds, cwd);
	if (rc == 0)
		rc = spawn_attributes(&attr);
	if (rc == 0)
		rc = posix_spawn(pid_out, path, &actions, &attr, argv, env);
	while (copied > 0)
		close(copies[--copied]);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	errno = rc;
	return rc ? err_sys(e, "run '%s'", path) : 0;
}
