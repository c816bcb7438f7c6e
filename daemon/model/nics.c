#include "daemon/model/nics.h"

#include <stdio.h>
#include <string.h>

#include "daemon/model/network.h"
#include "daemon/util/buf.h"
#include "schema/check.h"

#define NETWORK (&network_schema)

/* One word of `net` under work. */
struct nics_order {
	struct model *m;
	const char *container;
	const struct network *network;
	const struct nic *held; /* on the same network so far, or NULL */
	struct nic nic;
};

static bool
nics_order_has(const struct nics_order *o, const struct address *a)
{
	for (size_t i = 0; i < o->nic.naddresses; i++)
		if (address_equal(&o->nic.addresses[i].base, a))
			return true;
	return false;
}

/* 1 it is this container's now, 0 somebody else's, -1. NULL: an interface without an address. */
static int
nics_hold(struct nics_order *o, const struct address *a, unsigned int length, struct err *e)
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
nics_take_chosen(struct nics_order *o, const char *text, struct err *e)
{
	struct address a;
	struct prefix p;
	int rc;

	if (!address_parse(text, &a) || !network_prefix_of(o->network, &a, &p) || prefix_is_reserved(&p, &a))
		return err_param(e, "net", "%s is no address of the network %s", text, o->network->name);
	if (network_is_gateway(o->network, &a))
		return err_param(e, "net", "%s is a router of the network %s", text, o->network->name);
	if (nics_order_has(o, &a))
		return err_param(e, "net", "%s is given twice", text);
	rc = nics_hold(o, &a, p.length, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	err_set(e, ERR_CONFLICT, "The address %s of the network %s is another container's", text, o->network->name);
	return err_code(e, "address_taken");
}

static int
nics_take_free(struct nics_order *o, const struct prefix *p, struct err *e)
{
	struct address a;

	for (size_t i = 0; o->held && i < o->held->naddresses; i++)
		if (!o->held->dhcp && prefix_contains(p, &o->held->addresses[i].base))
			return nics_hold(o, &o->held->addresses[i].base, p->length, e) < 0 ? -1 : 0;
	for (uint64_t n = 1; prefix_nth(p, n, &a); n++) {
		int rc = prefix_is_reserved(p, &a) || network_is_gateway(o->network, &a) ? 0 : nics_hold(o, &a, p->length, e);

		if (rc != 0)
			return rc < 0 ? -1 : 0;
	}
	err_set(e, ERR_NO_SPACE, "The network %s has no free address left", o->network->name);
	return err_code(e, "addresses_exhausted");
}

static int
nics_take_dhcp(struct nics_order *o, struct err *e)
{
	if (!network_is_bridge(o->network))
		return err_param(e, "net", "nobody answers DHCP on the private network %s", o->network->name);
	o->nic.dhcp = true;
	for (size_t i = 0; i < o->network->prefix.n; i++)
		if (prefix_parse(o->network->prefix.v[i], &o->nic.addresses[o->nic.naddresses]))
			o->nic.naddresses++;
	return nics_hold(o, NULL, 0, e) < 0 ? -1 : 0;
}

static int
nics_take_addresses(struct nics_order *o, const char *words, struct err *e)
{
	char copy[NIC_TEXT_MAX], *save = NULL;
	struct prefix p;

	if (strcmp(words, "dhcp") == 0)
		return nics_take_dhcp(o, e);
	snprintf(copy, sizeof copy, "%s", words);
	for (char *word = strtok_r(copy, "+", &save); word; word = strtok_r(NULL, "+", &save))
		if (nics_take_chosen(o, word, e) < 0)
			return -1;
	for (size_t i = 0; !*words && i < o->network->prefix.n; i++)
		if (prefix_parse(o->network->prefix.v[i], &p) && nics_take_free(o, &p, e) < 0)
			return -1;
	return o->nic.naddresses == 0 && nics_hold(o, NULL, 0, e) < 0 ? -1 : 0;
}

static void
nics_describe(struct nics_order *o)
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
struct nics {
	struct nic v[NIC_MAX];
	size_t n;
};

static void
nics_parse(const struct strv *list, struct nics *out)
{
	for (size_t i = 0; list && i < list->n && out->n < NIC_MAX; i++)
		if (nic_parse(list->v[i], &out->v[out->n]))
			out->n++;
}

static const struct nic *
nics_find(const struct nics *nics, const char *network)
{
	for (size_t i = 0; i < nics->n; i++)
		if (strcmp(nics->v[i].network, network) == 0)
			return &nics->v[i];
	return NULL;
}

static bool
nics_has_index(const struct nics *nics, int64_t index)
{
	for (size_t i = 0; i < nics->n; i++)
		if (nics->v[i].index == index)
			return true;
	return false;
}

/* What it has keeps its name inside; another comes after. */
static int64_t
nics_choose_index(const struct nics *held, const struct nics *taken)
{
	int64_t index = 1;

	while (nics_has_index(held, index) || nics_has_index(taken, index))
		index++;
	if (index > NIC_MAX)
		for (index = 1; nics_has_index(taken, index);)
			index++;
	return index;
}

static int
nics_attach(struct nics_order *o, const char *words, const struct nics *held, struct nics *taken, struct err *e)
{
	o->held = nics_find(held, o->network->id);
	if (nics_find(taken, o->network->id))
		return err_param(e, "net", "the network %s is given twice", o->network->name);
	nics_describe(o);
	if (nics_take_addresses(o, words, e) < 0)
		return -1;
	o->nic.index = o->held ? o->held->index : nics_choose_index(held, taken);
	taken->v[taken->n++] = o->nic;
	return 0;
}

/* Of the container's tenant, or a bridge of the host's that it may use; the host's roles attach to any of the host's. */
static int
nics_take_word(struct model *m, const struct who *who, const struct container_config *config, const char *word,
               const struct nics *held, struct nics *taken, struct err *e)
{
	struct network network = { 0 };
	struct nics_order order = { .m = m, .container = config->id, .network = &network };
	const char *words;
	char name[41];
	int rc;

	if (!net_split(word, name, &words))
		return err_param(e, "net", "'%.60s' is no network", word);
	rc = network_look_up(m, config->tenant, name, &network, e);
	if (rc == 1 && !network.tenant && role_is_tenants(who->role) && !network_is_granted(&network, config->tenant) &&
	    !nics_find(held, network.id))
		rc = 0;
	if (rc == 0)
		err_param(e, "net", "there is no network '%s'", name);
	if (rc == 1)
		rc = nics_attach(&order, words, held, taken, e);
	record_clear(NETWORK, &network);
	return err_is_set(e) || rc < 0 ? -1 : 0;
}

/* As it is shown: with the addresses that it has. */
static bool
nics_put_word(const struct nic *nic, const char *word, struct strv *out)
{
	AUTO_BUF struct buf b = { 0 };
	char text[ADDRESS_TEXT_MAX];

	buf_addf(&b, "%.*s%s", (int)strcspn(word, ":"), word, nic->dhcp ? ":dhcp" : "");
	for (size_t i = 0; !nic->dhcp && i < nic->naddresses; i++)
		buf_addf(&b, "%c%s", i == 0 ? ':' : '+', address_format(&nic->addresses[i].base, text));
	return !b.failed && strv_add(out, b.data);
}

static int
nics_put(struct container_config *config, const struct nics *taken, struct err *e)
{
	struct strv net = { 0 }, nics = { 0 };
	char text[NIC_TEXT_MAX];
	bool ok = true;

	for (size_t i = 0; ok && i < taken->n; i++)
		ok = nic_format(&taken->v[i], text) && strv_add(&nics, text) && nics_put_word(&taken->v[i], config->net.v[i], &net);
	strv_clear(&config->net);
	strv_clear(&config->nics);
	config->net = net;
	config->nics = nics;
	record_mark(&container_config_schema, config, "net", true);
	record_mark(&container_config_schema, config, "nics", true);
	return ok ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

int
nics_assign(struct model *m, const struct who *who, struct container_config *config, const struct strv *held_list, struct err *e)
{
	struct nics held = { .n = 0 }, taken = { .n = 0 };

	/* One that is no network, or too many, is told by the field's own rule. */
	if (config->net.n > NIC_MAX)
		return 0;
	nics_parse(held_list, &held);
	for (size_t i = 0; i < config->net.n; i++)
		if (check_net(config->net.v[i]) || nics_take_word(m, who, config, config->net.v[i], &held, &taken, e) < 0)
			return -1;
	return nics_put(config, &taken, e);
}

int
nics_settle(struct model *m, const char *container, const struct strv *nics, struct err *e)
{
	struct nics has = { .n = 0 };

	nics_parse(nics, &has);
	return store_network_settle(m->store, container, has.v, has.n, e);
}

static bool
nics_recall_network(const struct nic *nic, const char *word, const struct place *place, struct network *n)
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
	/* Nobody knows any more: apart is what can be undone. */
	if (nic->kind == NIC_BRIDGE)
		ok = ok && row_put_text(NETWORK, n, "isolation", "tenants");
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
nics_rebuild_network(struct model *m, const struct nic *nic, const char *word, const struct place *place, struct err *e)
{
	struct network known = { 0 }, made = { 0 };
	int rc = store_table_get(m->store, TABLE_NETWORK, nic->network, &known, e);

	if (rc == 0)
		rc = nics_recall_network(nic, word, place, &made) ? store_table_insert(m->store, TABLE_NETWORK, &made, e)
		                                                  : err_set(e, ERR_INTERNAL, "out of memory");
	record_clear(NETWORK, &known);
	record_clear(NETWORK, &made);
	return rc < 0 ? -1 : 0;
}

int
nics_rebuild(struct model *m, const struct container_config *config, const struct place *place, struct err *e)
{
	char name[41];
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic))
			continue;
		/* Where the words are lost the number is a name. */
		snprintf(name, sizeof name, "net%lld", (long long)nic.number);
		if (nics_rebuild_network(m, &nic, i < config->net.n ? config->net.v[i] : name, place, e) < 0)
			return -1;
	}
	return nics_settle(m, place->id, &place->nics, e);
}
