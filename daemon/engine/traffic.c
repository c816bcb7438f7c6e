#include "daemon/engine/traffic.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/firewall_table.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/fd.h"

/* How many containers' counters are made in one transaction. */
enum { TRAFFIC_CHUNK = 64 };

/* What keeps the link itself going is nobody's bill; it is never forwarded. */
#define LINK_TYPES                                                                                                                 \
	"{ mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit, "                  \
	"nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect }"

/* %1$s is the table with its family, %2$s the generation; on a table that is there it changes nothing. */
static const char traffic_sets[] = "add table %1$s { comment \"%2$s\"; }\n"
                                   "add set %1$s free4 { type ipv4_addr; flags interval; auto-merge; }\n"
                                   "add set %1$s free6 { type ipv6_addr; flags interval; auto-merge; }\n"
                                   "flush table %1$s\n"
                                   "flush set %1$s free4\n"
                                   "flush set %1$s free6\n";

/* Where packets are seen for the last time, and which side of them is a container's. */
struct traffic_hook {
	const char *chain;
	const char *hook;
	bool link; /* what keeps the link going comes by there */
	bool out, in;
};
static const struct traffic_hook traffic_routed[] = {
	{ "forward", "forward", false, true, true },
	{ "input", "input", true, true, false },
	{ "output", "output", true, false, true },
};
static const struct traffic_hook traffic_bridged[] = {
	{ "arrival", "prerouting", true, true, false },
	{ "departure", "postrouting", true, false, true },
};

static bool
traffic_has_free(const struct settings *s, bool is6)
{
	for (size_t i = 0; i < s->traffic_free.n; i++)
		if (!strchr(s->traffic_free.v[i], ':') != is6)
			return true;
	return false;
}

/* An interface that isn't in a map ends its rule: nothing is counted. What isn't IP isn't, either. */
static void
traffic_put_rules(struct buf *out, const char *table, const char *chain, enum traffic_direction direction, const struct settings *s)
{
	const char *interface = direction == TRAFFIC_OUT ? "iifname" : "oifname",
	           *peer = direction == TRAFFIC_OUT ? "daddr" : "saddr";

	for (enum traffic_family f = TRAFFIC_IPV4; f < TRAFFIC_FAMILIES; f++) {
		const char *ip = f == TRAFFIC_IPV6 ? "ip6" : "ip", *paid = traffic_name(traffic_index(direction, f, TRAFFIC_PAID));
		const char *free = traffic_name(traffic_index(direction, f, TRAFFIC_FREE));

		if (!traffic_has_free(s, f == TRAFFIC_IPV6)) {
			buf_addf(out, "add rule %s %s meta protocol %s counter name %s map @%s\n", table, chain, ip, interface,
			         paid);
			continue;
		}
		buf_addf(out, "add rule %s %s %s %s != @free%c counter name %s map @%s\n", table, chain, ip, peer,
		         f == TRAFFIC_IPV6 ? '6' : '4', interface, paid);
		buf_addf(out, "add rule %s %s %s %s @free%c counter name %s map @%s\n", table, chain, ip, peer,
		         f == TRAFFIC_IPV6 ? '6' : '4', interface, free);
	}
}

static void
traffic_put_table(struct buf *out, const char *table, const char *generation, const struct traffic_hook *hooks, size_t n,
                  const struct settings *s)
{
	buf_addf(out, traffic_sets, table, generation);
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		buf_addf(out, "add map %s %s { type ifname : counter; }\n", table, traffic_name(i));
	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "add chain %s %s { type filter hook %s priority 300; }\n", table, hooks[i].chain, hooks[i].hook);
		if (hooks[i].link)
			buf_addf(out, "add rule %s %s icmpv6 type " LINK_TYPES " return\n", table, hooks[i].chain);
		if (hooks[i].out)
			traffic_put_rules(out, table, hooks[i].chain, TRAFFIC_OUT, s);
		if (hooks[i].in)
			traffic_put_rules(out, table, hooks[i].chain, TRAFFIC_IN, s);
	}
	for (size_t i = 0; i < s->traffic_free.n; i++)
		buf_addf(out, "add element %s free%c { %s }\n", table, strchr(s->traffic_free.v[i], ':') ? '6' : '4',
		         s->traffic_free.v[i]);
}

static const char *
traffic_counter_name(int64_t ctid, size_t index, char name[TRAFFIC_NAME])
{
	snprintf(name, TRAFFIC_NAME, "c%" PRId64 "_%s", ctid, traffic_name(index));
	return name;
}

