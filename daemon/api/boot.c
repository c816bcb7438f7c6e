#include "daemon/api/boot.h"

#include <event2/event.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/late.h"
#include "daemon/api/meter.h"
#include "daemon/api/queue.h"
#include "daemon/api/reply.h"
#include "daemon/model/boot.h"
#include "daemon/model/container.h"
#include "daemon/model/operation.h"
#include "daemon/util/fault.h"
#include "daemon/util/log.h"

/* Stops wait more than they work. */
enum { BOOT_STOPS = 16 };

struct boot {
	struct api *api;
	struct event *timer;     /* the next one's delay */
	bool down;               /* the host goes down: nothing starts */
	char waiting[UUID_SIZE]; /* a pass down that begins when the one up has ended; "" when there is none */

	/* The pass; operation is "" when there is none. */
	char operation[UUID_SIZE];
	bool up;
	bool cancelled;
	struct boot_plan plan;
	size_t next;
	size_t under_way;
	size_t failed;
	char (*ids)[UUID_SIZE]; /* of the containers' operations, by place in the plan; "" once ended */
	int64_t until_ms;       /* of a pass down */
};

static void boot_go_on(struct boot *boot);
static void boot_begin_waiting(struct boot *boot);

static void
boot_on_timer(evutil_socket_t fd, short what, void *arg)
{
	boot_go_on(arg);
}

struct boot *
boot_new(struct api *api)
{
	struct boot *boot = calloc(1, sizeof *boot);

	if (!boot)
		return NULL;
	boot->api = api;
	boot->timer = evtimer_new(api->base, boot_on_timer, boot);
	if (boot->timer)
		return boot;
	free(boot);
	return NULL;
}

static void
boot_clear_pass(struct boot *boot)
{
	free(boot->plan.v);
	free(boot->ids);
	boot->plan = (struct boot_plan){ 0 };
	boot->ids = NULL;
	boot->operation[0] = '\0';
}

void
boot_free(struct boot *boot)
{
	if (!boot)
		return;
	event_free(boot->timer);
	boot_clear_pass(boot);
	free(boot);
}

static int
boot_fill_request(const struct boot *boot, const struct container_view *view, const struct operation *operation,
                  struct request *request)
{
	int64_t left = (boot->until_ms - http_now_ms()) / 1000, timeout = boot->api->settings.stop_timeout;

	if (!row_put_text(&request_schema, request, "op", operation->id) ||
	    !row_put_text(&request_schema, request, "id", view->config.id))
		return -1;
	if (boot->up) {
		record_mark(&request_schema, request, "config", true);
		return record_copy(&container_config_schema, &request->config, &view->config) ? 0 : -1;
	}
	row_put_int(&request_schema, request, "timeout", left < timeout ? (left > 0 ? left : 0) : timeout);
	row_put_int(&request_schema, request, "kill", left <= 0);
	return 0;
}

/* 1 asked for, 0 there is nothing to do any more, -1 error. */
static int
boot_begin_one(struct boot *boot, const struct boot_item *item, char id_out[UUID_SIZE], struct err *e)
{
	enum op_id op = boot->up ? CONTAINER_START : CONTAINER_STOP;
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	struct request request = { 0 };
	int rc = store_container_get(boot->api->model.store, item->id, &view, e);

	if (rc == 1 && container_begin_host(&boot->api->model, &who_daemon, op, &view, &operation, e) < 0)
		rc = e->kind == ERR_CONFLICT ? 0 : -1;
	if (rc == 1) {
		memcpy(id_out, operation.id, UUID_SIZE);
		if (boot_fill_request(boot, &view, &operation, &request) < 0)
			rc = err_set(e, ERR_INTERNAL, "out of memory");
		else if (operation_started(&boot->api->model, operation.id, e) < 0 ||
		         link_send(boot->api->link, boot->up ? REQUEST_START : REQUEST_STOP, &request, -1, e) < 0)
			rc = -1;
		if (rc < 0)
			late_fail(boot->api->late, operation.id, e);
	}
	record_clear(&container_view_schema, &view);
	record_clear(&operation_schema, &operation);
	record_clear(&request_schema, &request);
	return rc;
}

