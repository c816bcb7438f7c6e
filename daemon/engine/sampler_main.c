/*
 * berth-sampler: reads what all containers use, on a timer, and tells the engine. Started by it with the channel on descriptor 3,
 * where SPEC comes first with the settings and the layout. It keeps CAP_NET_ADMIN alone, without which the kernel tells nobody its
 * counters, as the api's user; the one socket that it could use it with is there before the filter forbids to make any.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/helper.h"
#include "daemon/engine/nfnl.h"
#include "daemon/engine/sampler_groups.h"
#include "daemon/engine/sampler_sandbox.h"
#include "daemon/engine/spawn.h"
#include "daemon/engine/traffic.h"
#include "daemon/util/clock.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/protocol.h"

enum { SAMPLER_SPARE_FILES = 32 };

struct sampler {
	struct spec spec;
	struct traffic_reading traffic;
	struct groups *groups;
	struct samples message; /* in the making */
	int nfnl;
	bool refused; /* told already that the counters can't be read */
};

static int
sampler_send(struct sampler *s, bool last, struct err *e)
{
	int rc;

	s->message.last = last;
	record_mark(&samples_schema, &s->message, "last", true);
	rc = msg_send(SPAWN_CHANNEL, REPLY_SAMPLES, &s->message, NULL, 0, e);
	strv_clear(&s->message.lines);
	record_mark(&samples_schema, &s->message, "lines", false);
	return rc;
}

static int
sampler_add(struct sampler *s, const struct traffic_sample *traffic, struct err *e)
{
	struct sample sample = { .ctid = traffic->ctid };
	AUTO_BUF struct buf line = { 0 };

	/* Full ones go before the next line: the last message always has some. */
	if (s->message.lines.n == SAMPLES_MAX && sampler_send(s, false, e) < 0)
		return -1;
	memcpy(&sample.v[SAMPLE_TRAFFIC], traffic->v, sizeof traffic->v);
	groups_read(s->groups, &sample);
	sample_format(&sample, &line);
	if (line.failed || !strv_add(&s->message.lines, line.data))
		return err_set(e, ERR_INTERNAL, "out of memory");
	record_mark(&samples_schema, &s->message, "lines", true);
	return 0;
}

/* A filter that can't be read is told once; resources are read all the same, of what was there when it last could. */
static void
sampler_read_traffic(struct sampler *s)
{
	struct err e = { 0 };

	if (traffic_read(s->nfnl, s->spec.settings.instance, &s->traffic, &e) == 0) {
		s->refused = false;
		return;
	}
	if (!s->refused)
		log_err(&e, "read the traffic counters");
	s->refused = true;
	for (size_t i = 0; i < s->traffic.all.n; i++)
		for (size_t k = 0; k < 2 * TRAFFIC_COUNTERS; k++)
			s->traffic.all.v[i].v[k] = SAMPLE_UNKNOWN;
}

static int
sampler_pass(struct sampler *s, struct err *e)
{
	s->message.time_ms = clock_ms(CLOCK_REALTIME);
	sampler_read_traffic(s);
	s->message.generation = s->traffic.generation;
	record_mark(&samples_schema, &s->message, "time_ms", true);
	record_mark(&samples_schema, &s->message, "generation", true);
	for (size_t i = 0; i < s->traffic.all.n; i++)
		if (sampler_add(s, &s->traffic.all.v[i], e) < 0)
			return -1;
	groups_sweep(s->groups);
	FAULT("sampler.read");
	return sampler_send(s, true, e);
}

/* Until the engine goes. Whatever it sends asks for a pass at once. */
static int
sampler_loop(struct sampler *s, struct err *e)
{
	int64_t interval_ms = s->spec.settings.sample_interval * 1000, next_ms = clock_ms(CLOCK_MONOTONIC);
	struct pollfd channel = { .fd = SPAWN_CHANNEL, .events = POLLIN };
	char byte;

	for (;;) {
		int64_t now_ms = clock_ms(CLOCK_MONOTONIC);

		if (now_ms < next_ms) {
			int rc = poll(&channel, 1, (int)(next_ms - now_ms));

			if (rc < 0 && errno != EINTR)
				return err_sys(e, "wait");
			if (rc == 0 || (rc < 0 && errno == EINTR))
				continue;
			if (recv(SPAWN_CHANNEL, &byte, 1, MSG_DONTWAIT) <= 0)
				return 0;
		}
		if (sampler_pass(s, e) < 0)
			return -1;
		now_ms = clock_ms(CLOCK_MONOTONIC);
		/* In step, but nothing is made up for. */
		while (next_ms <= now_ms)
			next_ms += interval_ms;
	}
}

static size_t
sampler_raise_files(void)
{
	size_t limit = fd_raise_limit();

	return limit > SAMPLER_SPARE_FILES ? limit - SAMPLER_SPARE_FILES : 0;
}

static int
sampler_run(struct sampler *s, struct err *e)
{
	if (helper_receive_spec(&s->spec, e) < 0 || nfnl_open(&s->nfnl, e) < 0)
		return -1;
	s->groups = groups_new(&s->spec.settings, &s->spec.layout, sampler_raise_files(), e);
	if (!s->groups || sampler_drop(s->spec.settings.api_user, e) < 0 || sampler_filter(e) < 0)
		return -1;
	return sampler_loop(s, e);
}

int
main(void)
{
	struct sampler s = { .nfnl = -1 };
	struct err e = { 0 };
	int rc;

	if (!helper_begin("berth-sampler"))
		return 2;
	rc = sampler_run(&s, &e);
	if (rc < 0 && e.kind != ERR_UNAVAILABLE)
		log_err(&e, "berth-sampler ends");
	groups_free(s.groups);
	traffic_clear(&s.traffic);
	record_clear(&spec_schema, &s.spec);
	if (s.nfnl >= 0)
		close(s.nfnl);
	return rc < 0;
}
