#include "daemon/model/container_observe.h"

#include <json-c/json.h>
#include <string.h>

#include "daemon/model/container_state.h"
#include "daemon/model/journal.h"
#include "daemon/model/operation.h"
#include "daemon/util/log.h"

static bool
container_is_alive(enum container_state state)
{
	return state == STATE_RUNNING || state == STATE_FROZEN;
}

/* What an operation brings about; what else is seen while it is under way comes from inside. */
static const struct {
	enum event_type type;
	enum op_id op;
} container_causes[] = {
	{ EVENT_CONTAINER_STARTED, CONTAINER_START },   { EVENT_CONTAINER_STARTED, CONTAINER_RESTART },
	{ EVENT_CONTAINER_STOPPED, CONTAINER_STOP },    { EVENT_CONTAINER_STOPPED, CONTAINER_RESTART },
	{ EVENT_CONTAINER_STOPPED, CONTAINER_SUSPEND }, { EVENT_CONTAINER_STOPPED, CONTAINER_DELETE },
	{ EVENT_CONTAINER_FROZEN, CONTAINER_FREEZE },   { EVENT_CONTAINER_FROZEN, CONTAINER_SUSPEND },
	{ EVENT_CONTAINER_THAWED, CONTAINER_THAW },     { EVENT_CONTAINER_THAWED, CONTAINER_UNSUSPEND },
};

static bool
container_is_cause(enum event_type type, const struct operation *operation)
{
	enum op_id op = operation_op(operation);

	/* One that waits for its turn has done nothing yet. */
	if (strcmp(operation->state, operation_state_name(OPERATION_RUNNING)) != 0)
		return false;
	for (size_t i = 0; i < sizeof container_causes / sizeof *container_causes; i++)
		if (container_causes[i].type == type && container_causes[i].op == op)
			return true;
	return false;
}

static int
container_add_event(struct model *m, enum event_type type, const struct container_view *container, const char *data, struct err *e)
{
	struct operation open = { 0 };
	int rc = store_operation_open(m->store, container->config.id, &open, e);

	if (rc >= 0)
		rc = journal_add(m, type, container, rc == 1 && container_is_cause(type, &open) ? open.id : NULL, data, e);
	record_clear(&operation_schema, &open);
	return rc;
}

static int
container_add_transition(struct model *m, const struct container_view *before, const struct observed *seen, struct err *e)
{
	enum container_state from = container_state(before), to = from;
	int64_t restarts = record_has(&observed_schema, seen, "restarts") ? seen->restarts : before->restarts;
	struct json_object *data;
	enum event_type type;
	const char *text;
	int rc;

	if (seen->state)
		container_state_of_name(seen->state, &to);
	type = container_transition(from, to, before->restarts, restarts);
	if (!type)
		return 0;
	if (seen->note && to == STATE_STARTING)
		type = EVENT_CONTAINER_BACKOFF;
	data = json_object_new_object();
	if (!data)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (seen->exit && to != STATE_RUNNING && to != STATE_FROZEN)
		json_object_object_add(data, "exit", json_object_new_string(seen->exit));
	if (seen->note)
		json_object_object_add(data, "note", json_object_new_string(seen->note));
	if (restarts > before->restarts)
		json_object_object_add(data, "restarts", json_object_new_int64(restarts));
	text = json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN);
	rc = container_add_event(m, type, before, json_object_object_length(data) > 0 ? text : NULL, e);
	json_object_put(data);
	return rc;
}

/* One that powers itself off, unasked, is to stay down over the host's next boot. */
static int
container_note_poweroff(struct model *m, const struct container_view *before, const struct observed *seen, struct err *e)
{
	struct operation open = { 0 };
	int rc;

	if (!seen->state || strcmp(seen->state, container_state_name(STATE_STOPPED)) != 0 || !seen->exit ||
	    strcmp(seen->exit, "poweroff") != 0 || !container_is_alive(container_state(before)))
		return 0;
	rc = store_operation_open(m->store, before->config.id, &open, e);
	record_clear(&operation_schema, &open);
	return rc == 0 ? store_container_write_desired(m->store, before->config.id, "stopped", e) : rc < 0 ? -1 : 0;
}

/*
 * Until their operations end they are being made or removed, whatever is seen meanwhile. A suspended one at rest or frozen is just
 * that; the engine knows of no suspension.
 */
static void
container_hold_state(const struct container_view *before, struct observed *seen)
{
	enum container_state state, known = container_state(before);

	if (known == STATE_CREATING || known == STATE_DELETING)
		row_put_text(&observed_schema, seen, "state", NULL);
	else if (before->config.suspended && seen->state && container_state_of_name(seen->state, &state) &&
	         (container_state_rests(state) || state == STATE_FROZEN))
		row_put_text(&observed_schema, seen, "state", container_state_name(STATE_SUSPENDED));
}

static int
container_record_observed(struct model *m, struct observed *seen, struct container_view *before, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int rc;

	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	rc = store_container_get(m->store, seen->id, before, e);
	if (rc < 0)
		return -1;
	if (rc == 0) {
		log_warning("the engine has a container %s that the database doesn't know", seen->id);
		return 0;
	}
	container_hold_state(before, seen);
	if (container_add_transition(m, before, seen, e) < 0 || container_note_poweroff(m, before, seen, e) < 0 ||
	    store_container_write_observed(m->store, seen, e) < 0 || txn_commit(&txn, e) < 0)
		return -1;
	model_changed(m);
	return 0;
}

int
container_observe(struct model *m, const struct observed *observed, struct err *e)
{
	struct container_view before = { 0 };
	struct observed seen = { 0 };
	int rc;

	if (!record_copy(&observed_schema, &seen, observed))
		rc = err_set(e, ERR_INTERNAL, "out of memory");
	else
		rc = container_record_observed(m, &seen, &before, e);
	record_clear(&container_view_schema, &before);
	record_clear(&observed_schema, &seen);
	return rc;
}
