/* After the engine's handshake: the journal and the states are brought in line with what is so. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/boot.h"
#include "daemon/model/container.h"
#include "daemon/model/container_state.h"
#include "daemon/model/operation.h"
#include "daemon/util/log.h"

#define OPERATION (&operation_schema)
#define VIEW (&container_view_schema)
#define CONFIG (&container_config_schema)
#define REQUEST (&request_schema)

enum { RECONCILE_MAX = 1 << 20 };

void
works_clear(struct works *works)
{
	for (size_t i = 0; i < works->n; i++)
		record_clear(REQUEST, &works->v[i].request);
	free(works->v);
	memset(works, 0, sizeof *works);
}

static struct work *
works_add(struct works *works, enum msg_type type, const char *op, const char *id)
{
	struct work *grown = reallocarray(works->v, works->n + 1, sizeof *grown), *work;

	if (!grown)
		return NULL;
	works->v = grown;
	work = &grown[works->n++];
	memset(work, 0, sizeof *work);
	work->type = type;
	return row_put_text(REQUEST, &work->request, "op", op) && row_put_text(REQUEST, &work->request, "id", id) ? work : NULL;
}

static int
reconcile_collect_operation(void *arg, const void *record)
{
	const struct operation *operation = record;

	return strv_add(arg, operation->id) ? 0 : -1;
}

/* Rolls a creation back, or a deletion forward. */
static int
reconcile_delete(struct model *m, const char *id, struct works *works, struct err *e)
{
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	int rc = store_container_get(m->store, id, &view, e);

	if (rc == 1) {
		rc = container_begin(m, &who_daemon, CONTAINER_DELETE, &view, true, false, &operation, e);
		if (rc == 0) {
			struct work *work = works_add(works, REQUEST_DELETE, operation.id, id);

			if (work)
				row_put_int(REQUEST, &work->request, "force", 1);
			else
				rc = err_set(e, ERR_INTERNAL, "out of memory");
		}
	}
	record_clear(VIEW, &view);
	record_clear(OPERATION, &operation);
	return rc < 0 ? -1 : 0;
}

/* Starts what is wanted to run: after a restart that got no further than its stop, after a suspension. */
static int
reconcile_start(struct model *m, enum op_id op, const char *id, struct works *works, struct err *e)
{
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	struct work *work = NULL;
	int rc = store_container_get(m->store, id, &view, e);

	if (rc == 1)
		rc = container_begin(m, &who_daemon, op, &view, true, false, &operation, e) < 0 ? -1 : 1;
	if (rc == 1) {
		work = works_add(works, op == CONTAINER_START ? REQUEST_START : REQUEST_RESTART, operation.id, id);
		if (!work || !record_copy(CONFIG, &work->request.config, &view.config))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
	}
	if (rc == 1)
		record_mark(REQUEST, &work->request, "config", true);
	record_clear(VIEW, &view);
	record_clear(OPERATION, &operation);
	return rc < 0 ? -1 : 0;
}

/* What the engine has told of it by now. */
static int
reconcile_is_down(struct model *m, const struct operation *operation, bool *down_out, struct err *e)
{
	struct container_view view = { 0 };
	int rc = store_container_get(m->store, operation->container, &view, e);
	enum container_state state = container_state(&view);

	*down_out = rc == 1 && container_state_rests(state);
	record_clear(VIEW, &view);
	return rc < 0 ? -1 : 0;
}

