/* Whether both event loops go on: asked of the api, told to systemd, which ends and restarts a daemon that falls silent. */
#include "daemon/engine/watchdog.h"

#include <event2/event.h>
#include <systemd/sd-daemon.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/util/clock.h"
#include "daemon/util/log.h"

enum {
	WATCHDOG_TICK_MS = 5000,       /* without systemd's */
	WATCHDOG_API_MS = 30000,       /* likewise: the api's longest silence */
	WATCHDOG_API_START_MS = 300000 /* until it first answers: it may have a database to migrate */
};

void
watchdog_api_started(struct engine *engine)
{
	engine->api_start_ms = clock_ms(CLOCK_MONOTONIC);
	engine->api_alive_ms = 0;
}

void
watchdog_api_alive(struct engine *engine)
{
	engine->api_alive_ms = clock_ms(CLOCK_MONOTONIC);
}

/* While the api is being started again there is none that could hang. */
static bool
watchdog_api_hangs(const struct engine *engine)
{
	int64_t limit_ms = engine->watchdog_ms ? engine->watchdog_ms / 2 : WATCHDOG_API_MS;

	if (engine->api_link < 0)
		return false;
	if (engine->api_alive_ms == 0)
		return clock_ms(CLOCK_MONOTONIC) - engine->api_start_ms > WATCHDOG_API_START_MS;
	return clock_ms(CLOCK_MONOTONIC) - engine->api_alive_ms > limit_ms;
}

static void
watchdog_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	struct alive alive = { .serial = ++engine->alive_serial };

	record_mark(&alive_schema, &alive, "serial", true);
	link_send(engine, ALIVE, &alive);
	if (!watchdog_api_hangs(engine)) {
		engine->api_hangs = false;
		sd_notify(0, "WATCHDOG=1");
	} else if (engine->watchdog_ms == 0) {
		link_replace_api(engine, "it hangs");
	} else if (!engine->api_hangs) {
		engine->api_hangs = true;
		log_error("the api hangs; systemd's watchdog will restart the daemon");
	}
}

int
watchdog_start(struct engine *engine, struct err *e)
{
	uint64_t wanted_us = 0;
	int64_t tick_ms = WATCHDOG_TICK_MS;
	struct timeval tick;

	if (sd_watchdog_enabled(0, &wanted_us) > 0) {
		engine->watchdog_ms = (int64_t)(wanted_us / 1000);
		tick_ms = engine->watchdog_ms / 6 + 1;
	}
	tick = (struct timeval){ tick_ms / 1000, tick_ms % 1000 * 1000 };
	engine->watchdog = event_new(engine->base, -1, EV_PERSIST, watchdog_on_tick, engine);
	if (!engine->watchdog || event_add(engine->watchdog, &tick) < 0)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}
