#include "daemon/api/allowance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/late.h"
#include "daemon/api/queue.h"
#include "daemon/model/allowance.h"
#include "daemon/model/container.h"
#include "daemon/util/fault.h"
#include "daemon/util/log.h"

/* The list is read whole before anything is done: a transaction inside it would change what is read. */
struct allowance_list {
	struct allowance_row *v;
	size_t n;
	int64_t month;
};

static int
allowance_keep(void *arg, const void *record)
{
	struct allowance_list *list = arg;
	const struct allowance_row *row = record;
	struct allowance_verdict v = allowance_judge(row, list->month);
	struct allowance_row *grown;

	if (!v.changed && !v.unsuspend && v.throttled == row->throttled)
		return 0;
	grown = reallocarray(list->v, list->n + 1, sizeof *grown);
	if (!grown)
		return -1;
	list->v = grown;
	list->v[list->n++] = *row;
	return 0;
}

/* What is done to a container, as an operator would ask for it: the same operation, events and record of who did it. */
enum allowance_deed { ALLOWANCE_SUSPEND, ALLOWANCE_UNSUSPEND, ALLOWANCE_THROTTLE, ALLOWANCE_UNTHROTTLE };

static int
allowance_record_deed(struct api *api, enum allowance_deed deed, struct container_view *view, struct strv *changed,
                      struct operation *operation, struct err *e)
{
	switch (deed) {
	case ALLOWANCE_SUSPEND:
		return container_suspend(&api->model, &who_allowance, CONTAINER_SUSPEND, view,
		                         "its traffic of this month is used up", false, changed, operation, e);
	case ALLOWANCE_UNSUSPEND:
		return container_suspend(&api->model, &who_allowance, CONTAINER_UNSUSPEND, view, NULL, false, changed, operation,
		                         e);
	case ALLOWANCE_THROTTLE:
	case ALLOWANCE_UNTHROTTLE:
		break;
	}
	return container_throttle(&api->model, &who_allowance, view, deed == ALLOWANCE_THROTTLE, changed, operation, e);
}

static int
allowance_do(struct api *api, const char *id, enum allowance_deed deed, struct err *e)
{
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	struct request request = { 0 };
	int rc = store_container_get(api->model.store, id, &view, e);

	if (rc == 1 && allowance_record_deed(api, deed, &view, &request.changed, &operation, e) < 0)
		rc = -1;
	if (rc == 1) {
		record_mark(&request_schema, &request, "changed", true);
		record_mark(&request_schema, &request, "config", true);
		if (!row_put_text(&request_schema, &request, "op", operation.id) ||
		    !row_put_text(&request_schema, &request, "id", id) ||
		    !record_copy(&container_config_schema, &request.config, &view.config))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
		else
			rc = queue_add(api->queue, deed == ALLOWANCE_SUSPEND ? REQUEST_SUSPEND : REQUEST_SET, &request, e);
		if (rc < 0)
			late_fail(api->late, operation.id, e);
	}
	record_clear(&container_view_schema, &view);
	record_clear(&operation_schema, &operation);
	record_clear(&request_schema, &request);
	return rc < 0 ? -1 : 0;
}

/* What is done comes before what is recorded: whoever dies between the two does it again, and finds it done. */
static int
allowance_act(struct api *api, const struct allowance_row *row, int64_t month, struct err *e)
{
	struct allowance_verdict v = allowance_judge(row, month);

	if (v.suspend && allowance_do(api, row->container, ALLOWANCE_SUSPEND, e) < 0)
		return -1;
	if (v.unsuspend && allowance_do(api, row->container, ALLOWANCE_UNSUSPEND, e) < 0)
		return -1;
	if (v.throttled != row->throttled &&
	    allowance_do(api, row->container, v.throttled ? ALLOWANCE_THROTTLE : ALLOWANCE_UNTHROTTLE, e) < 0)
		return -1;
	FAULT("api.allowance-acted");
	return v.changed ? allowance_record(&api->model, row, &v, month, e) : 0;
}

int
allowance_check(struct api *api, struct err *e)
{
	struct allowance_list list = { .month = usage_start(USAGE_MONTH, model_now()) };
	int rc = store_allowance_list(api->model.store, list.month, allowance_keep, &list, e);

	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		struct err one = { 0 };

		/* One that is busy with something else has its turn the next time. */
		if (allowance_act(api, &list.v[i], list.month, &one) < 0 && one.kind != ERR_LOCKED)
			log_err(&one, "the traffic of container %s", list.v[i].container);
	}
	free(list.v);
	return rc;
}
