#include "daemon/engine/helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/spawn.h"
#include "daemon/util/log.h"
#include "schema/protocol.h"

bool
helper_begin(const char *program)
{
	signal(SIGPIPE, SIG_IGN);
	log_init(program, LOG_LEVEL_INFO);
	if (fcntl(SPAWN_CHANNEL, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr, "%s is run by berthd alone\n", program);
		return false;
	}
	log_stay_open();
	return true;
}

int
helper_receive_spec(struct spec *spec, struct err *e)
{
	struct msg msg = { 0 };
	int rc = msg_recv(SPAWN_CHANNEL, &msg, e);

	if (rc == 1 && msg.type != SPEC)
		rc = err_set(e, ERR_BAD_REQUEST, "the engine sent %s", msg_info(msg.type)->name);
	if (rc == 1) {
		/* Taken over, not copied. */
		memcpy(spec, msg.record, sizeof *spec);
		memset(msg.record, 0, sizeof *spec);
	}
	msg_clear(&msg);
	return rc == 1 ? 0 : rc == 0 ? err_set(e, ERR_UNAVAILABLE, "the engine has gone") : -1;
}
