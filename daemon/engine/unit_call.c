#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "daemon/engine/spawn.h"
#include "daemon/engine/unit.h"
#include "daemon/util/fd.h"

int
unit_spawn(const struct settings *s, const char *const words[], int *fd_out, pid_t *pid_out, struct err *e)
{
	char program[512], *argv[UNIT_WORDS_MAX + 2] = { (char *)(uintptr_t) "berth-unit" };
	AUTO_CLOSE int ours = -1;
	AUTO_CLOSE int theirs = -1;
	int ends[2];

	for (size_t i = 0; i < UNIT_WORDS_MAX && words[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "make a socketpair");
	ours = ends[0];
	theirs = ends[1];
	snprintf(program, sizeof program, "%s/berth-unit", s->libexec_dir);
	if (spawn_program(program, argv, &(struct spawn_fd){ theirs, SPAWN_UNIT }, 1, NULL, pid_out, e) < 0)
		return -1;
	*fd_out = take_fd(&ours);
	return 0;
}

int
unit_hear(int fd, struct err *e)
{
	struct unit_answer answer = { .rc = -1 };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, UNIT_TIMEOUT_MS) <= 0)
		return err_set(e, ERR_TIMEOUT, "systemd didn't answer in %d s", UNIT_TIMEOUT_MS / 1000);
	if (recv(fd, &answer, sizeof answer, 0) != (ssize_t)sizeof answer)
		return err_set(e, ERR_INTERNAL, "berth-unit died");
	if (answer.rc == 0)
		return 0;
	if (e)
		*e = answer.error;
	return -1;
}

int
unit_ask(const struct settings *s, const char *const words[], struct err *e)
{
	AUTO_CLOSE int fd = -1;
	pid_t pid;
	int rc;

	if (unit_spawn(s, words, &fd, &pid, e) < 0)
		return -1;
	rc = unit_hear(fd, e);
	close(take_fd(&fd));
	waitpid(pid, NULL, 0);
	return rc;
}
