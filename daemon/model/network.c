#include "daemon/model/network.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/model/ip_pool.h"
#include "daemon/util/buf.h"
#include "daemon/util/uuid.h"
#include "schema/check.h"

#define NETWORK (&network_schema)

static bool
network_is_bridge(const struct network *n)
{
	return strcmp(n->kind, "bridge") == 0;
}

static bool
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
static int
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

static bool
network_prefix_of(const struct network *n, const struct address *a, struct prefix *out)
{
	for (size_t i = 0; i < n->prefix.n; i++)
		if (prefix_parse(n->prefix.v[i], out) && prefix_contains(out, a))
			return true;
	return false;
}

static bool
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
	static const char *const of_bridges[] = { "gateway", "bridge", "vlan", "tenants" };

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

/* One word of `net` under work. */
struct network_order {
	struct model *m;
	const char *container;
	const struct network *network;
	const struct nic *held; /* on the same network so far, or NULL */
	struct nic nic;
};

static bool
network_order_has(const struct network_order *o, const struct address *a)
{
	for (size_t i = 0; i < o->nic.naddresses; i++)
		if (address_equal(&o->nic.addresses[i].base, a))
			return true;
	return false;
}

/* 1 it is this container's now, 0 somebody else's, -1. NULL: an interface without an address. */
static int
network_hold(struct network_order *o, const struct address *a, unsigned int length, struct err *e)
{
	struct store *s = o->m->store;
	char holder[37];
	int rc = store_network_holder(s, o->network->id, a, o->container, holder, e);

	if (rc == 1 && strcmp(holder, o->container) != 0)
		return 0;
	if (rc < 0 || (rc == 0 && store_network_hold(s, o->network->id, a, o->container, e) < 0))
		return -1;
	if (a && o->nic.naddresses == NIC_ADDRESSES_MAX)
		return err_param(e, "net", "an interface has at most %d addresses", NIC_ADDRESSES_MAX);
	if (a)
		o->nic.addresses[o->nic.naddresses++] = (struct prefix){ .base = *a, .length = length };
	return 1;
}

