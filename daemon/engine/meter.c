/* `berth-job meter`: what the figures need of root now and then. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/job.h"
#include "daemon/engine/net.h"
#include "daemon/engine/nfnl.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/traffic.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

struct meter_volumes {
	struct spec spec; /* settings and layout are the job's */
	struct json_object *json;
};

/* One that is being made or deleted has none. */
static int
meter_take_volume(const struct place *place, void *arg, struct err *e)
{
	struct meter_volumes *volumes = arg;
	struct volume_usage usage = { -1, -1 };
	char ctid[32];

	volumes->spec.place = *place;
	if (volume_read(&volumes->spec, &usage, NULL) < 0 || usage.used < 0)
		return 0;
	snprintf(ctid, sizeof ctid, "%" PRId64, place->ctid);
	json_object_object_add(volumes->json, ctid, json_object_new_int64(usage.used));
	return 0;
}

static int
meter_volumes(struct job *job, struct err *e)
{
	struct meter_volumes volumes = { .json = json_object_new_object() };
	const char *text;
	int64_t high = 0;
	int rc;

	/* Borrowed, as is each place. */
	volumes.spec.settings = job->spec.settings;
	volumes.spec.layout = job->spec.layout;
	rc = registry_file_scan(&job->spec.settings, &high, meter_take_volume, &volumes, e);
	text = rc == 0 ? json_object_to_json_string_ext(volumes.json, JSON_C_TO_STRING_PLAIN) : NULL;
	job->result = text ? strdup(text) : NULL;
	json_object_put(volumes.json);
	return rc < 0 || job->result ? rc : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
meter_traffic(struct job *job, struct err *e)
{
	const struct settings *s = &job->spec.settings;
	char generation[UUID_SIZE];
	int nfnl;
	struct traffic_tables t;
	struct net_needs needs;
	bool bridged;
	int found;

	traffic_name_tables(&t, s->instance);
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	found = traffic_find(nfnl, &t, generation, &bridged, e);
	if (found < 0)
		return -1;
	if (!found)
		log_warning("the nft table %s %s is gone: making it anew; what had been counted since the last reading is lost",
		            bridged ? "bridge" : "inet", t.name);
	if (found)
		return 0;
	return net_needs_find(s, &needs, e) < 0 ? -1 : traffic_make(s, &needs, e);
}

int
meter_run(struct job *job, struct err *e)
{
	const struct strv *ctids = &job->request.ctids;

	/* Who has flushed the counters has flushed the rules as well. */
	if (net_host_restore(&job->spec.settings, e) < 0 || meter_traffic(job, e) < 0)
		return -1;
	for (size_t i = 0; i < ctids->n; i++)
		if (traffic_forget(&job->spec.settings, strtoll(ctids->v[i], NULL, 10), e) < 0)
			return -1;
	if (fault_at("meter.counters", e) < 0)
		return -1;
	return meter_volumes(job, e);
}
