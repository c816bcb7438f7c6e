#include "daemon/model/container.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/address.h"
#include "daemon/model/container_state.h"
#include "daemon/model/nics.h"
#include "daemon/model/operation.h"
#include "daemon/model/policy.h"
#include "daemon/model/template.h"
#include "daemon/model/tenant.h"
#include "daemon/util/uuid.h"
#include "schema/check.h"

#define CONFIG (&container_config_schema)
#define VIEW (&container_view_schema)

static int
container_out_of_memory(struct err *e)
{
	return err_set(e, ERR_INTERNAL, "out of memory");
}

static int
container_lookup_name(struct model *m, const struct who *who, const char *text, struct container_view *view_out, struct err *e)
{
	const char *colon = strchr(text, ':');
	char tenant[64];

	if (!colon)
		return store_container_get_name(m->store, who_tenant(who), text, view_out, e);
	if ((size_t)(colon - text) >= sizeof tenant)
		return 0;
	memcpy(tenant, text, (size_t)(colon - text));
	tenant[colon - text] = '\0';
	return store_container_get_name(m->store, tenant, colon + 1, view_out, e);
}

static int
container_lookup(struct model *m, const struct who *who, const char *text, struct container_view *view_out, struct err *e)
{
	const char *why;
	int64_t ctid;

	if (!check_uuid(text))
		return store_container_get(m->store, text, view_out, e);
	if (text[strspn(text, "0123456789")] == '\0')
		return who->tenant[0] || field_parse_int(text, &ctid, &why) < 0
		               ? 0
		               : store_container_get_ctid(m->store, ctid, view_out, e);
	return container_lookup_name(m, who, text, view_out, e);
}

int
container_find(struct model *m, const struct who *who, const char *text, struct container_view *view_out, struct err *e)
{
	int rc = container_lookup(m, who, text, view_out, e);

	if (rc == 1 && !who_sees(who, view_out->config.tenant)) {
		record_clear(VIEW, view_out);
		rc = 0;
	}
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "There is no container '%.80s'", text);
	if (rc == 1)
		model_is_about(m, view_out->config.tenant, view_out->config.id, NULL);
	return rc < 0 ? -1 : 0;
}

static bool
container_default_text(struct container_config *config, const char *name, const char *text)
{
	return record_has(CONFIG, config, name) || row_put_text(CONFIG, config, name, text);
}

/* What the daemon chooses where the body doesn't. */
static bool
container_fill_defaults(const struct who *who, struct container_config *config)
{
	char id[UUID_SIZE];

	uuid_make(id);
	if (!record_has(CONFIG, config, "ip")) {
		if (!strv_add(&config->ip, "auto"))
			return false;
		record_mark(CONFIG, config, "ip", true);
	}
	return container_default_text(config, "id", id) && container_default_text(config, "tenant", who_tenant(who)) &&
	       container_default_text(config, "hostname", config->name);
}

static bool
container_has_param(const struct err *e, const char *name)
{
	for (size_t i = 0; i < e->nparams; i++)
		if (strcmp(e->params[i].name, name) == 0)
			return true;
	return false;
}

/* Wrong parameters are told before any other error, and one that can't be read isn't told again. */
static void
container_add_errors(struct err *e, const struct err *more)
{
	if (more->kind != ERR_INVALID) {
		if (!err_is_set(e))
			*e = *more;
		return;
	}
	for (size_t i = 0; i < more->nparams; i++)
		if (!container_has_param(e, more->params[i].name))
			err_param(e, more->params[i].name, "%s", more->params[i].reason);
}

static void
container_check_tenant(struct model *m, const struct who *who, const struct container_config *config, struct err *e)
{
	int64_t number;
	struct err found = { 0 };
	int rc = who_sees(who, config->tenant) ? store_tenant_number(m->store, config->tenant, &number, &found) : 0;

	if (rc == 0)
		err_param(&found, "tenant", "there is no tenant '%s'", config->tenant);
	if (rc <= 0)
		container_add_errors(e, &found);
}

static void
container_resolve_template(struct model *m, struct container_config *config, struct err *e)
{
	struct err found = { 0 };
	char *ref = NULL;

	if (!record_has(CONFIG, config, "template"))
		return;
	if (template_resolve(m, "template", config->template, &ref, &found) < 0) {
		container_add_errors(e, &found);
		return;
	}
	free(config->template);
	config->template = ref;
}

