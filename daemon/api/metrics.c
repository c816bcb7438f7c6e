/*
 * Figures for Prometheus. What is told of a container is gathered in one pass over their rows, with the newest readings that the
 * meter has in memory; then each row of the table below is written for all of them, for a family's samples stand together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/meter.h"
#include "daemon/api/metrics.h"
#include "daemon/api/reply.h"
#include "daemon/util/clock.h"

/* Of a container: what was read of it, then the rest. */
enum {
	VALUE_DISK = SAMPLE_VALUES,
	VALUE_READ_AT, /* ms since the epoch */
	VALUE_CPU_LIMIT,
	VALUE_MEMORY_LIMIT,
	VALUE_SWAP_LIMIT,
	VALUE_PIDS_LIMIT,
	VALUE_DISK_LIMIT,
	VALUE_TRAFFIC_LIMIT,
	VALUE_STARTED_AT,
	VALUES
};
enum { VALUE_UNKNOWN = -1, METRICS_LATE = 3 };

struct metrics_subject {
	char *labels;
	char *info; /* further ones, of the one figure that tells of it in words */
	char state[32];
	int64_t v[VALUES];
};

struct metrics {
	struct api *api;
	const struct who *who;
	enum metrics_format format;
	int64_t now_ms;
	struct metrics_subject *subjects;
	size_t n, room;
	int64_t states[STATE_COUNT];
	struct buf *out;
	struct err *e;
};

struct metric {
	const char *name;
	enum metric_type type;
	const char *help; /* NULL: it is of the row's family before it */
	int (*put)(struct metrics *m, const struct metric *row);
	const char *labels;
	int value;
	int64_t divisor;
	bool host; /* for a host's roles alone */
};

static int metrics_put_values(struct metrics *m, const struct metric *row),
        metrics_put_traffic(struct metrics *m, const struct metric *row),
        metrics_put_info(struct metrics *m, const struct metric *row),
        metrics_put_state(struct metrics *m, const struct metric *row),
        metrics_put_states(struct metrics *m, const struct metric *row),
        metrics_put_operations(struct metrics *m, const struct metric *row),
        metrics_put_build(struct metrics *m, const struct metric *row),
        metrics_put_started(struct metrics *m, const struct metric *row),
        metrics_put_cpu(struct metrics *m, const struct metric *row), metrics_put_pass(struct metrics *m, const struct metric *row),
        metrics_put_database(struct metrics *m, const struct metric *row);

#define HOST(NAME, TYPE, PUT, HELP)                                                                                                \
	{                                                                                                                          \
		NAME, TYPE, HELP, PUT, NULL, 0, 1, true                                                                            \
	}
#define OWN(NAME, PUT, HELP)                                                                                                       \
	{                                                                                                                          \
		NAME, METRIC_GAUGE, HELP, PUT, NULL, 0, 1, false                                                                   \
	}
#define OF(NAME, TYPE, VALUE, DIVISOR, LABELS, HELP)                                                                               \
	{                                                                                                                          \
		"container_" NAME, TYPE, HELP, metrics_put_values, LABELS, VALUE, DIVISOR, false                                   \
	}
#define TRAFFIC(NAME, OFFSET, HELP)                                                                                                \
	{                                                                                                                          \
		"container_traffic_" NAME, METRIC_COUNTER, HELP, metrics_put_traffic, NULL, OFFSET, 1, false                       \
	}
#define GAUGE METRIC_GAUGE
#define COUNTER METRIC_COUNTER
#define US 1000000

