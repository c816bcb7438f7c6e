/* `berth-job net`: the network of one start, asked for by berth-launch on descriptor 4 while it makes the mounts. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "daemon/engine/job.h"
#include "daemon/engine/launch.h"
#include "daemon/engine/net.h"
#include "daemon/engine/spawn.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

enum { NET_MORE_BYTES = 16 << 20 };

static int
net_obey(const struct spec *spec, char command, int netns, const struct net_answer *prepared, struct err *e)
{
	if (command == NET_ATTACH && prepared->rc < 0)
		*e = prepared->error;
	if (command == NET_ATTACH && netns >= 0)
		return prepared->rc < 0 ? -1 : net_attach(spec, netns, e);
	if (command == NET_DETACH)
		return net_detach(spec, e);
	if (command == NET_MORE_DISK)
		return volume_force_quota(spec, spec->config.disk + NET_MORE_BYTES, e);
	if (command == NET_OWN_DISK)
		return volume_force_quota(spec, spec->config.disk, e);
	return err_set(e, ERR_BAD_REQUEST, "unknown network command");
}

int
net_run(struct job *job, struct err *e)
{
	struct net_answer prepared = { 0 };

	if (fcntl(SPAWN_LAUNCH, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, "find the launch on descriptor %d", SPAWN_LAUNCH);
	/* What needs no namespace is done while there is none yet. */
	prepared.rc = net_prepare(&job->spec, &prepared.error);
	FAULT("net.prepared");
	for (;;) {
		struct net_answer answer = { 0 };
		int fds[FD_PASS_MAX];
		size_t nfds = 0;
		char command = 0;
		ssize_t n = fd_recv(SPAWN_LAUNCH, &command, 1, fds, &nfds, 0);

		if (n <= 0)
			return n < 0 ? err_sys(e, "hear from the launch") : 0;
		answer.rc = net_obey(&job->spec, command, nfds == 1 ? fds[0] : -1, &prepared, &answer.error);
		FAULT("net.done");
		while (nfds > 0)
			close(fds[--nfds]);
		if (fd_send(SPAWN_LAUNCH, &answer, sizeof answer, NULL, 0, 0) < 0)
			return err_sys(e, "answer the launch");
	}
}