/* The configuration was put back: the kernel and the registry may have the one that was meant. */
static int
reconcile_reapply(struct model *m, const char *id, const struct strv *changed, struct works *works, struct err *e)
{
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	AUTO_TXN struct txn txn = { 0 };
	struct work *work = NULL;
	int rc = txn_begin(&txn, m->store, e) < 0 ? -1 : store_container_get(m->store, id, &view, e);

	if (rc == 1)
		rc = operation_make(&operation, CONTAINER_SET, &view, NULL, &who_daemon, e) < 0 ||
		                     operation_insert(m, &operation, e) < 0 || txn_commit(&txn, e) < 0
		             ? -1
		             : 1;
	if (rc == 1) {
		work = works_add(works, REQUEST_SET, operation.id, id);
		if (!work || !record_copy(CONFIG, &work->request.config, &view.config) ||
		    !strv_copy(&work->request.changed, changed))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
	}
	if (rc == 1) {
		record_mark(REQUEST, &work->request, "config", true);
		record_mark(REQUEST, &work->request, "changed", true);
	}
	record_clear(VIEW, &view);
	record_clear(OPERATION, &operation);
	return rc < 0 ? -1 : 0;
}

/* Which fields the interrupted change meant: those of the record that differ from what it was before. */
static int
reconcile_changes(struct model *m, const struct operation *operation, struct strv *changed_out, struct err *e)
{
	struct container_view view = { 0 };
	struct json_object *now = NULL, *before = operation->undo ? json_tokener_parse(operation->undo) : NULL, *value;
	int rc = store_container_get(m->store, operation->container, &view, e);

	if (rc == 1)
		now = record_to_json(CONFIG, &view.config, true);
	if (now && before) {
		json_object_object_foreach(now, name, is)
		{
			if (json_object_object_get_ex(before, name, &value) && json_object_equal(is, value))
				continue;
			if (!strv_add(changed_out, name))
				rc = err_set(e, ERR_INTERNAL, "out of memory");
		}
	}
	json_object_put(now);
	json_object_put(before);
	record_clear(VIEW, &view);
	return rc < 0 ? -1 : 0;
}

static int
reconcile_interrupted(struct model *m, const struct operation *operation, struct works *works, struct err *e)
{
	AUTO_STRV struct strv changed = { 0 };
	struct err why = { 0 };
	enum op_id op = operation_op(operation);
	bool down = false;
	int rc;

	if (op == CONTAINER_RESTART && operation->container && reconcile_is_down(m, operation, &down, e) < 0)
		return -1;
	/* Its row must outlive its creation's end, to be removed by the deletion. */
	if (op == CONTAINER_CREATE && operation->container &&
	    store_container_write_state(m->store, operation->container, STATE_DELETING, e) < 0)
		return -1;
	if (operation_is_change(op) && operation->container && reconcile_changes(m, operation, &changed, e) < 0)
		return -1;
	err_set(&why, ERR_UNAVAILABLE,
	        "The daemon was restarted while this was under way: it was rolled back or is finished by another operation");
	err_code(&why, "interrupted");
	rc = changed.n > 0 ? operation_fail_cut_short(m, operation->id, &why, e) : operation_fail(m, operation->id, &why, e);
	if (rc < 0)
		return -1;
	if (op == CONTAINER_CREATE || op == CONTAINER_DELETE)
		return reconcile_delete(m, operation->container, works, e);
	if (operation_is_change(op) && changed.n > 0)
		return reconcile_reapply(m, operation->container, &changed, works, e);
	return down ? reconcile_start(m, CONTAINER_RESTART, operation->container, works, e) : 0;
}

static int
reconcile_operations(struct model *m, const struct ready *ready, struct works *works, struct err *e)
{
	struct operation_filter filter = { .open = true, .limit = RECONCILE_MAX };
	AUTO_STRV struct strv ids = { 0 };
	int due = boot_is_due(m, e);

	/* What waits goes on waiting, unless the host has booted since: then each starts from what is wanted of it. */
	if (due < 0 || store_operation_list(m->store, &filter, reconcile_collect_operation, &ids, e) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct operation operation = { 0 };
		int rc;

		if (strv_contains(&ready->operations, ids.v[i]))
			continue;
		rc = store_operation_get(m->store, ids.v[i], &operation, e);
		if (rc == 1 && (due || !operation.request))
			rc = reconcile_interrupted(m, &operation, works, e);
		record_clear(OPERATION, &operation);
		if (rc < 0)
			return -1;
	}
	return 0;
}