static void
container_check_unique(struct model *m, const struct container_config *config, struct err *e)
{
	struct container_view other = { 0 };
	struct err found = { 0 };
	int rc = store_container_get(m->store, config->id, &other, &found);

	if (rc == 1) {
		err_set(&found, ERR_CONFLICT, "A container with the id %s exists already", config->id);
		err_code(&found, "id_taken");
	}
	record_clear(VIEW, &other);
	if (rc == 0 && record_has(CONFIG, config, "name")) {
		rc = store_container_get_name(m->store, config->tenant, config->name, &other, &found);
		if (rc == 1) {
			err_set(&found, ERR_CONFLICT, "The tenant %s has a container named '%s' already", config->tenant,
			        config->name);
			err_code(&found, "name_taken");
		}
		record_clear(VIEW, &other);
	}
	if (rc != 0)
		container_add_errors(e, &found);
}

static void
container_assign_addresses(struct model *m, const struct who *who, struct container_config *config, const struct strv *held,
                           struct err *e)
{
	struct err found = { 0 };

	if (address_assign(m, who, config->id, config, held, &found) < 0)
		container_add_errors(e, &found);
}

static void
container_assign_networks(struct model *m, const struct who *who, struct container_config *config, const struct strv *held,
                          struct err *e)
{
	struct err found = { 0 };

	if (nics_assign(m, who, config, held, &found) < 0)
		container_add_errors(e, &found);
}

static int
container_fill_view(struct container_view *view, int64_t now, struct err *e)
{
	record_mark(VIEW, view, "config", true);
	row_put_int(VIEW, view, "created_at", now);
	row_put_int(VIEW, view, "revision", 1);
	if (!row_put_text(VIEW, view, "desired", "stopped") ||
	    !row_put_text(VIEW, view, "state", container_state_name(STATE_CREATING)))
		return container_out_of_memory(e);
	return 0;
}

static void
container_clear_config(struct container_config *config)
{
	record_clear(CONFIG, config);
}
#define AUTO_CONFIG __attribute__((cleanup(container_clear_config)))

/*
 * The body over the plan that it names over `base`: what may be set is judged against the latter two. *base is given its plan's
 * sizes; with `plan` NULL there is none to apply.
 */
static int
container_merge(struct model *m, const struct who *who, struct container_config *base, const char *plan,
                const struct container_config *body, struct container_config *config, struct err *e)
{
	struct err found = { 0 };

	if (plan && !row_put_text(CONFIG, base, "plan", plan))
		return container_out_of_memory(e);
	if (plan && plan_apply(m, base, &found) < 0)
		container_add_errors(e, &found);
	if (!record_copy(CONFIG, config, base) || !record_merge(CONFIG, config, body) ||
	    !row_put_text(CONFIG, config, "plan", base->plan))
		return container_out_of_memory(e);
	policy_check_fields(who, base, config, e);
	return 0;
}

/* What is checked against others, and taken from them: inside the transaction. */
static void
container_settle_new(struct model *m, const struct who *who, struct container_config *config, struct err *e)
{
	container_check_tenant(m, who, config, e);
	container_resolve_template(m, config, e);
	/* A name is looked for where he may look only. */
	if (!who_sees(who, config->tenant))
		return;
	container_check_unique(m, config, e);
	container_assign_addresses(m, who, config, NULL, e);
	if (config->net.n > 0)
		container_assign_networks(m, who, config, NULL, e);
}

int
container_create(struct model *m, const struct who *who, const struct container_config *body, bool dry_run,
                 struct container_view *view_out, struct operation *operation_out, struct err *e)
{
	struct container_config *config = &view_out->config;
	AUTO_CONFIG struct container_config base = { 0 };
	struct totals before = { 0 };
	AUTO_TXN struct txn txn = { 0 };

	record_apply_presets(CONFIG, &base);
	if (txn_begin(&txn, m->store, e) < 0 || container_merge(m, who, &base, body->plan, body, config, e) < 0 ||
	    policy_check_forbidden(m, who, &base, config, e) < 0)
		return -1;
	if (!container_fill_defaults(who, config))
		return container_out_of_memory(e);
	container_settle_new(m, who, config, e);
	if (err_is_set(e) || store_tenant_used(m->store, config->tenant, &before, e) < 0)
		return -1;
	if (container_fill_view(view_out, model_now(), e) < 0 || store_container_insert(m->store, view_out, e) < 0 ||
	    policy_check_totals(m, config->tenant, &before, e) < 0 ||
	    operation_make(operation_out, CONTAINER_CREATE, view_out, NULL, who, e) < 0)
		return -1;
	row_put_int(&operation_schema, operation_out, "secret", record_has(CONFIG, config, "password"));
	if (operation_insert(m, operation_out, e) < 0)
		return -1;
	return dry_run ? 0 : txn_commit(&txn, e);
}

