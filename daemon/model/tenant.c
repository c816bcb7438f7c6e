#include "daemon/model/tenant.h"

#include <string.h>

#include "daemon/model/journal.h"
#include "schema/rule.h"

#define TENANT (&tenant_schema)

static int
tenant_fill_used(struct model *m, struct tenant *tenant, struct err *e)
{
	record_mark(TENANT, tenant, "used", true);
	return store_tenant_used(m->store, tenant->name, &tenant->used, e);
}

int
tenant_find(struct model *m, const struct who *who, const char *name, struct tenant *tenant_out, struct err *e)
{
	int rc = who_sees(who, name) ? store_table_get(m->store, TABLE_TENANT, name, tenant_out, e) : 0;

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "There is no tenant '%.80s'", name);
	if (rc == 1)
		model_is_about(m, name, NULL, NULL);
	return rc < 0 ? -1 : tenant_fill_used(m, tenant_out, e);
}

struct tenant_ports {
	const struct tenant *tenant;
	struct err *e;
};

static int
tenant_compare_ports(void *arg, const void *record)
{
	const struct tenant_ports *ports = arg;
	const struct tenant *other = record;
	struct port_range a, b;
	enum rule_protocol both;
	char why[RULE_WHY_MAX];

	if (strcmp(other->name, ports->tenant->name) == 0)
		return 0;
	for (size_t i = 0; i < ports->tenant->forward_ports.n; i++)
		for (size_t j = 0; j < other->forward_ports.n; j++)
			if (rule_parse_ports(ports->tenant->forward_ports.v[i], &both, &a, why) &&
			    rule_parse_ports(other->forward_ports.v[j], &both, &b, why) && a.first <= b.last && b.first <= a.last) {
				err_set(ports->e, ERR_CONFLICT, "Ports of %s are the tenant %s's already",
				        ports->tenant->forward_ports.v[i], other->name);
				return err_code(ports->e, "port_taken");
			}
	return 0;
}

/* A port is one tenant's. */
static int
tenant_check_ports(struct model *m, const struct tenant *tenant, struct err *e)
{
	struct tenant_ports ports = { tenant, e };

	if (tenant->forward_ports.n == 0)
		return 0;
	if (store_table_list(m->store, TABLE_TENANT, NULL, "", INT64_MAX, tenant_compare_ports, &ports, e) < 0 || err_is_set(e))
		return -1;
	return 0;
}

int
tenant_create(struct model *m, const struct who *who, const struct tenant *body, bool dry_run, struct tenant *tenant_out,
              struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int64_t number;
	int rc;

	if (!record_copy(TENANT, tenant_out, body))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(TENANT, tenant_out, "created_at", model_now());
	row_put_int(TENANT, tenant_out, "revision", 1);
	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	rc = store_tenant_number(m->store, body->name, &number, e);
	if (rc == 1) {
		err_set(e, ERR_CONFLICT, "There is a tenant '%s' already", body->name);
		return err_code(e, "name_taken");
	}
	if (rc < 0 || tenant_check_ports(m, tenant_out, e) < 0 || store_table_insert(m->store, TABLE_TENANT, tenant_out, e) < 0 ||
	    journal_add_tenant(m, EVENT_TENANT_CREATED, body->name, e) < 0 || tenant_fill_used(m, tenant_out, e) < 0)
		return -1;
	model_is_about(m, body->name, NULL, NULL);
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
tenant_change(struct model *m, const struct who *who, struct tenant *tenant, const struct tenant *patch, bool dry_run,
              struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!record_merge(TENANT, tenant, patch))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(TENANT, tenant, "revision", tenant->revision + 1);
	if (txn_begin(&txn, m->store, e) < 0 || tenant_check_ports(m, tenant, e) < 0 ||
	    store_table_update(m->store, TABLE_TENANT, tenant->name, tenant, e) < 0 ||
	    journal_add_tenant(m, EVENT_TENANT_CHANGED, tenant->name, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
tenant_delete(struct model *m, const struct who *who, const struct tenant *tenant, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (strcmp(tenant->name, TENANT_DEFAULT) == 0)
		return err_set(e, ERR_CONFLICT, "The tenant 'default' is always there");
	if (tenant->used.containers > 0) {
		err_set(e, ERR_CONFLICT, "The tenant %s has %lld container%s: delete them first", tenant->name,
		        (long long)tenant->used.containers, tenant->used.containers == 1 ? "" : "s");
		return err_code(e, "tenant_in_use");
	}
	if (txn_begin(&txn, m->store, e) < 0 || journal_add_tenant(m, EVENT_TENANT_DELETED, tenant->name, e) < 0 ||
	    store_tenant_bury(m->store, tenant->name, e) < 0 || store_token_delete_of(m->store, tenant->name, e) < 0 ||
	    store_network_delete_of(m->store, tenant->name, e) < 0 || store_webhook_delete_of(m->store, tenant->name, e) < 0 ||
	    store_table_delete(m->store, TABLE_TENANT, tenant->name, e) < 0)
		return -1;
	if (dry_run)
		return 0;
	m->revoked++;
	return model_commit(m, &txn, e);
}