struct unknown {
	struct model *model;
	const struct strv *known;
	struct strv stop;
	struct strv remove;
};

static int
reconcile_collect_unknown(void *arg, const void *record)
{
	const struct container_view *view = record;
	struct operation open = { 0 };
	struct unknown *unknown = arg;
	struct err e = { 0 };
	enum container_state state = container_state(view);
	int locked = store_operation_open(unknown->model->store, view->config.id, &open, &e);

	record_clear(OPERATION, &open);
	if (locked != 0)
		return locked < 0 ? -1 : 0;
	if (state == STATE_CREATING || state == STATE_DELETING)
		return strv_add(&unknown->remove, view->config.id) ? 0 : -1;
	if (strv_contains(unknown->known, view->config.id))
		return 0;
	log_warning("the engine doesn't know the container %s (%s:%s)", view->config.id, view->config.tenant, view->config.name);
	if (container_state_rests(state))
		return 0;
	return strv_add(&unknown->stop, view->config.id) ? 0 : -1;
}

static int
reconcile_containers(struct model *m, const struct strv *known, struct works *works, struct err *e)
{
	struct container_filter filter = { .limit = RECONCILE_MAX };
	struct unknown unknown = { .model = m, .known = known };
	int rc = store_container_list(m->store, &filter, reconcile_collect_unknown, &unknown, e);

	for (size_t i = 0; rc == 0 && i < unknown.stop.n; i++)
		rc = store_container_write_state(m->store, unknown.stop.v[i], STATE_STOPPED, e);
	for (size_t i = 0; rc == 0 && i < unknown.remove.n; i++)
		rc = reconcile_delete(m, unknown.remove.v[i], works, e);
	strv_clear(&unknown.stop);
	strv_clear(&unknown.remove);
	return rc;
}

/* Only a changed configuration needs more than the end: the engine has cleaned up after the others. */
int
operation_end_cut_short(struct model *m, const struct done *done, struct works *works_out, struct err *e)
{
	AUTO_STRV struct strv changed = { 0 };
	struct operation operation = { 0 };
	int rc = store_operation_get(m->store, done->op, &operation, e);
	bool set = rc == 1 && operation_is_change(operation_op(&operation)) && operation.container;

	if (rc >= 0 && set)
		rc = reconcile_changes(m, &operation, &changed, e);
	if (rc >= 0)
		rc = operation_end(m, done, e);
	if (rc == 1 && changed.n > 0 && reconcile_reapply(m, operation.container, &changed, works_out, e) < 0)
		rc = -1;
	record_clear(OPERATION, &operation);
	return rc;
}

int
operation_follow_up(struct model *m, const struct done *done, struct works *works_out, struct err *e)
{
	struct operation operation = { 0 };
	struct container_view view = { 0 };
	int rc = store_operation_get(m->store, done->op, &operation, e);

	if (rc == 1 && !done->kind && operation_op(&operation) == CONTAINER_UNSUSPEND)
		rc = store_container_get(m->store, operation.container, &view, e);
	/* One that was frozen has its processes. */
	if (rc == 1 && view.desired && strcmp(view.desired, "running") == 0 && container_state_rests(container_state(&view)))
		rc = reconcile_start(m, CONTAINER_START, operation.container, works_out, e);
	record_clear(OPERATION, &operation);
	record_clear(VIEW, &view);
	return rc < 0 ? -1 : 0;
}

int
operation_reconcile(struct model *m, const struct strv *known, const struct ready *ready, struct works *works_out, struct err *e)
{
	if (store_template_prune(m->store, e) < 0 || reconcile_operations(m, ready, works_out, e) < 0)
		return -1;
	return reconcile_containers(m, known, works_out, e);
}
