#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/tenant.h"

#define PLAN (&plan_schema)
#define CONFIG (&container_config_schema)

int
plan_find(struct model *m, const struct who *who, const char *name, struct plan *plan_out, struct err *e)
{
	int rc = store_table_get(m->store, TABLE_PLAN, name, plan_out, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "There is no plan '%.80s'", name);
	return rc < 0 ? -1 : 0;
}

int
plan_create(struct model *m, const struct who *who, const struct plan *body, bool dry_run, struct plan *plan_out, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	struct plan other = { 0 };
	int rc;

	if (!record_copy(PLAN, plan_out, body))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(PLAN, plan_out, "created_at", model_now());
	row_put_int(PLAN, plan_out, "revision", 1);
	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	rc = store_table_get(m->store, TABLE_PLAN, body->name, &other, e);
	record_clear(PLAN, &other);
	if (rc == 1) {
		err_set(e, ERR_CONFLICT, "There is a plan '%s' already", body->name);
		return err_code(e, "name_taken");
	}
	if (rc < 0 || store_table_insert(m->store, TABLE_PLAN, plan_out, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
plan_change(struct model *m, const struct who *who, struct plan *plan, const struct plan *patch, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!record_merge(PLAN, plan, patch))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(PLAN, plan, "revision", plan->revision + 1);
	if (txn_begin(&txn, m->store, e) < 0 || store_table_update(m->store, TABLE_PLAN, plan->name, plan, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
plan_delete(struct model *m, const struct who *who, const struct plan *plan, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_table_delete(m->store, TABLE_PLAN, plan->name, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

static bool
plan_copy_sizes(const struct plan *plan, struct container_config *config)
{
	struct strv blocked = { 0 };

	for (size_t i = 0; PLAN->fields[i].name; i++) {
		const struct field *f = &PLAN->fields[i];

		/* The sizes are what a plan may leave open. */
		if ((f->flags & FIELD_NULLABLE) && record_has_row(plan, i))
			row_put_int(CONFIG, config, f->name, *field_int(f, plan));
	}
	if ((record_has(PLAN, plan, "traffic_80") && !row_put_text(CONFIG, config, "traffic_80", plan->traffic_80)) ||
	    (record_has(PLAN, plan, "traffic_100") && !row_put_text(CONFIG, config, "traffic_100", plan->traffic_100)))
		return false;
	if (!record_has(PLAN, plan, "blocked_ports"))
		return true;
	if (!strv_copy(&blocked, &plan->blocked_ports))
		return false;
	strv_clear(&config->blocked_ports);
	config->blocked_ports = blocked;
	record_mark(CONFIG, config, "blocked_ports", true);
	return true;
}

/* NAME@VERSION names the version that there is, or none. */
static int
plan_look_up(struct model *m, const char *ref, struct plan *plan_out, struct err *e)
{
	char name[64], version[24];
	const char *at = strchr(ref, '@');
	int rc;

	snprintf(name, sizeof name, "%.*s", (int)(at ? at - ref : (long)strlen(ref)), ref);
	rc = store_table_get(m->store, TABLE_PLAN, name, plan_out, e);
	snprintf(version, sizeof version, "%lld", (long long)plan_out->revision);
	if (rc == 0)
		return err_param(e, "plan", "there is no plan '%.60s'", name);
	if (rc == 1 && at && strcmp(at + 1, version) != 0)
		return err_param(e, "plan", "the plan %s is at version %s now", name, version);
	return rc < 0 ? -1 : 0;
}

int
plan_apply(struct model *m, struct container_config *config, struct err *e)
{
	struct plan plan = { 0 };
	char ref[80];
	int rc = plan_look_up(m, config->plan, &plan, e);

	if (rc == 0) {
		snprintf(ref, sizeof ref, "%s@%lld", plan.name, (long long)plan.revision);
		rc = plan_copy_sizes(&plan, config) && row_put_text(CONFIG, config, "plan", ref)
		             ? 0
		             : err_set(e, ERR_INTERNAL, "out of memory");
	}
	record_clear(PLAN, &plan);
	return rc;
}