static const struct metric metrics_rows[] = {
	HOST("build_info", GAUGE, metrics_put_build, "The daemon's version and the instance's name, as labels."),
	HOST("api_start_time_seconds", GAUGE, metrics_put_started, "When the daemon's API began, in seconds since the epoch."),
	HOST("api_cpu_seconds", COUNTER, metrics_put_cpu, "CPU time of the daemon's API since then."),
	HOST("api_database_bytes", GAUGE, metrics_put_database, "Size of the daemon's database."),
	HOST("sampler_pass_timestamp_seconds", GAUGE, metrics_put_pass,
	     "When the last whole reading of all containers began; it is a sample_interval old at most while all is well."),
	OWN("containers", metrics_put_states, "Containers by state."),
	OWN("operations", metrics_put_operations,
	    "Operations that wait, run, or ended within the last seven days, by kind and state."),
	OWN("container_info", metrics_put_info, "What a container was made from, as labels."),
	OWN("container_state", metrics_put_state, "The state that a container is in, as a label."),
	OF("start_time_seconds", GAUGE, VALUE_STARTED_AT, 1, NULL, "When it was started, of those that run."),
	OF("sample_timestamp_seconds", GAUGE, VALUE_READ_AT, 1000, NULL, "When what follows was read."),
	OF("cpu_seconds", COUNTER, SAMPLE_CPU_US, US, NULL, "CPU time since it was started."),
	OF("cpu_limit", GAUGE, VALUE_CPU_LIMIT, 1000, NULL, "CPU limit as a number of CPUs."),
	OF("memory_bytes", GAUGE, SAMPLE_MEMORY, 1, NULL, "Memory in use."),
	OF("memory_peak_bytes", GAUGE, SAMPLE_MEMORY_PEAK, 1, NULL, "The most memory since it was started."),
	OF("memory_limit_bytes", GAUGE, VALUE_MEMORY_LIMIT, 1, NULL, "Memory limit."),
	OF("swap_limit_bytes", GAUGE, VALUE_SWAP_LIMIT, 1, NULL, "Swap limit, beside the memory."),
	OF("processes", GAUGE, SAMPLE_PIDS, 1, NULL, "Processes and threads."),
	OF("processes_limit", GAUGE, VALUE_PIDS_LIMIT, 1, NULL, "Limit of processes and threads."),
	OF("disk_bytes", GAUGE, VALUE_DISK, 1, NULL, "Disk space in use."),
	OF("disk_limit_bytes", GAUGE, VALUE_DISK_LIMIT, 1, NULL, "Disk space limit."),
	OF("io_bytes", COUNTER, SAMPLE_IO_READ, 1, "direction=\"read\"",
	   "Bytes read from disk and written to it since it was started."),
	OF("io_bytes", COUNTER, SAMPLE_IO_WRITE, 1, "direction=\"write\"", NULL),
	OF("io_requests", COUNTER, SAMPLE_IO_READS, 1, "direction=\"read\"", "Requests to disk since it was started."),
	OF("io_requests", COUNTER, SAMPLE_IO_WRITES, 1, "direction=\"write\"", NULL),
	OF("pressure_waiting_seconds", COUNTER, SAMPLE_STALL_CPU_US, US, "resource=\"cpu\"",
	   "Time in which something inside waited for a resource, where the kernel tells it."),
	OF("pressure_waiting_seconds", COUNTER, SAMPLE_STALL_MEMORY_US, US, "resource=\"memory\"", NULL),
	OF("pressure_waiting_seconds", COUNTER, SAMPLE_STALL_IO_US, US, "resource=\"io\"", NULL),
	TRAFFIC("bytes", 0, "Bytes received and sent; those with the host's free networks are of class free."),
	TRAFFIC("packets", 1, "Packets received and sent."),
	OF("traffic_limit_bytes", GAUGE, VALUE_TRAFFIC_LIMIT, 1, NULL, "Paid traffic that a month may have, both ways."),
};

static void
metrics_clear(struct metrics *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->subjects[i].labels);
		free(m->subjects[i].info);
	}
	free(m->subjects);
}

#define AUTO_METRICS __attribute__((cleanup(metrics_clear)))

/* What is old is told of no more: who looks sees a gap, not a line that goes on. */
static void
metrics_fill_sample(const struct metrics *m, struct metrics_subject *subject, int64_t ctid)
{
	const struct api *api = m->api;
	const struct meter_now *now = api->meter ? meter_find(api->meter, ctid) : NULL;

	for (size_t i = 0; i < VALUES; i++)
		subject->v[i] = VALUE_UNKNOWN;
	if (!now || m->now_ms - now->time_ms > METRICS_LATE * 1000 * api->settings.sample_interval)
		return;
	memcpy(subject->v, now->entry->newest.v, sizeof now->entry->newest.v);
	subject->v[VALUE_DISK] = now->entry->disk;
	subject->v[VALUE_READ_AT] = now->time_ms;
}