static int
network_take_chosen(struct network_order *o, const char *text, struct err *e)
{
	struct address a;
	struct prefix p;
	int rc;

	if (!address_parse(text, &a) || !network_prefix_of(o->network, &a, &p) || prefix_is_reserved(&p, &a))
		return err_param(e, "net", "%s is no address of the network %s", text, o->network->name);
	if (network_is_gateway(o->network, &a))
		return err_param(e, "net", "%s is a router of the network %s", text, o->network->name);
	if (network_order_has(o, &a))
		return err_param(e, "net", "%s is given twice", text);
	rc = network_hold(o, &a, p.length, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	err_set(e, ERR_CONFLICT, "The address %s of the network %s is another container's", text, o->network->name);
	return err_code(e, "address_taken");
}

static int
network_take_free(struct network_order *o, const struct prefix *p, struct err *e)
{
	struct address a;

	for (size_t i = 0; o->held && i < o->held->naddresses; i++)
		if (!o->held->dhcp && prefix_contains(p, &o->held->addresses[i].base))
			return network_hold(o, &o->held->addresses[i].base, p->length, e) < 0 ? -1 : 0;
	for (uint64_t n = 1; prefix_nth(p, n, &a); n++) {
		int rc = prefix_is_reserved(p, &a) || network_is_gateway(o->network, &a) ? 0 : network_hold(o, &a, p->length, e);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	err_set(e, ERR_NO_SPACE, "The network %s has no free address left", o->network->name);
	return err_code(e, "addresses_exhausted");
}

static int
network_take_dhcp(struct network_order *o, struct err *e)
{
	if (!network_is_bridge(o->network))
		return err_param(e, "net", "nobody answers DHCP on the private network %s", o->network->name);
	o->nic.dhcp = true;
	for (size_t i = 0; i < o->network->prefix.n; i++)
		if (prefix_parse(o->network->prefix.v[i], &o->nic.addresses[o->nic.naddresses]))
			o->nic.naddresses++;
	return network_hold(o, NULL, 0, e) < 0 ? -1 : 0;
}

static int
network_take_addresses(struct network_order *o, const char *words, struct err *e)
{
	char copy[NIC_TEXT_MAX], *save = NULL;
	struct prefix p;

	if (strcmp(words, "dhcp") == 0)
		return network_take_dhcp(o, e);
	snprintf(copy, sizeof copy, "%s", words);
	for (char *word = strtok_r(copy, "+", &save); word; word = strtok_r(NULL, "+", &save))
		if (network_take_chosen(o, word, e) < 0)
			return -1;
	for (size_t i = 0; !*words && i < o->network->prefix.n; i++)
		if (prefix_parse(o->network->prefix.v[i], &p) && network_take_free(o, &p, e) < 0)
			return -1;
	return o->nic.naddresses == 0 && network_hold(o, NULL, 0, e) < 0 ? -1 : 0;
}

static void
network_describe(struct network_order *o)
{
	const struct network *n = o->network;
	struct nic *nic = &o->nic;

	nic->kind = network_is_bridge(n) ? NIC_BRIDGE : NIC_PRIVATE;
	nic->number = n->number;
	nic->vlan = record_has(NETWORK, n, "vlan") ? n->vlan : 0;
	snprintf(nic->network, sizeof nic->network, "%s", n->id);
	snprintf(nic->bridge, sizeof nic->bridge, "%s", n->bridge ? n->bridge : "");
	for (size_t i = 0; i < n->gateway.n; i++)
		if (address_parse(n->gateway.v[i], &nic->gateways[nic->ngateways]))
			nic->ngateways++;
}

/* Its interfaces, parsed once. */
struct network_nics {
	struct nic v[NIC_MAX];
	size_t n;
};

static void
network_parse_nics(const struct strv *list, struct network_nics *out)
{
	for (size_t i = 0; list && i < list->n && out->n < NIC_MAX; i++)
		if (nic_parse(list->v[i], &out->v[out->n]))
			out->n++;
}

static const struct nic *
network_nic_on(const struct network_nics *nics, const char *network)
{
	for (size_t i = 0; i < nics->n; i++)
		if (strcmp(nics->v[i].network, network) == 0)
			return &nics->v[i];
	return NULL;
}

static bool
network_index_taken(const struct network_nics *nics, int64_t index)
{
	for (size_t i = 0; i < nics->n; i++)
		if (nics->v[i].index == index)
			return true;
	return false;
}

/* What it has keeps its name inside; another comes after. */
static int64_t
network_choose_index(const struct network_nics *held, const struct network_nics *taken)
{
	int64_t index = 1;

	while (network_index_taken(held, index) || network_index_taken(taken, index))
		index++;
	if (index > NIC_MAX)
		for (index = 1; network_index_taken(taken, index);)
			index++;
	return index;
}

static int
network_attach_word(struct network_order *o, const char *words, const struct network_nics *held, struct network_nics *taken,
                    struct err *e)
{
	o->held = network_nic_on(held, o->network->id);
	if (network_nic_on(taken, o->network->id))
		return err_param(e, "net", "the network %s is given twice", o->network->name);
	network_describe(o);
	if (network_take_addresses(o, words, e) < 0)
		return -1;
	o->nic.index = o->held ? o->held->index : network_choose_index(held, taken);
	taken->v[taken->n++] = o->nic;
	return 0;
}

/* Of the container's tenant, or a bridge of the host's that it may use; the host's roles attach to any of the host's. */
static int
network_take_word(struct model *m, const struct who *who, const struct container_config *config, const char *word,
                  const struct network_nics *held, struct network_nics *taken, struct err *e)
{
	struct network network = { 0 };
	struct network_order order = { .m = m, .container = config->id, .network = &network };
	const char *words;
	char name[41];
	int rc;

	if (!net_split(word, name, &words))
		return err_param(e, "net", "'%.60s' is no network", word);
	rc = network_look_up(m, config->tenant, name, &network, e);
	if (rc == 1 && !network.tenant && role_is_tenants(who->role) && !network_is_granted(&network, config->tenant) &&
	    !network_nic_on(held, network.id))
		rc = 0;
	if (rc == 0)
		err_param(e, "net", "there is no network '%s'", name);
	if (rc == 1)
		rc = network_attach_word(&order, words, held, taken, e);
	record_clear(NETWORK, &network);
	return err_is_set(e) || rc < 0 ? -1 : 0;
}

/* As it is shown: with the addresses that it has. */
static bool
network_put_word(const struct nic *nic, const char *word, struct strv *out)
{
	AUTO_BUF struct buf b = { 0 };
	char text[ADDRESS_TEXT_MAX];

	buf_addf(&b, "%.*s%s", (int)strcspn(word, ":"), word, nic->dhcp ? ":dhcp" : "");
	for (size_t i = 0; !nic->dhcp && i < nic->naddresses; i++)
		buf_addf(&b, "%c%s", i == 0 ? ':' : '+', address_format(&nic->addresses[i].base, text));
	return !b.failed && strv_add(out, b.data);
}

static int
network_put_nics(struct container_config *config, const struct network_nics *taken, struct err *e)
{
	struct strv net = { 0 }, nics = { 0 };
	char text[NIC_TEXT_MAX];
	bool ok = true;

	for (size_t i = 0; ok && i < taken->n; i++)
		ok = nic_format(&taken->v[i], text) && strv_add(&nics, text) &&
		     network_put_word(&taken->v[i], config->net.v[i], &net);
	strv_clear(&config->net);
	strv_clear(&config->nics);
	config->net = net;
	config->nics = nics;
	record_mark(&container_config_schema, config, "net", true);
	record_mark(&container_config_schema, config, "nics", true);
	return ok ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

int
network_assign(struct model *m, const struct who *who, struct container_config *config, const struct strv *held_list, struct err *e)
{
	struct network_nics held = { .n = 0 }, taken = { .n = 0 };

	/* One that is no network, or too many, is told by the field's own rule. */
	if (config->net.n > NIC_MAX)
		return 0;
	network_parse_nics(held_list, &held);
	for (size_t i = 0; i < config->net.n; i++)
		if (check_net(config->net.v[i]) || network_take_word(m, who, config, config->net.v[i], &held, &taken, e) < 0)
			return -1;
	return network_put_nics(config, &taken, e);
}

static int
network_settle_one(struct model *m, const char *container, const struct nic *nic, struct err *e)
{
	struct store *s = m->store;

	if (nic->dhcp || nic->naddresses == 0)
		return store_network_hold(s, nic->network, NULL, container, e);
	for (size_t i = 0; i < nic->naddresses; i++)
		if (store_network_hold(s, nic->network, &nic->addresses[i].base, container, e) < 0)
			return -1;
	return 0;
}

int
network_settle(struct model *m, const char *container, const struct strv *nics, struct err *e)
{
	struct network_nics has = { .n = 0 };

	if (store_network_clear(m->store, container, e) < 0)
		return -1;
	network_parse_nics(nics, &has);
	for (size_t i = 0; i < has.n; i++)
		if (network_settle_one(m, container, &has.v[i], e) < 0)
			return -1;
	return 0;
}

static bool
network_recall(const struct nic *nic, const char *word, const struct place *place, struct network *n)
{
	char text[ADDRESS_TEXT_MAX], prefix[ADDRESS_TEXT_MAX + 4], name[41];
	const char *rest;
	bool ok;

	if (!net_split(word, name, &rest))
		return false;
	ok = row_put_text(NETWORK, n, "id", nic->network) && row_put_text(NETWORK, n, "name", name) &&
	     row_put_text(NETWORK, n, "kind", nic->kind == NIC_BRIDGE ? "bridge" : "private");
	if (nic->kind == NIC_PRIVATE)
		ok = ok && row_put_text(NETWORK, n, "tenant", place->tenant);
	if (nic->bridge[0])
		ok = ok && row_put_text(NETWORK, n, "bridge", nic->bridge);
	if (nic->vlan > 0)
		row_put_int(NETWORK, n, "vlan", nic->vlan);
	row_put_int(NETWORK, n, "number", nic->number);
	row_put_int(NETWORK, n, "created_at", model_now());
	row_put_int(NETWORK, n, "revision", 1);
	for (size_t i = 0; ok && i < nic->naddresses; i++) {
		struct prefix p;

		snprintf(prefix, sizeof prefix, "%s/%u", address_format(&nic->addresses[i].base, text), nic->addresses[i].length);
		if (!prefix_parse(prefix, &p))
			continue;
		snprintf(prefix, sizeof prefix, "%s/%u", address_format(&p.base, text), p.length);
		ok = strv_contains(&n->prefix, prefix) || strv_add(&n->prefix, prefix);
	}
	record_mark(NETWORK, n, "prefix", n->prefix.n > 0);
	for (size_t i = 0; ok && i < nic->ngateways; i++)
		ok = strv_add(&n->gateway, address_format(&nic->gateways[i], text));
	record_mark(NETWORK, n, "gateway", n->gateway.n > 0);
	return ok;
}

static int
network_rebuild_one(struct model *m, const struct nic *nic, const char *word, const struct place *place, struct err *e)
{
	struct network known = { 0 }, made = { 0 };
	int rc = store_table_get(m->store, TABLE_NETWORK, nic->network, &known, e);

	if (rc == 0)
		rc = network_recall(nic, word, place, &made) ? store_table_insert(m->store, TABLE_NETWORK, &made, e)
		                                             : err_set(e, ERR_INTERNAL, "out of memory");
	record_clear(NETWORK, &known);
	record_clear(NETWORK, &made);
	return rc < 0 ? -1 : 0;
}

int
network_rebuild(struct model *m, const struct container_config *config, const struct place *place, struct err *e)
{
	char name[41];
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic))
			continue;
		/* Where the words are lost the number is a name. */
		snprintf(name, sizeof name, "net%lld", (long long)nic.number);
		if (network_rebuild_one(m, &nic, i < config->net.n ? config->net.v[i] : name, place, e) < 0)
			return -1;
	}
	return network_settle(m, place->id, &place->nics, e);
}
