/* The end of an operation: what each one's success or failure means for its container or template, and the event of it. */
#include "daemon/model/operation.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "daemon/model/address.h"
#include "daemon/model/allowance.h"
#include "daemon/model/audit.h"
#include "daemon/model/container_state.h"
#include "daemon/model/journal.h"
#include "daemon/model/nics.h"
#include "daemon/util/fault.h"
#include "schema/check.h"

#define OPERATION (&operation_schema)
#define VIEW (&container_view_schema)

/* One ending under way: what the steps below need. */
struct ending {
	struct model *m;
	struct operation *operation;
	struct container_view *container; /* its id is NULL when there is none */
	enum op_id op;
	bool gone;      /* a deletion that found nothing left */
	bool cut_short; /* it failed, and what it did wasn't undone */
};

static int
ending_event(struct ending *end, enum event_type type, struct err *e)
{
	const struct container_view *container = end->container->config.id ? end->container : NULL;

	return journal_add(end->m, type, container, end->operation->id, NULL, e);
}

static int
ending_template_event(struct ending *end, enum event_type type, struct err *e)
{
	struct json_object *data = json_object_new_object();
	int rc;

	if (!data)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (end->operation->template)
		json_object_object_add(data, "template", json_object_new_string(end->operation->template));
	rc = journal_add(end->m, type, NULL, end->operation->id, json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN), e);
	json_object_put(data);
	return rc;
}

/* Where the engine hasn't told of the change itself. */
static int
ending_settle(struct ending *end, unsigned int from, enum container_state to, struct err *e)
{
	enum container_state state = container_state(end->container);
	enum event_type type = container_transition(state, to, 0, 0);

	if (!end->container->config.id || !(from & (1u << state)))
		return 0;
	if (type && ending_event(end, type, e) < 0)
		return -1;
	return store_container_write_state(end->m->store, end->container->config.id, to, e);
}

#define S(state) (1u << STATE_##state)

static int
ending_created(struct ending *end, struct err *e)
{
	if (ending_event(end, EVENT_CONTAINER_CREATED, e) < 0)
		return -1;
	return ending_settle(end, S(CREATING), STATE_STOPPED, e);
}

static int
ending_started(struct ending *end, struct err *e)
{
	return ending_settle(end, S(STARTING) | S(STOPPING), STATE_RUNNING, e);
}

static int
ending_stopped(struct ending *end, struct err *e)
{
	return ending_settle(end, S(STOPPING), STATE_STOPPED, e);
}

static int
ending_frozen(struct ending *end, struct err *e)
{
	return ending_settle(end, S(RUNNING), STATE_FROZEN, e);
}

static int
ending_thawed(struct ending *end, struct err *e)
{
	return ending_settle(end, S(FROZEN), STATE_RUNNING, e);
}

static int
ending_changed(struct ending *end, struct err *e)
{
	if (!end->container->config.id)
		return 0;
	if (ending_event(end, EVENT_CONTAINER_CHANGED, e) < 0)
		return -1;
	if (address_release_others(end->m, end->container->config.id, &end->container->config.ip, e) < 0)
		return -1;
	return nics_settle(end->m, end->container->config.id, &end->container->config.nics, e);
}

static int
ending_suspended(struct ending *end, struct err *e)
{
	const struct container_config *config = &end->container->config;
	struct json_object *data = json_object_new_object();
	int rc;

	if (!config->id || !data) {
		json_object_put(data);
		return config->id ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
	}
	json_object_object_add(data, "reason", json_object_new_string(config->suspended ? config->suspended : ""));
	json_object_object_add(data, "frozen", json_object_new_boolean(end->container->pid > 0));
	rc = journal_add(end->m, EVENT_CONTAINER_SUSPENDED, end->container, end->operation->id,
	                 json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN), e);
	json_object_put(data);
	return rc < 0 ? -1 : store_container_write_state(end->m->store, config->id, STATE_SUSPENDED, e);
}

static int
ending_unsuspended(struct ending *end, struct err *e)
{
	if (!end->container->config.id)
		return 0;
	if (ending_event(end, EVENT_CONTAINER_UNSUSPENDED, e) < 0)
		return -1;
	if (container_state(end->container) != STATE_SUSPENDED)
		return 0;
	/* The engine tells that it goes on. */
	return store_container_write_state(end->m->store, end->container->config.id,
	                                   container_is_held(end->container) ? STATE_FROZEN : STATE_STOPPED, e);
}

/* Its addresses go with its row. */
static int
ending_deleted(struct ending *end, struct err *e)
{
	if (!end->container->config.id)
		return 0;
	if (ending_event(end, EVENT_CONTAINER_DELETED, e) < 0)
		return -1;
	return store_container_delete(end->m->store, end->container->config.id, e) < 0 ? -1
	                                                                               : store_template_prune(end->m->store, e);
}

static int
ending_template_built(struct ending *end, struct err *e)
{
	return ending_template_event(end, EVENT_TEMPLATE_BUILT, e);
}