static void
boot_say(const struct boot *boot)
{
	char op[UUID_SIZE], step[] = "containers", text[80];
	struct progress progress = { .op = op, .step = step, .text = text };
	size_t done = boot->next - boot->under_way;

	memcpy(op, boot->operation, sizeof op);
	snprintf(text, sizeof text, "%zu of %zu %s, %zu failed", done - boot->failed, boot->plan.n,
	         boot->up ? "started" : "stopped", boot->failed);
	progress.percent = boot->plan.n > 0 ? (int64_t)(done * 100 / boot->plan.n) : 100;
	record_mark(&progress_schema, &progress, "percent", true);
	follow_progress(boot->api->follow, &progress);
}

/* Its operation succeeds also where a container's failed: each of those has said so itself. */
static void
boot_finish(struct boot *boot)
{
	struct json_object *json = json_object_new_object();
	struct done done = { .op = boot->operation };
	struct err e = { 0 };

	json_object_object_add(json, "containers", json_object_new_int64((int64_t)boot->plan.n));
	json_object_object_add(json, "failed", json_object_new_int64((int64_t)boot->failed));
	done.result = (char *)(uintptr_t)json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	record_mark(&done_schema, &done, "result", true);
	FAULT("api.pass-done");
	log_info("the host's containers: %zu %s, %zu failed", boot->next - boot->failed, boot->up ? "started" : "stopped",
	         boot->failed);
	if (boot->cancelled) {
		err_set(&e, ERR_CANCELLED, "Cancelled after %zu of %zu containers", boot->next, boot->plan.n);
		late_fail(boot->api->late, boot->operation, &e);
	} else {
		late_end(boot->api->late, &done);
	}
	err_clear(&e);
	if (boot->up && boot_note(&boot->api->model, &e) < 0)
		log_err(&e, "note the host's boot");
	follow_end_progress(boot->api->follow, boot->operation);
	json_object_put(json);
	boot_clear_pass(boot);
	boot_begin_waiting(boot);
}

/* A pass down ends one priority before it goes on to the next higher. */
static bool
boot_may_begin(const struct boot *boot)
{
	size_t most = boot->up ? (size_t)boot->api->settings.boot_parallel : BOOT_STOPS;

	if (boot->cancelled || boot->next == boot->plan.n || boot->under_way >= most || evtimer_pending(boot->timer, NULL))
		return false;
	return boot->up || boot->under_way == 0 || boot->plan.v[boot->next].priority == boot->plan.v[boot->next - 1].priority;
}

static void
boot_go_on(struct boot *boot)
{
	while (boot_may_begin(boot)) {
		const struct boot_item *item = &boot->plan.v[boot->next];
		const struct timeval delay = { item->delay_s, 0 };
		struct err e = { 0 };
		int rc = boot_begin_one(boot, item, boot->ids[boot->next], &e);

		if (rc < 0)
			log_err(&e, "the container %s", item->id);
		if (rc < 0)
			boot->failed++;
		if (rc == 1)
			boot->under_way++;
		else
			boot->ids[boot->next][0] = '\0';
		boot->next++;
		if (rc == 1 && boot->up && item->delay_s > 0)
			evtimer_add(boot->timer, &delay);
	}
	boot_say(boot);
	if (boot->under_way == 0 && (boot->cancelled || boot->next == boot->plan.n)) {
		evtimer_del(boot->timer);
		boot_finish(boot);
	}
}

void
boot_ended(struct boot *boot, const struct done *done)
{
	if (!boot->operation[0])
		return;
	for (size_t i = 0; i < boot->next; i++) {
		if (strcmp(boot->ids[i], done->op) != 0)
			continue;
		boot->ids[i][0] = '\0';
		boot->under_way--;
		boot->failed += done->kind != NULL;
		boot_go_on(boot);
		return;
	}
}

/* Nothing that waits may hold a container up, or start another, once the host goes down. */
static void
boot_refuse_queued(const struct boot *boot)
{
	struct err e = { 0 };

	if (boot_check_start(boot, &e) < 0)
		queue_empty(boot->api->queue, &e);
}

