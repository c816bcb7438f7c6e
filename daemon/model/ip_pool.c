#include "daemon/model/ip_pool.h"

#include <stdlib.h>
#include <string.h>

#define POOL (&ip_pool_schema)

bool
ip_pool_is_granted(const struct ip_pool *pool, const char *tenant)
{
	return strv_contains(&pool->tenants, tenant) || strv_contains(&pool->tenants, IP_POOL_ALL);
}

int
ip_pool_find(struct model *m, const struct who *who, const char *name, struct ip_pool *pool_out, struct err *e)
{
	int rc = store_table_get(m->store, TABLE_IP_POOL, name, pool_out, e);

	if (rc == 0 || (rc == 1 && role_is_tenants(who->role) && !ip_pool_is_granted(pool_out, who->tenant)))
		return err_set(e, ERR_NOT_FOUND, "There is no pool '%.80s'", name);
	return rc < 0 ? -1 : 0;
}

static bool
ip_pool_lies_in(const char *outer_text, const struct prefix *inner)
{
	struct prefix outer;

	return prefix_parse(outer_text, &outer) && outer.length <= inner->length && prefix_contains(&outer, &inner->base);
}

/* The engine refuses every address that its configuration doesn't give: so does a pool. */
static void
ip_pool_check_prefix(const struct settings *s, const struct prefix *prefix, const char *text, struct err *e)
{
	bool given = ip_pool_lies_in(s->subnet4, prefix) || ip_pool_lies_in(s->subnet6, prefix);

	for (size_t i = 0; i < s->addresses.n; i++)
		given = given || ip_pool_lies_in(s->addresses.v[i], prefix);
	if (!given)
		err_param(e, "prefix",
		          "%s is not this host's to give: put it into 'addresses' in berthd.conf first (there are %s and %s)", text,
		          s->subnet4, s->subnet6);
}

struct ip_pool_clash {
	const char *name;
	struct prefix prefix;
	char other[41];
};

static int
ip_pool_compare(void *arg, const void *record)
{
	struct ip_pool_clash *clash = arg;
	const struct ip_pool *other = record;
	struct prefix prefix;

	if (strcmp(other->name, clash->name) == 0 || !prefix_parse(other->prefix, &prefix) ||
	    !prefix_overlaps(&prefix, &clash->prefix))
		return 0;
	strncpy(clash->other, other->name, sizeof clash->other - 1);
	return 1;
}

static int
ip_pool_check_tenants(struct model *m, const struct ip_pool *pool, struct err *e)
{
	for (size_t i = 0; i < pool->tenants.n; i++) {
		struct tenant tenant = { 0 };
		int rc = strcmp(pool->tenants.v[i], IP_POOL_ALL) == 0
		                 ? 1
		                 : store_table_get(m->store, TABLE_TENANT, pool->tenants.v[i], &tenant, e);

		record_clear(&tenant_schema, &tenant);
		if (rc < 0)
			return -1;
		if (rc == 0)
			err_param(e, "tenants", "there is no tenant '%s'", pool->tenants.v[i]);
	}
	return 0;
}

/* In their canonical form, so that they are found again. */
static int
ip_pool_check_reserved(struct ip_pool *pool, const struct prefix *prefix, struct err *e)
{
	for (size_t i = 0; i < pool->reserved.n; i++) {
		struct address address;
		char text[ADDRESS_TEXT_MAX];
		char *copy;

		if (!address_parse(pool->reserved.v[i], &address) || !prefix_contains(prefix, &address)) {
			err_param(e, "reserved", "%s is none of %s", pool->reserved.v[i], pool->prefix);
			continue;
		}
		copy = strdup(address_format(&address, text));
		if (!copy)
			return err_set(e, ERR_INTERNAL, "out of memory");
		free(pool->reserved.v[i]);
		pool->reserved.v[i] = copy;
	}
	return 0;
}

/* Parts of it, and more than one. */
static void
ip_pool_check_length(const struct ip_pool *pool, const struct prefix *prefix, struct err *e)
{
	if (!record_has(POOL, pool, "length"))
		return;
	if (!strchr(pool->prefix, ':'))
		err_param(e, "length", "is of IPv6: an IPv4 pool gives single addresses");
	else if (pool->length < prefix->length)
		err_param(e, "length", "must be at least %u, that of %s", prefix->length, pool->prefix);
	if (pool->reserved.n > 0)
		err_param(e, "reserved", "is of single addresses, and the pool gives prefixes");
	if (pool->automatic)
		err_param(e, "automatic", "is of single addresses, and the pool gives prefixes");
}

