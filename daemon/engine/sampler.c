/* The sampler: one process for the host, started with the engine, again when it dies. What it says is the api's. */
#include "daemon/engine/sampler.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/util/fault.h"
#include "daemon/util/log.h"

enum { SAMPLER_BUFFER = 2 * MSG_MAX, SAMPLER_AGAIN_S = 1, SAMPLER_AGAIN_MAX_S = 60 };

/* Later the more often it happens: nothing depends on it but figures. */
static void
sampler_lost(struct engine *engine)
{
	int64_t ms = fault_delay(engine->sampler_delay_s * 1000);
	struct timeval delay = { ms / 1000, ms % 1000 * 1000 };

	log_warning("the sampler has ended; starting it again");
	child_lose(&engine->sampler);
	event_add(engine->sampler_respawn, &delay);
	engine->sampler_delay_s *= 2;
	if (engine->sampler_delay_s > SAMPLER_AGAIN_MAX_S)
		engine->sampler_delay_s = SAMPLER_AGAIN_MAX_S;
}

static void
sampler_on_read(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	AUTO_MSG struct msg msg = { 0 };
	struct err e = { 0 };
	int rc = msg_recv(fd, &msg, &e);

	if (rc < 0 && e.kind == ERR_BUSY)
		return;
	if (rc == 1 && msg.type == REPLY_SAMPLES) {
		engine->sampler_delay_s = SAMPLER_AGAIN_S;
		link_send(engine, REPLY_SAMPLES, msg.record);
		return;
	}
	if (rc != 0)
		log_error("the sampler broke the protocol: %s", rc < 0 ? e.message : msg_info(msg.type)->name);
	sampler_lost(engine);
}

static void
sampler_on_respawn(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	struct err e = { 0 };

	if (child_start(engine, &engine->sampler, "berth-sampler", SAMPLER_BUFFER, sampler_on_read, &e) == 0)
		return;
	log_err(&e, "start the sampler");
	sampler_lost(engine);
}

int
sampler_start(struct engine *engine, struct err *e)
{
	engine->sampler_delay_s = SAMPLER_AGAIN_S;
	engine->sampler_respawn = evtimer_new(engine->base, sampler_on_respawn, engine);
	if (!engine->sampler_respawn)
		return err_set(e, ERR_INTERNAL, "out of memory");
	sampler_on_respawn(-1, 0, engine);
	return 0;
}

void
sampler_stop(struct engine *engine)
{
	if (engine->sampler_respawn)
		event_free(engine->sampler_respawn);
	engine->sampler_respawn = NULL;
	child_end(&engine->sampler);
}
