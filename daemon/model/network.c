#include "daemon/model/network.h"

#include <string.h>
#include <sys/socket.h>

#include "daemon/model/ip_pool.h"
#include "daemon/util/uuid.h"
#include "schema/check.h"

#define NETWORK (&network_schema)

bool
network_is_bridge(const struct network *n)
{
	return strcmp(n->kind, "bridge") == 0;
}

bool
network_is_granted(const struct network *n, const char *tenant)
{
	return strv_contains(&n->tenants, tenant) || strv_contains(&n->tenants, IP_POOL_ALL);
}

static bool
network_is_seen(const struct who *who, const struct network *n)
{
	if (n->tenant)
		return who_sees(who, n->tenant);
	return !role_is_tenants(who->role) || network_is_granted(n, who->tenant);
}

/* A tenant's own come before the host's of that name. */
int
network_look_up(struct model *m, const char *tenant, const char *name, struct network *network_out, struct err *e)
{
	int rc = store_network_find(m->store, tenant, name, network_out, e);

	return rc == 0 ? store_network_find(m->store, NULL, name, network_out, e) : rc;
}

static int
network_find_text(struct model *m, const struct who *who, const char *text, struct network *network_out, struct err *e)
{
	char tenant[41];
	const char *name;

	if (!check_uuid(text))
		return store_table_get(m->store, TABLE_NETWORK, text, network_out, e);
	if (!strchr(text, ':'))
		return network_look_up(m, who_tenant(who), text, network_out, e);
	return net_split(text, tenant, &name) ? store_network_find(m->store, tenant, name, network_out, e) : 0;
}

int
network_find(struct model *m, const struct who *who, const char *text, struct network *network_out, struct err *e)
{
	int rc = network_find_text(m, who, text, network_out, e);

	if (rc == 0 || (rc == 1 && !network_is_seen(who, network_out)))
		return err_set(e, ERR_NOT_FOUND, "There is no network '%.80s'", text);
	return rc < 0 ? -1 : 0;
}

static int
network_check_tenant(struct model *m, const char *field, const char *name, struct err *e)
{
	int64_t number;
	int rc = store_tenant_number(m->store, name, &number, e);

	if (rc == 0)
		err_param(e, field, "there is no tenant '%s'", name);
	return rc < 0 ? -1 : 0;
}

/* Room for interfaces, and none that isn't a network of hosts. */
static void
network_check_prefixes(const struct network *n, struct err *e)
{
	bool seen[2] = { false, false };

	if (!network_is_bridge(n) && n->prefix.n == 0)
		err_param(e, "prefix", "a private network needs one, such as 10.0.0.0/24");
	for (size_t i = 0; i < n->prefix.n; i++) {
		struct prefix p;
		struct address first;
		char text[ADDRESS_TEXT_MAX];
		bool six;

		if (!prefix_parse(n->prefix.v[i], &p))
			continue;
		six = p.base.family == AF_INET6;
		if (seen[six])
			err_param(e, "prefix", "has two of one family");
		seen[six] = true;
		if (p.length < 8 || p.length > (six ? 126 : 30))
			err_param(e, "prefix", "%s must be between /8 and /%d", n->prefix.v[i], six ? 126 : 30);
		else if (prefix_nth(&p, 1, &first) && check_address(address_format(&first, text)))
			err_param(e, "prefix", "%s holds no addresses that containers could have", n->prefix.v[i]);
	}
}

bool
network_prefix_of(const struct network *n, const struct address *a, struct prefix *out)
{
	for (size_t i = 0; i < n->prefix.n; i++)
		if (prefix_parse(n->prefix.v[i], out) && prefix_contains(out, a))
			return true;
	return false;
}

bool
network_is_gateway(const struct network *n, const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];

	address_format(a, text);
	for (size_t i = 0; i < n->gateway.n; i++)
		if (address_same_text(n->gateway.v[i], text))
			return true;
	return false;
}

static void
network_check_gateways(const struct network *n, struct err *e)
{
	struct address a;
	struct prefix p;

	for (size_t i = 0; i < n->gateway.n; i++)
		if (!address_parse(n->gateway.v[i], &a) || !network_prefix_of(n, &a, &p))
			err_param(e, "gateway", "%s is in none of the network's prefixes", n->gateway.v[i]);
	if (n->gateway.n == 2 && !strchr(n->gateway.v[0], ':') == !strchr(n->gateway.v[1], ':'))
		err_param(e, "gateway", "has two of one family");
}