static void
metrics_fill_limits(struct metrics_subject *subject, const struct container_view *view)
{
	const struct container_config *config = &view->config;
	int64_t *v = subject->v;

	v[VALUE_CPU_LIMIT] = config->cpus;
	v[VALUE_MEMORY_LIMIT] = config->memory;
	v[VALUE_SWAP_LIMIT] = config->swap;
	v[VALUE_PIDS_LIMIT] = config->pids;
	v[VALUE_DISK_LIMIT] = config->disk;
	if (record_has(&container_config_schema, config, "traffic"))
		v[VALUE_TRAFFIC_LIMIT] = config->traffic;
	if (view->pid > 0)
		v[VALUE_STARTED_AT] = view->started_at;
}

static bool
metrics_fill_labels(struct metrics_subject *subject, const struct container_view *view)
{
	struct buf labels = { 0 }, info = { 0 };

	metrics_put_label(&labels, "tenant", view->config.tenant);
	metrics_put_label(&labels, "name", view->config.name);
	metrics_put_label(&labels, "id", view->config.id);
	metrics_put_label(&info, "template", view->config.template ? view->config.template : "");
	metrics_put_label(&info, "plan", view->config.plan ? view->config.plan : "");
	snprintf(subject->state, sizeof subject->state, "state=\"%s\"", view->state);
	subject->labels = labels.data;
	subject->info = info.data;
	return !labels.failed && !info.failed;
}

static int
metrics_add(void *arg, const void *record)
{
	const struct container_view *view = record;
	struct metrics *m = arg;
	enum container_state state;
	struct metrics_subject *more;
	size_t room = m->room > 0 ? 2 * m->room : 64;

	if (m->n == m->room) {
		more = reallocarray(m->subjects, room, sizeof *more);
		if (!more)
			return err_set(m->e, ERR_INTERNAL, "out of memory");
		m->subjects = more;
		m->room = room;
	}
	metrics_fill_sample(m, &m->subjects[m->n], view->ctid);
	metrics_fill_limits(&m->subjects[m->n], view);
	if (container_state_of_name(view->state, &state) == 1)
		m->states[state]++;
	if (!metrics_fill_labels(&m->subjects[m->n++], view))
		return err_set(m->e, ERR_INTERNAL, "out of memory");
	return 0;
}

static void
metrics_put_value_of_all(struct metrics *m, const struct metric *row, int value, const char *labels)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->subjects[i].v[value] >= 0)
			metrics_put_sample(m->out, row->name, row->type, m->subjects[i].labels, labels, m->subjects[i].v[value],
			                   row->divisor);
}

static int
metrics_put_values(struct metrics *m, const struct metric *row)
{
	metrics_put_value_of_all(m, row, row->value, row->labels);
	return 0;
}

static int
metrics_put_traffic(struct metrics *m, const struct metric *row)
{
	static const char *const directions[] = { [TRAFFIC_OUT] = "out", [TRAFFIC_IN] = "in" };
	static const char *const families[] = { [TRAFFIC_IPV4] = "ipv4", [TRAFFIC_IPV6] = "ipv6" };
	static const char *const classes[] = { [TRAFFIC_PAID] = "paid", [TRAFFIC_FREE] = "free" };
	char labels[80];

	for (int d = 0; d < TRAFFIC_DIRECTIONS; d++)
		for (int f = 0; f < TRAFFIC_FAMILIES; f++)
			for (int c = 0; c < TRAFFIC_CLASSES; c++) {
				size_t i = traffic_index((enum traffic_direction)d, (enum traffic_family)f, (enum traffic_class)c);

				snprintf(labels, sizeof labels, "direction=\"%s\",family=\"%s\",class=\"%s\"", directions[d],
				         families[f], classes[c]);
				metrics_put_value_of_all(m, row, SAMPLE_TRAFFIC + 2 * (int)i + row->value, labels);
			}
	return 0;
}

static int
metrics_put_info(struct metrics *m, const struct metric *row)
{
	for (size_t i = 0; i < m->n; i++)
		metrics_put_sample(m->out, row->name, row->type, m->subjects[i].labels, m->subjects[i].info, 1, 1);
	return 0;
}

static int
metrics_put_state(struct metrics *m, const struct metric *row)
{
	for (size_t i = 0; i < m->n; i++)
		metrics_put_sample(m->out, row->name, row->type, m->subjects[i].labels, m->subjects[i].state, 1, 1);
	return 0;
}