/* The merged result, whoever wrote it. */
static int
ip_pool_check(struct model *m, struct ip_pool *pool, struct err *e)
{
	struct ip_pool_clash clash = { .name = pool->name };

	if (!prefix_parse(pool->prefix, &clash.prefix))
		return err_param(e, "prefix", "is no prefix");
	ip_pool_check_prefix(m->settings, &clash.prefix, pool->prefix, e);
	ip_pool_check_length(pool, &clash.prefix, e);
	if (ip_pool_check_tenants(m, pool, e) < 0 || ip_pool_check_reserved(pool, &clash.prefix, e) < 0 || err_is_set(e))
		return -1;
	if (store_table_list(m->store, TABLE_IP_POOL, NULL, "", INT64_MAX, ip_pool_compare, &clash, e) < 0)
		return -1;
	if (!clash.other[0])
		return 0;
	err_set(e, ERR_CONFLICT, "The pool %s has addresses of %s already: an address is of one pool", clash.other, pool->prefix);
	return err_code(e, "pool_overlaps");
}

/* Single addresses within would be somebody's beside the whole. */
static int
ip_pool_check_empty(struct model *m, const struct ip_pool *pool, struct err *e)
{
	int64_t used = 0;

	if (!record_has(POOL, pool, "length"))
		return 0;
	if (ip_pool_count_used(m, pool, &used, e) < 0)
		return -1;
	if (used == 0)
		return 0;
	err_set(e, ERR_CONFLICT, "Containers hold addresses of %s already: a pool of prefixes begins empty", pool->prefix);
	return err_code(e, "pool_in_use");
}

int
ip_pool_create(struct model *m, const struct who *who, const struct ip_pool *body, bool dry_run, struct ip_pool *pool_out,
               struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	struct ip_pool other = { 0 };
	int rc;

	if (!record_copy(POOL, pool_out, body))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(POOL, pool_out, "created_at", model_now());
	row_put_int(POOL, pool_out, "revision", 1);
	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	rc = store_table_get(m->store, TABLE_IP_POOL, body->name, &other, e);
	record_clear(POOL, &other);
	if (rc == 1) {
		err_set(e, ERR_CONFLICT, "There is a pool '%s' already", body->name);
		return err_code(e, "name_taken");
	}
	if (rc < 0 || ip_pool_check(m, pool_out, e) < 0 || ip_pool_check_empty(m, pool_out, e) < 0 ||
	    store_table_insert(m->store, TABLE_IP_POOL, pool_out, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
ip_pool_change(struct model *m, const struct who *who, struct ip_pool *pool, const struct ip_pool *patch, bool dry_run,
               struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!record_merge(POOL, pool, patch))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(POOL, pool, "revision", pool->revision + 1);
	if (txn_begin(&txn, m->store, e) < 0 || ip_pool_check(m, pool, e) < 0 ||
	    store_table_update(m->store, TABLE_IP_POOL, pool->name, pool, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
ip_pool_delete(struct model *m, const struct who *who, const struct ip_pool *pool, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int64_t used = 0;

	if (txn_begin(&txn, m->store, e) < 0 || ip_pool_count_used(m, pool, &used, e) < 0)
		return -1;
	/* The pool alone knows how far what is held of it reaches. */
	if (record_has(POOL, pool, "length") && used > 0) {
		err_set(e, ERR_CONFLICT, "Containers hold %lld prefix%s of the pool %s: take them back first", (long long)used,
		        used == 1 ? "" : "es", pool->name);
		return err_code(e, "pool_in_use");
	}
	if (store_table_delete(m->store, TABLE_IP_POOL, pool->name, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
ip_pool_count_used(struct model *m, const struct ip_pool *pool, int64_t *used_out, struct err *e)
{
	struct address first, last;

	*used_out = 0;
	return !prefix_range(pool->prefix, &first, &last) ? 0 : store_holding_count(m->store, &first, &last, used_out, e);
}