/* What only a bridge has, and who may make one. */
static void
network_check_kind(struct model *m, const struct who *who, const struct network *n, struct err *e)
{
	static const char *const of_bridges[] = { "gateway", "bridge", "vlan", "tenants", "isolation" };

	if (network_is_bridge(n)) {
		if (role_is_tenants(who->role))
			err_param(e, "kind", "bridge is the operator's to make: a tenant's networks are private");
		if (n->tenant)
			err_param(e, "tenant", "a bridge is the host's: 'tenants' tells who may use it");
		if (n->bridge && !strv_contains(&m->settings->bridges, n->bridge))
			err_param(e, "bridge",
			          "%s is none of the host's that networks may be on: put it into 'bridges' in berthd.conf first",
			          n->bridge);
		if (record_has(NETWORK, n, "vlan") && !n->bridge)
			err_param(e, "vlan", "is of a bridge of the host's: name it with 'bridge'");
		return;
	}
	for (size_t i = 0; i < sizeof of_bridges / sizeof *of_bridges; i++)
		if (record_has(NETWORK, n, of_bridges[i]))
			err_param(e, of_bridges[i], "is of the kind bridge alone");
}

static int
network_check(struct model *m, const struct who *who, const struct network *n, struct err *e)
{
	network_check_kind(m, who, n, e);
	network_check_prefixes(n, e);
	network_check_gateways(n, e);
	if (n->tenant && !who_sees(who, n->tenant))
		err_param(e, "tenant", "there is no tenant '%s'", n->tenant);
	else if (n->tenant && network_check_tenant(m, "tenant", n->tenant, e) < 0)
		return -1;
	for (size_t i = 0; i < n->tenants.n; i++)
		if (strcmp(n->tenants.v[i], IP_POOL_ALL) != 0 && network_check_tenant(m, "tenants", n->tenants.v[i], e) < 0)
			return -1;
	return err_is_set(e) ? -1 : 0;
}

static int
network_check_new(struct model *m, struct network *n, struct err *e)
{
	struct network other = { 0 };
	int64_t number, count;
	int rc = store_network_find(m->store, n->tenant, n->name, &other, e);

	record_clear(NETWORK, &other);
	if (rc < 0)
		return -1;
	if (rc == 1) {
		err_set(e, ERR_CONFLICT, "There is a network '%s' already", n->name);
		return err_code(e, "name_taken");
	}
	if (store_network_next(m->store, n->tenant, &number, &count, e) < 0)
		return -1;
	if (count >= NETWORKS_MAX) {
		err_set(e, ERR_CONFLICT, "There are %lld networks already, and no more than %d may be", (long long)count,
		        NETWORKS_MAX);
		return err_code(e, "tenant_limit");
	}
	row_put_int(NETWORK, n, "number", number);
	return 0;
}

static bool
network_fill(const struct who *who, struct network *n)
{
	char id[UUID_SIZE];

	uuid_make(id);
	row_put_int(NETWORK, n, "created_at", model_now());
	row_put_int(NETWORK, n, "revision", 1);
	if (!n->kind && !row_put_text(NETWORK, n, "kind", "private"))
		return false;
	if (!n->tenant && !network_is_bridge(n) && !row_put_text(NETWORK, n, "tenant", who_tenant(who)))
		return false;
	if (!n->isolation && network_is_bridge(n) && !row_put_text(NETWORK, n, "isolation", "tenants"))
		return false;
	return row_put_text(NETWORK, n, "id", id);
}

int
network_create(struct model *m, const struct who *who, const struct network *body, bool dry_run, struct network *network_out,
               struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!record_copy(NETWORK, network_out, body) || !network_fill(who, network_out))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (txn_begin(&txn, m->store, e) < 0 || network_check(m, who, network_out, e) < 0 ||
	    network_check_new(m, network_out, e) < 0 || store_table_insert(m->store, TABLE_NETWORK, network_out, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

/* The host's are shown to tenants, and no more. */
static int
network_check_owner(const struct who *who, const struct network *n, struct err *e)
{
	if (!role_is_tenants(who->role) || n->tenant)
		return 0;
	return err_set(e, ERR_DENIED, "The network %s is the operator's", n->name);
}

int
network_change(struct model *m, const struct who *who, struct network *network, const struct network *patch, bool dry_run,
               struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (network_check_owner(who, network, e) < 0)
		return -1;
	if (!record_merge(NETWORK, network, patch))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(NETWORK, network, "revision", network->revision + 1);
	if (txn_begin(&txn, m->store, e) < 0 || network_check(m, who, network, e) < 0 ||
	    store_table_update(m->store, TABLE_NETWORK, network->id, network, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
network_delete(struct model *m, const struct who *who, const struct network *network, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int64_t used;

	if (network_check_owner(who, network, e) < 0 || txn_begin(&txn, m->store, e) < 0 ||
	    store_network_used(m->store, network->id, &used, e) < 0)
		return -1;
	if (used > 0) {
		err_set(e, ERR_CONFLICT, "The network %s has %lld container%s on it: detach them first", network->name,
		        (long long)used, used == 1 ? "" : "s");
		return err_code(e, "network_in_use");
	}
	if (store_table_delete(m->store, TABLE_NETWORK, network->id, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}
