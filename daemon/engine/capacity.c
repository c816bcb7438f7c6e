/* What the host has for containers. What was promised to them is the api's to add. */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/cgroup.h"
#include "daemon/engine/job.h"
#include "daemon/engine/volume.h"
#include "daemon/util/fd.h"
#include "schema/capacity.h"

enum { MEMINFO_MAX = 64 * 1024 };

/* What could be given to somebody without anything being swapped out; -1: the kernel doesn't say. */
static int64_t
capacity_memory_free(void)
{
	static const char name[] = "\nMemAvailable:";
	AUTO_FREE char *text = NULL;
	const char *at = NULL;

	if (fd_read_file(AT_FDCWD, "/proc/meminfo", MEMINFO_MAX, &text, NULL, NULL) == 0)
		at = strstr(text, name);
	return at ? strtoll(at + strlen(name), NULL, 10) * 1024 : -1;
}

/* Below 0: nobody knows. */
static void
capacity_put(struct capacity *capacity, const char *resource, int64_t total, int64_t there, int64_t unused)
{
	const struct field *f = field_find(&capacity_schema, resource, NULL);
	struct capacity_figure *figure = field_object(f, capacity);

	record_mark(&capacity_schema, capacity, resource, true);
	*figure = (struct capacity_figure){ .total = total, .there = there, .free = unused };
	record_mark(f->object, figure, "total", total >= 0);
	record_mark(f->object, figure, "there", there >= 0);
	record_mark(f->object, figure, "free", unused >= 0);
}

int
capacity_run(struct job *job, struct err *e)
{
	const struct settings *s = &job->spec.settings;
	struct capacity capacity = { 0 };
	struct cgroup_capacity groups;
	int64_t disk, disk_free;
	struct json_object *json;

	if (cgroup_host_capacity(s, &groups, e) < 0 || volume_host_room(s, &disk, &disk_free, e) < 0)
		return -1;
	capacity_put(&capacity, "containers", s->id_count, s->id_count, -1);
	capacity_put(&capacity, "cpus", groups.cpu_total_milli, groups.cpu_milli, -1);
	capacity_put(&capacity, "memory", groups.memory_total_bytes, groups.memory_bytes, capacity_memory_free());
	capacity_put(&capacity, "disk", disk, disk, disk_free);
	capacity_put(&capacity, "pids", groups.pids_total, groups.pids, -1);
	json = record_to_json(&capacity_schema, &capacity, false);
	job->result = json ? strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN)) : NULL;
	json_object_put(json);
	record_clear(&capacity_schema, &capacity);
	return job->result ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}