static int
boot_begin(struct boot *boot, bool up, const char *operation, struct err *e)
{
	struct boot_plan plan = { 0 };
	char(*ids)[UUID_SIZE];

	if (operation_started(&boot->api->model, operation, e) < 0 || boot_plan(&boot->api->model, up, &plan, e) < 0) {
		free(plan.v);
		return -1;
	}
	ids = calloc(plan.n + 1, sizeof *ids);
	if (!ids) {
		free(plan.v);
		return err_set(e, ERR_INTERNAL, "out of memory");
	}
	boot->plan = plan;
	boot->ids = ids;
	FAULT("api.pass-begun");
	snprintf(boot->operation, sizeof boot->operation, "%s", operation);
	boot->up = up;
	boot->down = !up;
	if (boot->down)
		meter_hurry(boot->api->meter);
	boot->cancelled = false;
	boot_refuse_queued(boot);
	boot->next = boot->under_way = boot->failed = 0;
	boot->until_ms = http_now_ms() + boot->api->settings.shutdown_timeout * 1000;
	boot_go_on(boot);
	return 0;
}

/* The pass down that waited for the end of one up. */
static void
boot_begin_waiting(struct boot *boot)
{
	char operation[UUID_SIZE];
	struct err e = { 0 };

	memcpy(operation, boot->waiting, sizeof operation);
	boot->waiting[0] = '\0';
	if (!operation[0] || boot_begin(boot, false, operation, &e) == 0)
		return;
	log_err(&e, "stop the containers");
	late_fail(boot->api->late, operation, &e);
}

int
boot_begin_due(struct boot *boot, struct err *e)
{
	struct operation operation = { 0 };
	int rc = boot_is_due(&boot->api->model, e);

	if (rc == 0)
		return boot_note(&boot->api->model, e);
	if (rc == 1)
		rc = operation_host(&boot->api->model, &who_daemon, HOST_BOOT, false, &operation, e) < 0
		             ? -1
		             : boot_begin(boot, true, operation.id, e);
	record_clear(&operation_schema, &operation);
	return rc;
}

bool
boot_cancel(struct boot *boot, const char *operation)
{
	if (strcmp(boot->operation, operation) != 0 || !*operation)
		return false;
	boot->cancelled = true;
	boot_go_on(boot);
	return true;
}

int
boot_check_start(const struct boot *boot, struct err *e)
{
	return boot->down
	               ? err_code(e, (err_set(e, ERR_UNAVAILABLE,
	                                      "The host is shutting down: nothing starts before 'berth host boot', or a restart"),
	                              "shutting_down"))
	               : 0;
}

/* Who asks for what is under way joins it; a pass down waits for the end of one up, which begins nothing more. */
static int
boot_take(struct boot *boot, bool up, const struct who *who, struct operation *operation, struct err *e)
{
	const char *same = boot->operation[0] && boot->up == up ? boot->operation : !up ? boot->waiting : "";

	if (*same)
		return operation_find(&boot->api->model, who, same, operation, e);
	if (boot->operation[0] && up)
		return err_set(e, ERR_LOCKED, "The operation %s stops the host's containers: wait for its end", boot->operation);
	if (operation_host(&boot->api->model, who, up ? HOST_BOOT : HOST_SHUTDOWN, false, operation, e) < 0)
		return -1;
	if (!boot->operation[0])
		return boot_begin(boot, up, operation->id, e);
	memcpy(boot->waiting, operation->id, sizeof boot->waiting);
	boot->down = true;
	boot_cancel(boot, boot->operation);
	return 0;
}

struct answered
boot_handle(struct call *c)
{
	struct operation operation = { 0 };
	struct answered answered;

	if (boot_take(c->api->boot, c->id == HOST_BOOT, &c->who, &operation, &c->err) < 0)
		answered = reply_error(c);
	else
		answered = reply_operation(c, &operation);
	record_clear(&operation_schema, &operation);
	return answered;
}