static int
ending_template_deleted(struct ending *end, struct err *e)
{
	if (store_template_gone(end->m->store, end->operation->template, e) < 0)
		return -1;
	return ending_template_event(end, EVENT_TEMPLATE_DELETED, e);
}

/* The job has undone what it did; where none could, a deletion follows, and takes the row with it. */
static int
ending_not_created(struct ending *end, struct err *e)
{
	return end->container->config.id && container_state(end->container) == STATE_CREATING
	               ? store_container_delete(end->m->store, end->container->config.id, e)
	               : 0;
}

/* Back to the state before, unless the engine has told another since, and to what was wanted. */
static int
ending_return(struct ending *end, struct err *e)
{
	unsigned int held = S(STARTING) | S(STOPPING) | S(DELETING);
	const char *undo = end->operation->undo;
	enum container_state before;
	char state[32], desired[32];
	int words = undo ? sscanf(undo, "%31s %31s", state, desired) : 0;

	if (!end->container->config.id || words < 1 || !container_state_of_name(state, &before))
		return 0;
	/* A daemon before this one noted the state alone. */
	if (words == 1)
		snprintf(desired, sizeof desired, "%s", before == STATE_STOPPED || before == STATE_CRASHED ? "stopped" : "running");
	if ((held & (1u << container_state(end->container))) &&
	    store_container_write_state(end->m->store, end->container->config.id, before, e) < 0)
		return -1;
	return store_container_write_desired(end->m->store, end->container->config.id, desired, e);
}

/* Past the point of no return only the same again leads on. */
static int
ending_not_deleted(struct ending *end, struct err *e)
{
	return end->cut_short ? 0 : ending_return(end, e);
}

/* Whether it is suspended is as it was: what the engine told of it meanwhile meant the other. */
static int
ending_hold_again(struct ending *end, bool suspended, struct err *e)
{
	enum container_state state = container_state(end->container), was = state;

	if (suspended && (container_state_rests(state) || state == STATE_FROZEN))
		was = STATE_SUSPENDED;
	else if (!suspended && state == STATE_SUSPENDED)
		was = container_is_held(end->container) ? STATE_FROZEN : STATE_STOPPED;
	return was == state ? 0 : store_container_write_state(end->m->store, end->container->config.id, was, e);
}

static int
ending_not_changed(struct ending *end, struct err *e)
{
	struct container_config before = { 0 };
	struct json_object *json = end->operation->undo ? json_tokener_parse(end->operation->undo) : NULL;
	int rc = 0;

	if (json && end->container->config.id) {
		rc = record_from_file_json(&container_config_schema, json, &before, e);
		if (rc == 0)
			rc = store_container_write_config(end->m->store, before.id, &before, e);
		/* What the engine may still have is nobody else's until another operation has put it right. */
		if (rc == 0 && !end->cut_short)
			rc = address_release_others(end->m, before.id, &before.ip, e);
		if (rc == 0 && !end->cut_short)
			rc = nics_settle(end->m, before.id, &before.nics, e);
		if (rc == 0)
			rc = ending_hold_again(end, before.suspended != NULL, e);
	}
	record_clear(&container_config_schema, &before);
	json_object_put(json);
	return rc;
}

/* The traffic calls for it once: where it has come to nothing it is to be called for again. */
static int
ending_not_suspended(struct ending *end, struct err *e)
{
	const struct operation *o = end->operation;

	if (end->container->config.id && strcmp(o->actor, who_allowance.actor) == 0 &&
	    strcmp(o->state, operation_state_name(OPERATION_FAILED)) == 0 &&
	    store_allowance_put(end->m->store, end->container->config.id, 0, 0, e) < 0)
		return -1;
	return ending_not_changed(end, e);
}

static int
ending_template_kept(struct ending *end, struct err *e)
{
	return store_template_mark_deleting(end->m->store, end->operation->template, false, e);
}

static const struct {
	enum op_id op;
	int (*succeeded)(struct ending *end, struct err *e);
	int (*failed)(struct ending *end, struct err *e);
} endings[] = {
	{ CONTAINER_CREATE, ending_created, ending_not_created },
	{ CONTAINER_DELETE, ending_deleted, ending_not_deleted },
	{ CONTAINER_START, ending_started, ending_return },
	{ CONTAINER_STOP, ending_stopped, ending_return },
	{ CONTAINER_RESTART, ending_started, ending_return },
	{ CONTAINER_FREEZE, ending_frozen, ending_return },
	{ CONTAINER_THAW, ending_thawed, ending_return },
	{ CONTAINER_SET, ending_changed, ending_not_changed },
	{ CONTAINER_SUSPEND, ending_suspended, ending_not_suspended },
	{ CONTAINER_UNSUSPEND, ending_unsuspended, ending_not_changed },
	{ TEMPLATE_BUILD, ending_template_built, NULL },
	{ TEMPLATE_DELETE, ending_template_deleted, ending_template_kept },
};