static int
metrics_put_states(struct metrics *m, const struct metric *row)
{
	char labels[40];

	for (int i = 0; i < STATE_COUNT; i++) {
		snprintf(labels, sizeof labels, "state=\"%s\"", container_state_name((enum container_state)i));
		metrics_put_sample(m->out, row->name, row->type, labels, NULL, m->states[i], 1);
	}
	return 0;
}

static int
metrics_put_operation(void *arg, const void *record)
{
	const struct operation_count *count = record;
	AUTO_BUF struct buf labels = { 0 };
	struct metrics *m = arg;

	metrics_put_label(&labels, "kind", count->kind);
	metrics_put_label(&labels, "state", count->state);
	metrics_put_sample(m->out, "operations", METRIC_GAUGE, labels.data, NULL, count->count, 1);
	return labels.failed ? err_set(m->e, ERR_INTERNAL, "out of memory") : 0;
}

static const char *
metrics_tenant(const struct metrics *m)
{
	return m->who->tenant[0] ? m->who->tenant : NULL;
}

static int
metrics_put_operations(struct metrics *m, const struct metric *row)
{
	return store_operation_states(m->api->model.store, metrics_tenant(m), metrics_put_operation, m, m->e);
}

static int
metrics_put_build(struct metrics *m, const struct metric *row)
{
	AUTO_BUF struct buf labels = { 0 };

	metrics_put_label(&labels, "version", PACKAGE_VERSION);
	metrics_put_label(&labels, "instance_name", m->api->settings.instance);
	metrics_put_sample(m->out, row->name, row->type, labels.data, NULL, 1, 1);
	return 0;
}

static int
metrics_put_started(struct metrics *m, const struct metric *row)
{
	metrics_put_sample(m->out, row->name, row->type, NULL, NULL, m->api->started_at, 1);
	return 0;
}

static int
metrics_put_cpu(struct metrics *m, const struct metric *row)
{
	metrics_put_sample(m->out, row->name, row->type, NULL, NULL, clock_us(CLOCK_PROCESS_CPUTIME_ID), US);
	return 0;
}

static int
metrics_put_pass(struct metrics *m, const struct metric *row)
{
	const struct meter *meter = m->api->meter;
	int64_t pass_ms = meter ? meter_last_pass(meter) : 0;

	if (pass_ms > 0)
		metrics_put_sample(m->out, row->name, row->type, NULL, NULL, pass_ms, 1000);
	return 0;
}

static int
metrics_put_database(struct metrics *m, const struct metric *row)
{
	int64_t bytes;
	int rc = store_bytes(m->api->model.store, &bytes, m->e);

	if (rc == 1)
		metrics_put_sample(m->out, row->name, row->type, NULL, NULL, bytes, 1);
	return rc < 0 ? -1 : 0;
}

static int
metrics_put_all(struct metrics *m)
{
	bool host = !role_is_tenants(m->who->role);

	for (size_t i = 0; i < sizeof metrics_rows / sizeof *metrics_rows; i++) {
		const struct metric *row = &metrics_rows[i];

		if (row->host && !host)
			continue;
		if (row->help)
			metrics_put_head(m->out, m->format, row->name, row->type, row->help);
		if (row->put(m, row) < 0)
			return -1;
	}
	metrics_put_end(m->out, m->format);
	return m->out->failed ? err_set(m->e, ERR_INTERNAL, "out of memory") : 0;
}

int
metrics_write(struct api *api, const struct who *who, enum metrics_format format, struct buf *out, struct err *e)
{
	AUTO_METRICS struct metrics m = {
		.api = api, .who = who, .format = format, .now_ms = clock_ms(CLOCK_REALTIME), .out = out, .e = e
	};
	const struct container_filter filter = { .tenant = metrics_tenant(&m), .limit = INT64_MAX };

	if (store_container_list(api->model.store, &filter, metrics_add, &m, e) < 0)
		return -1;
	return metrics_put_all(&m);
}

struct answered
metrics_handle_show(struct call *c)
{
	enum metrics_format format = metrics_format_of(c->request->accept);
	AUTO_BUF struct buf out = { 0 };

	if (metrics_write(c->api, &c->who, format, &out, &c->err) < 0)
		return reply_error(c);
	return reply_bytes(c, metrics_media_type(format), "Vary: Accept\r\n", out.data, out.len);
}
