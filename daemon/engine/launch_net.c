#include "daemon/engine/launch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon/engine/spawn.h"
#include "daemon/util/fd.h"

enum { NET_TIMEOUT_MS = 20000 };

int
launch_net_begin(struct launch *l, struct err *e)
{
	char program[SPEC_PATH_MAX], name[] = "berth-job", verb[] = "net";
	char *argv[] = { name, verb, NULL };
	AUTO_CLOSE int theirs = -1;
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(e, "make a socketpair");
	l->net = ends[0];
	theirs = ends[1];
	snprintf(program, sizeof program, "%s/berth-job", l->spec->settings.libexec_dir);
	/* Never waited for: it ends when this process does. */
	return spawn_program(program, argv, &(struct spawn_fd){ theirs, SPAWN_LAUNCH }, 1, NULL, &pid, e);
}

static int
launch_net_ask(struct launch *l, enum net_command command, const int *fd, struct err *e)
{
	char byte = (char)command;

	if (fd_send(l->net, &byte, 1, fd, fd ? 1 : 0, 0) < 0)
		return err_sys(e, "ask for the network");
	l->net_pending++;
	return 0;
}

int
launch_net_attach(struct launch *l, struct err *e)
{
	return launch_net_ask(l, NET_ATTACH, &l->netns, e);
}

int
launch_net_wait(struct launch *l, struct err *e)
{
	struct net_answer answer, failed = { .rc = 0 };
	struct pollfd p = { .fd = l->net, .events = POLLIN };

	for (; l->net_pending > 0; l->net_pending--) {
		if (poll(&p, 1, NET_TIMEOUT_MS) <= 0)
			return err_set(e, ERR_TIMEOUT, "The network wasn't ready in %d s", NET_TIMEOUT_MS / 1000);
		if (recv(l->net, &answer, sizeof answer, 0) != (ssize_t)sizeof answer)
			return err_set(e, ERR_INTERNAL, "the network helper died");
		if (answer.rc < 0 && failed.rc == 0)
			failed = answer;
	}
	if (failed.rc == 0)
		return 0;
	if (e)
		*e = failed.error;
	return -1;
}

int
launch_net_disk(struct launch *l, bool more, struct err *e)
{
	if (launch_net_ask(l, more ? NET_MORE_DISK : NET_OWN_DISK, NULL, e) < 0)
		return -1;
	return launch_net_wait(l, e);
}

void
launch_net_detach(struct launch *l)
{
	if (launch_net_ask(l, NET_DETACH, NULL, NULL) == 0)
		launch_net_wait(l, NULL);
}
