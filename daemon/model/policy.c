#include "daemon/model/policy.h"

#include <stdio.h>
#include <string.h>

#include "schema/check.h"
#include "schema/forward.h"
#include "schema/tenant.h"

#define CONFIG (&container_config_schema)
#define TENANT (&tenant_schema)

/* Which address is free tells of others: a tenant keeps what he has, and else takes what comes. */
static void
policy_check_addresses(const struct container_config *before, const struct container_config *after, struct err *e)
{
	for (size_t i = 0; i < after->ip.n; i++)
		if (check_name(after->ip.v[i]) && !strv_contains(&before->ip, after->ip.v[i])) {
			err_param(e, "ip",
			          "takes 'auto', 'auto4', 'auto6', a pool's name and what the container has; others are the "
			          "operator's to give");
			return;
		}
}

void
policy_check_fields(const struct who *who, const struct container_config *before, const struct container_config *after,
                    struct err *e)
{
	if (!role_is_tenants(who->role))
		return;
	for (size_t i = 0; CONFIG->fields[i].name; i++) {
		const struct field *f = &CONFIG->fields[i];
		bool had = record_has_row(before, i), has = record_has_row(after, i);

		if ((f->flags & FIELD_OPERATOR) && (had != has || (has && !field_equal(f, before, after))))
			err_param(e, f->name, "is the operator's to set");
	}
	policy_check_addresses(before, after, e);
}

/* As a person reads it: 5368709120 of memory is 5G. */
static void
policy_show(const struct field *f, int64_t value, char *out, size_t size)
{
	if (f->type == FIELD_SIZE)
		field_size_text(value, out, size);
	else if (f->type == FIELD_MILLI)
		snprintf(out, size, "%.10g", (double)value / 1000);
	else
		snprintf(out, size, "%lld", (long long)value);
}

static void
policy_add_excess(const struct field *f, int64_t used, int64_t limit, char *out, size_t size)
{
	size_t len = strlen(out);
	char has[32], may[32];

	policy_show(f, used, has, sizeof has);
	policy_show(f, limit, may, sizeof may);
	if (len < size)
		snprintf(out + len, size - len, "%s%s %s of %s", len > 0 ? ", " : "", f->name, has, may);
}

static int
policy_compare(const struct tenant *tenant, const struct totals *before, const struct totals *used, struct err *e)
{
	char excess[400] = "";

	for (const struct field *f = totals_schema.fields; f->name; f++) {
		const struct field *limit = field_find(TENANT, f->name, NULL);

		if (record_has(TENANT, tenant, f->name) && *field_int(f, used) > *field_int(limit, tenant) &&
		    *field_int(f, used) > *field_int(f, before))
			policy_add_excess(f, *field_int(f, used), *field_int(limit, tenant), excess, sizeof excess);
	}
	if (!excess[0])
		return 0;
	err_set(e, ERR_CONFLICT, "The tenant %s would have more than it may: %s", tenant->name, excess);
	return err_code(e, "tenant_limit");
}

int
policy_check_totals(struct model *m, const char *name, const struct totals *before, struct err *e)
{
	struct tenant tenant = { 0 };
	struct totals used = { 0 };
	int rc = store_table_get(m->store, TABLE_TENANT, name, &tenant, e);

	if (rc == 1)
		rc = store_tenant_used(m->store, name, &used, e);
	if (rc == 0 && tenant.name)
		rc = policy_compare(&tenant, before, &used, e);
	record_clear(TENANT, &tenant);
	return rc;
}

static bool
policy_grants(const struct tenant *tenant, const char *line)
{
	char why[RULE_WHY_MAX];
	struct port_range granted;
	enum rule_protocol both;
	struct forward f;

	if (!forward_parse(line, &f, why) || f.on.family != AF_UNSPEC)
		return false;
	for (size_t i = 0; i < tenant->forward_ports.n; i++)
		if (rule_parse_ports(tenant->forward_ports.v[i], &both, &granted, why) && granted.first <= f.from.first &&
		    f.from.last <= granted.last)
			return true;
	return false;
}

/* Those that his ports don't cover are the operator's, to give and to take. */
static void
policy_check_forwards(const struct tenant *tenant, const struct strv *some, const struct strv *others, struct err *e)
{
	for (size_t i = 0; i < some->n; i++)
		if (!strv_contains(others, some->v[i]) && !policy_grants(tenant, some->v[i])) {
			err_param(e, "forwards", "'%.80s' is the operator's to set: it lies in none of the tenant's forward_ports",
			          some->v[i]);
			return;
		}
}

static const struct {
	const char *field;
	enum feature feature;
} policy_fields[] = {
	{ "firewall", FEATURE_FIREWALL }, { "plan", FEATURE_SIZES }, { "cpus", FEATURE_SIZES },
	{ "memory", FEATURE_SIZES },      { "disk", FEATURE_SIZES }, { "pids", FEATURE_SIZES },
};

static bool
policy_changes(const char *name, const struct container_config *before, const struct container_config *after)
{
	const struct field *f = field_find(CONFIG, name, NULL);

	/* Without a limit is another thing than with one of 0. */
	if (f->type != FIELD_LIST && record_has(CONFIG, before, name) != record_has(CONFIG, after, name))
		return true;
	return !field_equal(f, before, after);
}

int
policy_check_forbidden(struct model *m, const struct who *who, const struct container_config *before,
                       const struct container_config *after, struct err *e)
{
	struct tenant tenant = { 0 };
	int rc = role_is_tenants(who->role) ? store_table_get(m->store, TABLE_TENANT, who->tenant, &tenant, e) : 0;

	for (size_t i = 0; rc == 1 && i < sizeof policy_fields / sizeof *policy_fields; i++)
		if (policy_changes(policy_fields[i].field, before, after) &&
		    strv_contains(&tenant.forbid, feature_name(policy_fields[i].feature)))
			err_param(e, policy_fields[i].field, "is the operator's to set: he has forbidden '%s' to the tenant",
			          feature_name(policy_fields[i].feature));
	if (rc == 1) {
		policy_check_forwards(&tenant, &after->forwards, &before->forwards, e);
		policy_check_forwards(&tenant, &before->forwards, &after->forwards, e);
	}
	record_clear(TENANT, &tenant);
	return rc < 0 ? -1 : 0;
}

static const struct {
	enum op_id op;
	enum feature feature;
} policy_features[] = {
	{ CONTAINER_CONSOLE, FEATURE_CONSOLE },
};

int
policy_check_feature(struct model *m, const struct who *who, enum op_id op, struct err *e)
{
	struct tenant tenant = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof policy_features / sizeof *policy_features; i++) {
		if (policy_features[i].op != op || !role_is_tenants(who->role))
			continue;
		rc = store_table_get(m->store, TABLE_TENANT, who->tenant, &tenant, e);
		if (rc == 1 && strv_contains(&tenant.forbid, feature_name(policy_features[i].feature))) {
			err_set(e, ERR_DENIED, "The operator has forbidden this to the tenant %s: %s", who->tenant,
			        feature_name(policy_features[i].feature));
			rc = err_code(e, "forbidden_feature");
		} else if (rc == 1) {
			rc = 0;
		}
	}
	record_clear(TENANT, &tenant);
	return rc;
}