/* A field given for the first time differs from its absence, unless it is an empty list. */
static bool
container_list_changes(const struct container_config *before, const struct container_config *after, struct strv *changed_out)
{
	for (size_t i = 0; CONFIG->fields[i].name; i++) {
		const struct field *f = &CONFIG->fields[i];
		bool had = record_has_row(before, i), has = record_has_row(after, i);

		if (!has || (had && field_equal(f, before, after)))
			continue;
		if (!had && f->type == FIELD_LIST && field_list(f, after)->n == 0)
			continue;
		if (!strv_add(changed_out, f->name))
			return false;
	}
	return true;
}

static int
container_note_undo(struct operation *operation, const struct container_config *before, struct err *e)
{
	struct json_object *json = record_to_json(CONFIG, before, true);
	const char *text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	bool ok = text && row_put_text(&operation_schema, operation, "undo", text);

	json_object_put(json);
	return ok ? 0 : container_out_of_memory(e);
}

static int
container_record_change(struct model *m, struct container_view *view, const struct container_config *before,
                        const struct strv *changed, struct operation *operation, struct err *e)
{
	bool nothing = changed->n == 0;

	if (container_note_undo(operation, before, e) < 0)
		return -1;
	row_put_int(&operation_schema, operation, "secret", strv_contains(changed, "password"));
	if (nothing) {
		row_put_int(&operation_schema, operation, "ended_at", operation->created_at);
		if (!row_put_text(&operation_schema, operation, "state", operation_state_name(OPERATION_SUCCEEDED)))
			return container_out_of_memory(e);
	} else if (store_container_write_config(m->store, view->config.id, &view->config, e) < 0) {
		return -1;
	}
	if (!nothing)
		row_put_int(VIEW, view, "revision", view->revision + 1);
	return operation_insert(m, operation, e);
}

/* The same plan again changes nothing: its sizes may have been changed since. */
static const char *
container_new_plan(const struct container_config *before, const struct container_config *patch)
{
	return patch->plan && (!before->plan || strcmp(before->plan, patch->plan) != 0) ? patch->plan : NULL;
}

static int
container_take_change(struct model *m, const struct who *who, struct container_view *view, const struct container_config *before,
                      const struct container_config *patch, struct strv *changed_out, struct err *e)
{
	AUTO_CONFIG struct container_config base = { 0 };
	struct container_config *config = &view->config;

	record_clear(CONFIG, config);
	if (!record_copy(CONFIG, &base, before))
		return container_out_of_memory(e);
	if (container_merge(m, who, &base, container_new_plan(before, patch), patch, config, e) < 0 ||
	    policy_check_forbidden(m, who, before, config, e) < 0)
		return -1;
	if (record_has(CONFIG, patch, "ip"))
		container_assign_addresses(m, who, config, &before->ip, e);
	if (record_has(CONFIG, patch, "net"))
		container_assign_networks(m, who, config, &before->nics, e);
	record_check(CONFIG, config, true, e);
	if (err_is_set(e))
		return -1;
	return container_list_changes(before, config, changed_out) ? 0 : container_out_of_memory(e);
}

int
container_change(struct model *m, const struct who *who, struct container_view *view, const struct container_config *patch,
                 bool dry_run, struct strv *changed_out, struct operation *operation_out, struct err *e)
{
	AUTO_CONFIG struct container_config before = { 0 };
	struct totals used = { 0 };
	AUTO_TXN struct txn txn = { 0 };

	if (!record_copy(CONFIG, &before, &view->config))
		return container_out_of_memory(e);
	if (txn_begin(&txn, m->store, e) < 0 || operation_check_lock(m, who, before.id, e) < 0 ||
	    container_check_state(CONTAINER_SET, view, false, e) < 0 || store_tenant_used(m->store, before.tenant, &used, e) < 0 ||
	    container_take_change(m, who, view, &before, patch, changed_out, e) < 0)
		return -1;
	if (operation_make(operation_out, CONTAINER_SET, view, NULL, who, e) < 0 ||
	    container_record_change(m, view, &before, changed_out, operation_out, e) < 0 ||
	    policy_check_totals(m, before.tenant, &used, e) < 0)
		return -1;
	return dry_run ? 0 : txn_commit(&txn, e);
}

static int
container_mark_suspended(const struct who *who, struct container_config *config, const char *reason, struct err *e)
{
	if (!row_put_text(CONFIG, config, "suspended", reason) ||
	    !row_put_text(CONFIG, config, "suspended_by", reason ? who->actor : NULL))
		return container_out_of_memory(e);
	config->suspended_at = reason ? model_now() : 0;
	record_mark(CONFIG, config, "suspended_at", reason != NULL);
	return 0;
}