/* Without free networks there is nothing that those counters could count: half of them all. */
static void
traffic_put_interface(struct nfnl_batch *b, const struct nfnl_table *t, int64_t ctid, const char *interface, bool free_too)
{
	char counter[TRAFFIC_NAME];
	struct nfnl_element counted = { .counter = counter };

	nfnl_value_add_ifname(&counted.key, interface);
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++) {
		if (!free_too && i % TRAFFIC_CLASSES == TRAFFIC_FREE)
			continue;
		nfnl_add_counter(b, t, traffic_counter_name(ctid, i, counter));
		nfnl_add_element(b, t, traffic_name(i), &counted);
	}
}

/* "delete" of what isn't there would undo the whole transaction: each is added first. The counters stay. */
static void
traffic_drop_interface(struct nfnl_batch *b, const struct nfnl_table *t, int64_t ctid, const char *interface)
{
	struct nfnl_element counted = { .chain = NULL };

	traffic_put_interface(b, t, ctid, interface, true);
	nfnl_value_add_ifname(&counted.key, interface);
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		nfnl_delete_element(b, t, traffic_name(i), &counted);
}

/* Those on bridges of the host's, by their index; a tenant's private networks are his own affair. */
static bool
traffic_find_bridged(const struct strv *nics, bool bridged_out[NIC_MAX + 1])
{
	bool any = false;
	struct nic nic;

	memset(bridged_out, 0, (NIC_MAX + 1) * sizeof *bridged_out);
	for (size_t i = 0; i < nics->n; i++)
		if (nic_parse(nics->v[i], &nic) && nic.kind == NIC_BRIDGE && nic.index <= NIC_MAX)
			any = bridged_out[nic.index] = true;
	return any;
}

/* had: an index may have been a bridge's before and be a private network's now. */
static void
traffic_put_nics(struct nfnl_batch *b, const struct nfnl_table *t, const struct settings *s, int64_t ctid,
                 const bool bridged[NIC_MAX + 1], bool had)
{
	char veth[IFNAMSIZ];

	for (int64_t index = 1; index <= NIC_MAX; index++) {
		nic_veth(s, ctid, index, veth);
		if (bridged[index])
			traffic_put_interface(b, t, ctid, veth, s->traffic_free.n > 0);
		else if (had)
			traffic_drop_interface(b, t, ctid, veth);
	}
}

struct traffic_restore {
	const struct settings *settings;
	const struct traffic_tables *tables;
	int nfnl;
	struct nfnl_batch batch;
	size_t n;
};

static int
traffic_restore_one(const struct place *place, void *arg, struct err *e)
{
	struct traffic_restore *r = arg;
	bool bridged[NIC_MAX + 1];

	traffic_put_interface(&r->batch, &r->tables->inet, place->ctid, place->veth, r->settings->traffic_free.n > 0);
	if (traffic_find_bridged(&place->nics, bridged))
		traffic_put_nics(&r->batch, &r->tables->bridge, r->settings, place->ctid, bridged, false);
	return ++r->n % TRAFFIC_CHUNK == 0 ? nfnl_commit(r->nfnl, &r->batch, e) : 0;
}

static int
traffic_restore(const struct settings *s, int nfnl, const struct traffic_tables *t, struct err *e)
{
	struct traffic_restore restore = { .settings = s, .nfnl = nfnl, .tables = t };
	int64_t high = 0;
	int rc = registry_file_scan(s, &high, traffic_restore_one, &restore, e);

	if (rc == 0)
		rc = nfnl_commit(nfnl, &restore.batch, e);
	nfnl_batch_clear(&restore.batch);
	return rc;
}

/* What there is of tables of which one is missing goes: what counts anew together is of one generation. */
static int
traffic_put_end(struct buf *out, const struct traffic_tables *t, int nfnl, struct err *e)
{
	const struct nfnl_table *const tables[] = { &t->inet, &t->bridge };
	char generation[UUID_SIZE];

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		int found = nfnl_read_comment(nfnl, tables[i], generation, sizeof generation, e);

		if (found < 0)
			return -1;
		if (found)
			buf_addf(out, "delete table %s %s\n", tables[i]->family == NFPROTO_BRIDGE ? "bridge" : "inet", t->name);
	}
	return 0;
}

