#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/job.h"
#include "daemon/engine/monitor_call.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fd.h"

enum { LIMITS_DISK = CGROUP_RESOURCE_COUNT, LIMITS_COUNT };

/* In the order of the configuration; `field` is the row whose value is configured, and its unit that of the figures. */
static const struct {
	const char *field;
	size_t usage;
} limits[] = {
	{ "memory", CGROUP_MEMORY },         { "swap", CGROUP_SWAP },       { "cpus", CGROUP_CPUS },
	{ "cpu_weight", CGROUP_CPU_WEIGHT }, { "pids", CGROUP_PIDS },       { "disk", LIMITS_DISK },
	{ "io_weight", CGROUP_IO_WEIGHT },   { "io_read", CGROUP_IO_READ }, { "io_write", CGROUP_IO_WRITE },
};

/* A figure that nobody knows is null: never a guess. */
static struct json_object *
limits_number(int64_t value, bool milli)
{
	char text[32];

	if (value < 0)
		return NULL;
	if (!milli)
		return json_object_new_int64(value);
	snprintf(text, sizeof text, "%" PRId64 ".%03" PRId64, value / 1000, value % 1000);
	while (text[strlen(text) - 1] == '0' && text[strlen(text) - 2] != '.')
		text[strlen(text) - 1] = '\0';
	return json_object_new_double_s((double)value / 1000, text);
}

static struct json_object *
limits_row(const struct field *field, const struct container_config *config, const struct cgroup_usage *usage)
{
	struct json_object *row = json_object_new_object();
	bool milli = field->type == FIELD_MILLI;
	int64_t configured = record_has(&container_config_schema, config, field->name) ? *field_int(field, config) : -1;

	json_object_object_add(row, "configured", limits_number(configured, milli));
	json_object_object_add(row, "effective", limits_number(usage->effective, milli));
	json_object_object_add(row, "used", limits_number(usage->used, milli));
	json_object_object_add(row, "peak", limits_number(usage->peak, milli));
	json_object_object_add(row, "hits", limits_number(usage->hits, false));
	json_object_object_add(row, "pressure", limits_number(usage->pressure, true));
	return row;
}

/* Nothing but the volume has figures while the container is down. */
static int
limits_read(const struct spec *spec, struct cgroup_usage usage[LIMITS_COUNT], struct err *e)
{
	struct volume_usage disk = { -1, -1 };
	struct monitor_state state;
	AUTO_CLOSE int monitor = -1;
	int running = monitor_call_open(spec, &monitor, &state, e);

	memset(usage, 0xff, LIMITS_COUNT * sizeof *usage);
	if (running < 0)
		return -1;
	/* It may end between the two: then it is one that is down. */
	if (running && state.pid > 0)
		cgroup_read(spec, usage, NULL);
	if (volume_read(spec, &disk, e) < 0)
		return -1;
	usage[LIMITS_DISK].effective = disk.effective;
	usage[LIMITS_DISK].used = disk.used;
	return 0;
}

int
limits_run(struct job *job, struct err *e)
{
	struct cgroup_usage usage[LIMITS_COUNT];
	struct json_object *json;
	const char *text;

	if (limits_read(&job->spec, usage, e) < 0)
		return -1;
	json = json_object_new_object();
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		const struct field *field = field_find(&container_config_schema, limits[i].field, NULL);

		json_object_object_add(json, limits[i].field, limits_row(field, &job->spec.config, &usage[limits[i].usage]));
	}
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	job->result = text ? strdup(text) : NULL;
	json_object_put(json);
	return job->result ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}