int
container_suspend(struct model *m, const struct who *who, enum op_id op, struct container_view *view, const char *reason,
                  bool dry_run, struct strv *changed_out, struct operation *operation_out, struct err *e)
{
	AUTO_CONFIG struct container_config before = { 0 };
	AUTO_TXN struct txn txn = { 0 };

	if (!record_copy(CONFIG, &before, &view->config))
		return container_out_of_memory(e);
	if (txn_begin(&txn, m->store, e) < 0 || operation_check_lock(m, who, before.id, e) < 0 ||
	    container_check_state(op, view, false, e) < 0 || container_mark_suspended(who, &view->config, reason, e) < 0)
		return -1;
	if (!strv_add(changed_out, "suspended"))
		return container_out_of_memory(e);
	if (operation_make(operation_out, op, view, NULL, who, e) < 0 ||
	    container_record_change(m, view, &before, changed_out, operation_out, e) < 0)
		return -1;
	return dry_run ? 0 : txn_commit(&txn, e);
}

int
container_throttle(struct model *m, const struct who *who, struct container_view *view, bool throttled, struct strv *changed_out,
                   struct operation *operation_out, struct err *e)
{
	AUTO_CONFIG struct container_config before = { 0 };
	AUTO_TXN struct txn txn = { 0 };

	if (!record_copy(CONFIG, &before, &view->config) || !strv_add(changed_out, "throttled"))
		return container_out_of_memory(e);
	row_put_int(CONFIG, &view->config, "throttled", throttled);
	if (txn_begin(&txn, m->store, e) < 0 || operation_check_lock(m, who, before.id, e) < 0 ||
	    operation_make(operation_out, CONTAINER_SET, view, NULL, who, e) < 0 ||
	    container_record_change(m, view, &before, changed_out, operation_out, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}

/* What is wanted, and the state shown, while it is under way; NULL and STATE_COUNT leave them as they are. */
static const struct {
	enum op_id op;
	const char *desired;
	enum container_state state;
} container_steps[] = {
	{ CONTAINER_START, "running", STATE_STARTING },
	{ CONTAINER_STOP, "stopped", STATE_STOPPING },
	{ CONTAINER_RESTART, "running", STATE_STOPPING },
	{ CONTAINER_FREEZE, NULL, STATE_COUNT },
	{ CONTAINER_THAW, NULL, STATE_COUNT },
	{ CONTAINER_DELETE, "stopped", STATE_DELETING },
};

static int
container_take_step(struct model *m, enum op_id op, struct container_view *view, bool wanted, struct err *e)
{
	for (size_t i = 0; i < sizeof container_steps / sizeof *container_steps; i++) {
		if (container_steps[i].op != op)
			continue;
		if (wanted && container_steps[i].desired &&
		    store_container_write_desired(m->store, view->config.id, container_steps[i].desired, e) < 0)
			return -1;
		if (container_steps[i].state != STATE_COUNT &&
		    store_container_write_state(m->store, view->config.id, container_steps[i].state, e) < 0)
			return -1;
	}
	return 0;
}

/* wanted: it is what its owner wants of it from now on. */
static int
container_begin_step(struct model *m, const struct who *who, enum op_id op, struct container_view *view, bool force, bool wanted,
                     bool dry_run, struct operation *operation_out, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	char undo[64];

	if (op == CONTAINER_DELETE && role_is_tenants(who->role) && view->config.suspended)
		return container_refuse_state(op, view, e);
	if (txn_begin(&txn, m->store, e) < 0 || operation_check_lock(m, who, view->config.id, e) < 0)
		return -1;
	/* With the host one that is frozen goes down, and stays suspended. */
	if (!(op == CONTAINER_STOP && !wanted && container_is_held(view)) && container_check_state(op, view, force, e) < 0)
		return -1;
	if (operation_make(operation_out, op, view, NULL, who, e) < 0)
		return -1;
	/* Should it fail, this is what to return to: the state, and what was wanted. */
	snprintf(undo, sizeof undo, "%s %s", view->state, view->desired);
	if (!row_put_text(&operation_schema, operation_out, "undo", undo))
		return container_out_of_memory(e);
	if (operation_insert(m, operation_out, e) < 0 || container_take_step(m, op, view, wanted, e) < 0)
		return -1;
	return dry_run ? 0 : txn_commit(&txn, e);
}

int
container_begin(struct model *m, const struct who *who, enum op_id op, struct container_view *view, bool force, bool dry_run,
                struct operation *operation_out, struct err *e)
{
	return container_begin_step(m, who, op, view, force, true, dry_run, operation_out, e);
}

int
container_begin_host(struct model *m, const struct who *who, enum op_id op, struct container_view *view,
                     struct operation *operation_out, struct err *e)
{
	return container_begin_step(m, who, op, view, false, false, false, operation_out, e);
}
