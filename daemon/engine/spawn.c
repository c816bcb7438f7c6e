#include "daemon/engine/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPAWN_FDS_MAX = 8, SPAWN_FD_BASE = 64, SPAWN_ENV_MAX = 5, SPAWN_TEXT_MAX = 256 };

/* What a child gets of our environment. */
static const char *const spawn_passed[] = { "JOURNAL_STREAM",
#ifdef BERTH_FAULT
	                                    "BERTH_FAULT"
#endif
};

/* Only what a child may need of ours; a tenant's bytes never come here. */
static void
spawn_environment(char *env_out[SPAWN_ENV_MAX], char texts[SPAWN_ENV_MAX][SPAWN_TEXT_MAX])
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8";
	size_t n = 0;

	env_out[n++] = path;
	env_out[n++] = lang;
	for (size_t i = 0; i < sizeof spawn_passed / sizeof *spawn_passed; i++) {
		const char *value = getenv(spawn_passed[i]);

		if (value && snprintf(texts[i], SPAWN_TEXT_MAX, "%s=%s", spawn_passed[i], value) < SPAWN_TEXT_MAX)
			env_out[n++] = texts[i];
	}
	env_out[n] = NULL;
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
	char *env[SPAWN_ENV_MAX], texts[SPAWN_ENV_MAX][SPAWN_TEXT_MAX];
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
	spawn_environment(env, texts);
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
