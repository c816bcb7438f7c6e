/* The hook sender: a process that may reach the world, started when there is something to send. It is told, and tells, in passing.
 */
#include "daemon/engine/hook.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/util/log.h"

enum { HOOK_BUFFER = 8 * MSG_MAX };

/* Whatever was under way is asked for again, a little later. */
static void
hook_lost(struct engine *engine, const char *why)
{
	struct hook_end end = { 0 };

	log_warning("the hook sender has ended (%s)", why);
	child_lose(&engine->hook);
	link_send(engine, HOOK_ENDED, &end);
}

static void
hook_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	AUTO_MSG struct msg msg = { 0 };
	struct err e = { 0 };
	int rc = msg_recv(fd, &msg, &e);

	if (rc < 0 && e.kind == ERR_BUSY)
		return;
	if (rc == 1 && msg.type == HOOK_ENDED)
		link_send(engine, HOOK_ENDED, msg.record);
	else
		hook_lost(engine, rc == 0 ? "it closed its channel" : rc < 0 ? e.message : "it broke the protocol");
}

void
hook_send(struct engine *engine, const struct hook *hook)
{
	struct err e = { 0 };

	if (!child_is_there(&engine->hook) && child_start(engine, &engine->hook, "berth-hook", HOOK_BUFFER, hook_on_read, &e) < 0) {
		hook_lost(engine, e.message);
		return;
	}
	if (msg_send(engine->hook.channel, HOOK_SEND, hook, NULL, 0, &e) < 0)
		hook_lost(engine, e.message);
}

void
hook_stop(struct engine *engine)
{
	child_end(&engine->hook);
}
