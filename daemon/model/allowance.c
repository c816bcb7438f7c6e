#include "daemon/model/allowance.h"

#include <stdio.h>
#include <string.h>

#include "daemon/model/journal.h"

enum { ALLOWANCE_WARNED = 80, ALLOWANCE_FULL = 100 };

const struct who who_allowance = { .role = ROLE_ADMIN, .actor = "daemon:traffic" };

/* 80 is of hundred parts four of five, without a product that might not fit. */
static int64_t
allowance_share(int64_t used, int64_t bytes)
{
	if (bytes < 0)
		return 0;
	if (used >= bytes)
		return ALLOWANCE_FULL;
	return used >= bytes - bytes / 5 ? ALLOWANCE_WARNED : 0;
}

static const char *
allowance_action(const struct allowance_row *row, int64_t share)
{
	const char *action = share == ALLOWANCE_FULL ? row->at_100 : row->at_80;

	return action[0] ? action : "event";
}

static bool
allowance_calls_for(const struct allowance_row *row, const char *action, int64_t after, int64_t share)
{
	static const int64_t shares[] = { ALLOWANCE_WARNED, ALLOWANCE_FULL };

	for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
		if (shares[i] > after && shares[i] <= share && strcmp(allowance_action(row, shares[i]), action) == 0)
			return true;
	return false;
}

struct allowance_verdict
allowance_judge(const struct allowance_row *row, int64_t month)
{
	struct allowance_verdict v = { .share = allowance_share(row->used, row->bytes) };
	int64_t before = row->month == month ? row->share : 0;
	bool ours = strcmp(row->suspended_by, who_allowance.actor) == 0;

	v.lowered = row->share > 0 && (row->month != month || v.share < before);
	v.crossed = v.share > before ? v.share : 0;
	v.changed = row->month != month || v.share != row->share;
	/* Once, when it is reached: an operator who lifts it has the last word until the next month. */
	v.suspend = !row->suspended_by[0] && allowance_calls_for(row, "suspend", before, v.share);
	v.unsuspend = ours && !allowance_calls_for(row, "suspend", 0, v.share);
	v.throttled = allowance_calls_for(row, "throttle", 0, v.share);
	return v;
}

static int
allowance_add_event(struct model *m, const struct allowance_row *row, const struct container_view *view, enum event_type type,
                    const char *action, struct err *e)
{
	char data[160];

	snprintf(data, sizeof data, "{\"used\":%lld,\"traffic\":%lld,\"action\":\"%s\"}", (long long)row->used,
	         (long long)(row->bytes < 0 ? 0 : row->bytes), action);
	return journal_add(m, type, view, NULL, data, e);
}

static int
allowance_add_events(struct model *m, const struct allowance_row *row, const struct allowance_verdict *v,
                     const struct container_view *view, int64_t before, struct err *e)
{
	if (v->lowered && allowance_add_event(m, row, view, EVENT_CONTAINER_TRAFFIC_RESET, "event", e) < 0)
		return -1;
	if (v->crossed >= ALLOWANCE_WARNED && before < ALLOWANCE_WARNED &&
	    allowance_add_event(m, row, view, EVENT_CONTAINER_TRAFFIC_80, allowance_action(row, ALLOWANCE_WARNED), e) < 0)
		return -1;
	if (v->crossed >= ALLOWANCE_FULL)
		return allowance_add_event(m, row, view, EVENT_CONTAINER_TRAFFIC_100, allowance_action(row, ALLOWANCE_FULL), e);
	return 0;
}

int
allowance_record(struct model *m, const struct allowance_row *row, const struct allowance_verdict *verdict, int64_t month,
                 struct err *e)
{
	struct container_view view = { 0 };
	AUTO_TXN struct txn txn = { 0 };
	int rc;

	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	rc = store_container_get(m->store, row->container, &view, e);
	if (rc == 1 && (allowance_add_events(m, row, verdict, &view, row->month == month ? row->share : 0, e) < 0 ||
	                store_allowance_put(m->store, row->container, month, verdict->share, e) < 0))
		rc = -1;
	record_clear(&container_view_schema, &view);
	return rc < 0 ? -1 : model_commit(m, &txn, e);
}