static void
traffic_put_tables(struct buf *out, const struct traffic_tables *t, const char *generation, bool bridged, const struct settings *s)
{
	char inet[TRAFFIC_NAME + 8], bridge[TRAFFIC_NAME + 8];

	snprintf(inet, sizeof inet, "inet %s", t->name);
	snprintf(bridge, sizeof bridge, "bridge %s", t->name);
	traffic_put_table(out, inet, generation, traffic_routed, sizeof traffic_routed / sizeof *traffic_routed, s);
	buf_addf(out, "insert rule %2$s forward " FIREWALL_BRIDGED "\n", s->instance, inet);
	if (!bridged)
		return;
	traffic_put_table(out, bridge, generation, traffic_bridged, sizeof traffic_bridged / sizeof *traffic_bridged, s);
	buf_addf(out, "add counter %s bridged\n", inet);
}

/* bridged: also the bridges' table. */
static int
traffic_make_tables(const struct settings *s, bool bridged, struct err *e)
{
	char generation[UUID_SIZE];
	AUTO_BUF struct buf out = { 0 };
	int nfnl;
	struct traffic_tables t;
	bool had;
	int found;

	traffic_name_tables(&t, s->instance);
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	found = traffic_find(nfnl, &t, generation, &had, e);
	if (found < 0 || (!found && traffic_put_end(&out, &t, nfnl, e) < 0))
		return -1;
	if (!found)
		uuid_make(generation);
	traffic_put_tables(&out, &t, generation, bridged || (found && had), s);
	return firewall_run_text(&out, e) < 0 ? -1 : traffic_restore(s, nfnl, &t, e);
}

int
traffic_make(const struct settings *s, const struct net_needs *needs, struct err *e)
{
	return traffic_make_tables(s, needs->bridged, e);
}

int
traffic_cleanup(const char *instance, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	int nfnl;
	struct traffic_tables t;

	traffic_name_tables(&t, instance);
	if (nfnl_get(&nfnl, e) < 0 || traffic_put_end(&out, &t, nfnl, e) < 0)
		return -1;
	return out.len == 0 && !out.failed ? 0 : firewall_run_text(&out, e);
}

/* Whether the container has counters in the bridges' table. */
static int
traffic_has_bridged(int nfnl, const struct traffic_tables *t, int64_t ctid, struct err *e)
{
	char counter[TRAFFIC_NAME];

	return nfnl_find_counter(nfnl, &t->bridge, traffic_counter_name(ctid, 0, counter), e);
}

int
traffic_add(const struct spec *spec, struct err *e)
{
	const struct settings *s = &spec->settings;
	const int64_t ctid = spec->place.ctid;
	bool bridged[NIC_MAX + 1], any = traffic_find_bridged(&spec->config.nics, bridged);
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	struct err wrong = { 0 };
	int nfnl;
	struct net_needs needs;
	struct traffic_tables t;
	int has;

	traffic_name_tables(&t, s->instance);
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	has = traffic_has_bridged(nfnl, &t, ctid, e);
	if (has < 0)
		return -1;
	traffic_put_interface(&batch, &t.inet, ctid, spec->place.veth, s->traffic_free.n > 0);
	if (any || has)
		traffic_put_nics(&batch, &t.bridge, s, ctid, bridged, has);
	if (nfnl_send(nfnl, &batch, &wrong) == 0)
		return 0;
	/* The first on a bridge, or somebody has taken some of it away. */
	if (wrong.sys == ENOENT && (net_needs_find(s, &needs, e) < 0 || traffic_make_tables(s, any || needs.bridged, e) < 0))
		return -1;
	return nfnl_send(nfnl, &batch, e);
}

static void
traffic_forget_counters(struct nfnl_batch *b, const struct nfnl_table *t, int64_t ctid)
{
	char counter[TRAFFIC_NAME];

	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		nfnl_delete_counter(b, t, traffic_counter_name(ctid, i, counter));
}

/* Of both tables at once: nobody reads the one without the other. */
int
traffic_forget(const struct settings *s, int64_t ctid, struct err *e)
{
	static const bool none[NIC_MAX + 1];
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	char generation[UUID_SIZE], veth[32];
	int nfnl;
	struct traffic_tables t;
	bool bridged;
	int rc;

	traffic_name_tables(&t, s->instance);
	snprintf(veth, sizeof veth, "%s%" PRId64, s->instance, ctid);
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	rc = traffic_find(nfnl, &t, generation, &bridged, e);
	if (rc <= 0)
		return rc;
	rc = bridged ? traffic_has_bridged(nfnl, &t, ctid, e) : 0;
	if (rc < 0)
		return -1;
	traffic_drop_interface(&batch, &t.inet, ctid, veth);
	traffic_forget_counters(&batch, &t.inet, ctid);
	if (rc == 1) {
		traffic_put_nics(&batch, &t.bridge, s, ctid, none, true);
		traffic_forget_counters(&batch, &t.bridge, ctid);
	}
	return nfnl_commit(nfnl, &batch, e);
}