static int
ending_failure_event(struct ending *end, struct err *e)
{
	const struct operation *o = end->operation;
	const char *cancelled = operation_state_name(OPERATION_CANCELLED);
	const struct container_view *container = end->container->config.id ? end->container : NULL;
	struct json_object *data = json_object_new_object();
	int rc;

	if (!data)
		return err_set(e, ERR_INTERNAL, "out of memory");
	json_object_object_add(data, "kind", json_object_new_string(o->kind));
	json_object_object_add(data, "code", json_object_new_string(o->error_code ? o->error_code : "internal"));
	if (o->error_message)
		json_object_object_add(data, "detail", json_object_new_string(o->error_message));
	rc = journal_add(end->m, strcmp(o->state, cancelled) == 0 ? EVENT_OPERATION_CANCELLED : EVENT_OPERATION_FAILED, container,
	                 o->id, json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN), e);
	json_object_put(data);
	return rc;
}

static int
ending_apply(struct ending *end, bool ok, struct err *e)
{
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		int (*step)(struct ending *, struct err *) = ok ? endings[i].succeeded : endings[i].failed;

		if (endings[i].op == end->op && step && step(end, e) < 0)
			return -1;
	}
	return ok ? 0 : ending_failure_event(end, e);
}

/* A build's result names the version that was made. */
static void
ending_take_result(struct ending *end)
{
	struct json_object *json, *value = NULL;
	const char *result = end->operation->result;

	if (end->op != TEMPLATE_BUILD || !result)
		return;
	json = json_tokener_parse(result);
	if (json_object_is_type(json, json_type_object) && json_object_object_get_ex(json, "template", &value) &&
	    json_object_is_type(value, json_type_string) && !check_template(json_object_get_string(value)))
		row_put_text(OPERATION, end->operation, "template", json_object_get_string(value));
	json_object_put(json);
}

static int
ending_fill(struct ending *end, const struct done *done, bool ok, struct err *e)
{
	struct operation *o = end->operation;
	enum operation_state state = OPERATION_SUCCEEDED;

	if (!ok)
		state = err_kind_of_code(done->kind) == ERR_CANCELLED ? OPERATION_CANCELLED : OPERATION_FAILED;
	row_put_int(OPERATION, o, "ended_at", model_now());
	if (!row_put_text(OPERATION, o, "state", operation_state_name(state)) ||
	    !row_put_text(OPERATION, o, "result", done->result))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (ok)
		row_put_int(OPERATION, o, "percent", 100);
	ending_take_result(end);
	if (ok)
		return 0;
	if (!row_put_text(OPERATION, o, "error_kind", done->kind) ||
	    !row_put_text(OPERATION, o, "error_code", done->code ? done->code : done->kind) ||
	    !row_put_text(OPERATION, o, "error_message", done->message ? done->message : "") ||
	    !strv_copy(&o->error_params, &done->params))
		return err_set(e, ERR_INTERNAL, "out of memory");
	record_mark(OPERATION, o, "error_params", o->error_params.n > 0);
	return 0;
}

static int
ending_record(struct ending *end, const struct done *done, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	bool ok = !done->kind;
	int rc;

	if (txn_begin(&txn, end->m->store, e) < 0)
		return -1;
	rc = store_operation_get(end->m->store, done->op, end->operation, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || !operation_is_open(end->operation))
		return 0;
	end->op = operation_op(end->operation);
	if (end->op == CONTAINER_DELETE && done->kind && err_kind_of_code(done->kind) == ERR_NOT_FOUND)
		ok = true;
	if (end->operation->container && store_container_get(end->m->store, end->operation->container, end->container, e) < 0)
		return -1;
	if (ending_fill(end, done, ok, e) < 0 || ending_apply(end, ok, e) < 0)
		return -1;
	row_put_text(OPERATION, end->operation, "undo", NULL);
	row_put_text(OPERATION, end->operation, "request", NULL);
	if (store_operation_update(end->m->store, end->operation, e) < 0 || audit_add_end(end->m, end->operation, e) < 0)
		return -1;
	FAULT("api.ending");
	return txn_commit(&txn, e) < 0 ? -1 : 1;
}

int
operation_end(struct model *m, const struct done *done, struct err *e)
{
	struct operation operation = { 0 };
	struct container_view container = { 0 };
	struct ending end = { .m = m, .operation = &operation, .container = &container, .cut_short = done->cut_short };
	int rc = ending_record(&end, done, e);

	record_clear(OPERATION, &operation);
	record_clear(VIEW, &container);
	if (rc == 1)
		model_changed(m);
	return rc;
}

static int
operation_fail_as(struct model *m, const char *id, const struct err *why, bool cut_short, struct err *e)
{
	struct done done = { 0 };
	int rc = done_from_err(&done, id, why) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");

	done.cut_short = cut_short;
	if (rc == 0)
		rc = operation_end(m, &done, e);
	record_clear(&done_schema, &done);
	return rc;
}

int
operation_fail(struct model *m, const char *id, const struct err *why, struct err *e)
{
	return operation_fail_as(m, id, why, false, e);
}

int
operation_fail_cut_short(struct model *m, const char *id, const struct err *why, struct err *e)
{
	return operation_fail_as(m, id, why, true, e);
}
