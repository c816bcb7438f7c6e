#include "daemon/engine/firewall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/firewall_forward.h"
#include "daemon/engine/firewall_policy.h"
#include "daemon/engine/firewall_table.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/nic_firewall.h"
#include "daemon/engine/uplink.h"
#include "daemon/util/fd.h"

/*
 * %1$s is the instance. A set of interface names rather than a wildcard: an instance's name may begin another's. The mark is the
 * tenant's number while a packet between containers is judged, and 0 again afterwards. Established is what was let through once.
 *
 * At -300 nothing has been spent on the packet yet. At -199 its connection is known and no address is rewritten: who asks for an
 * address of the host means the host, even where somebody else's rule would send him on to a service. Of a connection that chain
 * sees what opens it alone, as all of its type; what is of none it doesn't see, nor would anybody translate that.
 */
static const char firewall_rules[] =
        "add set inet %1$s veths { type ifname; }\n"
        "add set inet %1$s src4 { type ifname . ipv4_addr; }\n"
        "add set inet %1$s src6 { type ifname . ipv6_addr; }\n"
        "add set inet %1$s source_prefixes { type ifname . ipv6_addr; flags interval; }\n"
        "add map inet %1$s tenant { type ifname : mark; }\n"
        "add map inet %1$s classes { type ifname : classid; }\n"
        "add set inet %1$s peer4 { type mark . ipv4_addr; }\n"
        "add set inet %1$s peer6 { type mark . ipv6_addr; }\n"
        "add set inet %1$s peer_prefixes { type mark . ipv6_addr; flags interval; }\n"
        "add set inet %1$s private4 { type ipv4_addr; flags interval; auto-merge; }\n"
        "add set inet %1$s private6 { type ipv6_addr; flags interval; auto-merge; }\n"
        "add set inet %1$s closed4 { type ipv4_addr; flags interval; auto-merge; }\n"
        "add set inet %1$s closed6 { type ipv6_addr; flags interval; auto-merge; }\n"
        "add counter inet %1$s spoofed\n"
        "add counter inet %1$s refused\n"
        "add chain inet %1$s sender\n"
        "add rule inet %1$s sender iifname . ip6 saddr @source_prefixes return\n"
        /* Somebody who looks for DHCP or reports multicast groups forges nothing. */
        "add rule inet %1$s sender ip saddr 0.0.0.0 drop\n"
        "add rule inet %1$s sender ip6 saddr { ::, fe80::/10 } icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, "
        "nd-router-solicit, echo-request, echo-reply } return\n"
        "add rule inet %1$s sender ip6 saddr { ::, fe80::/10 } drop\n"
        "add rule inet %1$s sender counter name spoofed drop\n"
        /* Each look-up is a tenth of a microsecond: whom it doesn't concern leaves by his name, whom it does by one. */
        "add chain inet %1$s prerouting { type filter hook prerouting priority -300; }\n"
        "add rule inet %1$s prerouting iifname != \"%1$s*\" accept\n"
        "add rule inet %1$s prerouting iifname . ip saddr @src4 accept\n"
        "add rule inet %1$s prerouting iifname . ip6 saddr @src6 accept\n"
        "add rule inet %1$s prerouting iifname @veths jump sender\n"
        "add chain inet %1$s to_host\n"
        "add rule inet %1$s to_host icmp type redirect drop\n"
        "add rule inet %1$s to_host ct state established,related accept\n"
        "add rule inet %1$s to_host icmp type echo-request accept\n"
        "add rule inet %1$s to_host icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } "
        "accept\n"
        "add rule inet %1$s to_host counter name refused drop\n"
        "add chain inet %1$s to_address\n"
        "add rule inet %1$s to_address jump forwarded\n"
        "add rule inet %1$s to_address jump to_host\n"
        "add chain inet %1$s host_address { type nat hook prerouting priority -199; }\n"
        "add rule inet %1$s host_address ct state new iifname @veths fib daddr type { local, broadcast, anycast } jump "
        "to_address\n"
        /* What `to_host` has let in once; an error's message, which may tell of another way, is related. */
        "add chain inet %1$s input { type filter hook input priority -5; }\n"
        "add rule inet %1$s input ct state established accept\n"
        "add rule inet %1$s input iifname @veths jump to_host\n"
        "add chain inet %1$s between\n"
        "add rule inet %1$s between meta mark set iifname map @tenant\n"
        "add rule inet %1$s between meta mark . ip daddr @peer4 meta mark set 0 return\n"
        "add rule inet %1$s between meta mark . ip6 daddr @peer6 meta mark set 0 return\n"
        "add rule inet %1$s between meta mark . ip6 daddr @peer_prefixes meta mark set 0 return\n"
        "add rule inet %1$s between counter name refused drop\n"
        "add chain inet %1$s icmp6\n"
        "add rule inet %1$s icmp6 icmpv6 type != { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, "
        "echo-request, echo-reply } counter name refused drop\n"
        "add chain inet %1$s from_container\n"
        "add rule inet %1$s from_container ip daddr @closed4 counter name refused drop\n"
        "add rule inet %1$s from_container ip6 daddr @closed6 counter name refused drop\n"
        "add rule inet %1$s from_container meta l4proto ipv6-icmp jump icmp6\n"
        /* Of no connection: nobody would translate it. */
        "add rule inet %1$s from_container ip saddr @private4 ct state invalid drop\n"
        "add rule inet %1$s from_container ip6 saddr @private6 ct state invalid drop\n"
        /* A port of the host that is another container's is open to all, as it is to the internet. */
        "add rule inet %1$s from_container ct status dnat ip daddr . meta l4proto . th dport @forwarded4 return\n"
        "add rule inet %1$s from_container ct status dnat ip6 daddr . meta l4proto . th dport @forwarded6 return\n"
        "add rule inet %1$s from_container ip daddr @private4 jump between\n"
        "add rule inet %1$s from_container ip6 daddr @private6 jump between\n"
        /* What comes from elsewhere, other instances' containers among it; options add the last rule. */
        "add chain inet %1$s outside\n"
        "add chain inet %1$s to_container\n"
        "add rule inet %1$s to_container ip saddr @private4 counter name spoofed drop\n"
        "add rule inet %1$s to_container ip6 saddr @private6 counter name spoofed drop\n"
        "add rule inet %1$s to_container meta l4proto ipv6-icmp jump icmp6\n"
        "add rule inet %1$s to_container jump outside\n"
        "add chain inet %1$s forward { type filter hook forward priority -5; }\n"
        "add rule inet %1$s forward ct state established,related accept\n"
        "add rule inet %1$s forward " FIREWALL_BRIDGED "\n"
        "add rule inet %1$s forward iifname @veths jump from_container\n"
        "add rule inet %1$s forward iifname != @veths oifname @veths jump to_container\n"
        "add chain inet %1$s nat { type nat hook postrouting priority 100; }\n"
        "add set arp %1$s veths { type ifname; }\n"
        "add set arp %1$s src4 { type ifname . ipv4_addr; }\n"
        "add chain arp %1$s input { type filter hook input priority 0; }\n"
        "add rule arp %1$s input iifname @veths iifname . arp saddr ip != @src4 counter drop\n";

/*
 * Never reachable from a container: "this network", loopback, link-local and with it metadata, multicast that the host might route,
 * reserved. AWS, Google and Alibaba have metadata elsewhere as well.
 */
static const char *const closed4[] = { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "224.0.0.0/3" };
static const char *const closed6[] = {
	"::/127", "::ffff:0:0/96", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128"
};

/* Whose elements come and go with containers. */
static const char *const firewall_sets[] = {
	"veths",       "src4",        "src6",       "source_prefixes", "tenant",
	"classes",     "peer4",       "peer6",      "peer_prefixes",   "nic_macs",
	"bounced",     "policy_in",   "policy_out", "forward4",        "forward6",
	"forward_on4", "forward_on6", "forwarded4", "forwarded6",      "port4",
	"port6",       "port_on4",    "port_on6",   "hairpin",         NULL,
};
static const char *const firewall_arp_sets[] = { "veths", "src4", NULL };

/* The two tables of an instance. */
struct firewall_pair {
	struct nfnl_table inet, arp;
};

static struct firewall_pair
firewall_pair(const struct settings *s)
{
	return (struct firewall_pair){ .inet = { NFPROTO_INET, s->instance }, .arp = { NFPROTO_ARP, s->instance } };
}

static bool
firewall_is6(const char *text)
{
	return strchr(text, ':') != NULL;
}

static void
firewall_put_prefix(struct buf *out, const struct settings *s, const char *set, const char *prefix)
{
	buf_addf(out, "add element inet %s %s%c { %s }\n", s->instance, set, firewall_is6(prefix) ? '6' : '4', prefix);
}

/* What the options decide. */
static void
firewall_put_options(struct buf *out, const struct settings *s)
{
	static const char *const option_sets[] = { "closed4", "closed6", "private4", "private6" };

	for (size_t i = 0; i < sizeof option_sets / sizeof *option_sets; i++)
		buf_addf(out, "flush set inet %s %s\n", s->instance, option_sets[i]);
	for (size_t i = 0; i < sizeof closed4 / sizeof *closed4; i++)
		firewall_put_prefix(out, s, "closed", closed4[i]);
	for (size_t i = 0; i < sizeof closed6 / sizeof *closed6; i++)
		firewall_put_prefix(out, s, "closed", closed6[i]);
	for (size_t i = 0; i < s->management.n; i++)
		firewall_put_prefix(out, s, "closed", s->management.v[i]);
	firewall_put_prefix(out, s, "private", s->subnet4);
	firewall_put_prefix(out, s, "private", s->subnet6);
	/* Whoever set a priority inside: by the uplink a packet goes in its container's class. */
	if (s->uplink && *s->uplink)
		buf_addf(out,
		         "add chain inet %1$s uplink { type filter hook forward priority 200; }\n"
		         "add rule inet %1$s uplink oifname \"%2$s\" meta priority set iifname map @classes\n",
		         s->instance, s->uplink);
	if (!s->nat)
		return;
	/* A private address behind translation isn't for others; a connection that a rule sent there is. */
	buf_addf(out, "add rule inet %s outside ip daddr @private4 ct status ! dnat counter name refused drop\n", s->instance);
	buf_addf(out, "add rule inet %s outside ip6 daddr @private6 ct status ! dnat counter name refused drop\n", s->instance);
	buf_addf(out, "add rule inet %s nat ip saddr %s oifname != @veths masquerade\n", s->instance, s->subnet4);
	buf_addf(out, "add rule inet %s nat ip6 saddr %s oifname != @veths masquerade\n", s->instance, s->subnet6);
}

typedef void firewall_do(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element);

/* What is added, or goes: the container's interface with that address. */
static struct nfnl_element
firewall_source(const char *veth, const struct address *a)
{
	struct nfnl_element element = { .chain = NULL };

	nfnl_value_add_ifname(&element.key, veth);
	nfnl_value_add_address(&element.key, a);
	return element;
}

static void
firewall_do_prefix(struct nfnl_batch *b, const struct nfnl_table *t, firewall_do *act, const struct place *place,
                   const struct prefix *p)
{
	struct nfnl_element source = firewall_source(place->veth, &p->base), peer = { .chain = NULL };
	uint32_t mark = (uint32_t)place->tenant_number;

	nfnl_value_add_ifname(&source.last, place->veth);
	nfnl_value_add_last(&source.last, p);
	act(b, t, "source_prefixes", &source);
	nfnl_value_add_ordered_mark(&peer.key, mark);
	nfnl_value_add_first(&peer.key, p);
	nfnl_value_add_ordered_mark(&peer.last, mark);
	nfnl_value_add_last(&peer.last, p);
	act(b, t, "peer_prefixes", &peer);
}

static void
firewall_do_address(struct nfnl_batch *b, const struct settings *s, firewall_do *act, const struct place *place, const char *ip)
{
	const struct firewall_pair t = firewall_pair(s);
	struct nfnl_element source, peer = { .chain = NULL };
	struct prefix held;

	/* What doesn't parse has been refused before. */
	if (!address_parse_held(ip, &held))
		return;
	if (strchr(ip, '/')) {
		firewall_do_prefix(b, &t.inet, act, place, &held);
		return;
	}
	source = firewall_source(place->veth, &held.base);
	nfnl_value_add_mark(&peer.key, (uint32_t)place->tenant_number);
	nfnl_value_add_address(&peer.key, &held.base);
	act(b, &t.inet, firewall_is6(ip) ? "src6" : "src4", &source);
	act(b, &t.inet, firewall_is6(ip) ? "peer6" : "peer4", &peer);
	if (!firewall_is6(ip))
		act(b, &t.arp, "src4", &source);
}

static void
firewall_do_veth(struct nfnl_batch *b, const struct settings *s, firewall_do *act, const struct place *place)
{
	const struct firewall_pair t = firewall_pair(s);
	uint32_t class = uplink_class(s, place);
	struct nfnl_element veth = { .chain = NULL }, tenant, classed;

	nfnl_value_add_ifname(&veth.key, place->veth);
	tenant = classed = veth;
	nfnl_value_add_mark(&tenant.data, (uint32_t)place->tenant_number);
	nfnl_value_add_mark(&classed.data, class);
	act(b, &t.inet, "veths", &veth);
	act(b, &t.arp, "veths", &veth);
	act(b, &t.inet, "tenant", &tenant);
	if (class != 0)
		act(b, &t.inet, "classes", &classed);
}

/* The port that the container's routed interface is for its own rules. */
enum { FIREWALL_PORT_NAME = 24 };

static struct policy_port
firewall_port(const struct nfnl_table *t, const struct place *place, char name[FIREWALL_PORT_NAME])
{
	snprintf(name, FIREWALL_PORT_NAME, "%lld", (long long)place->ctid);
	return (struct policy_port){ .table = t, .interface = place->veth, .name = name };
}

/* The container's own rules and forwards; `old` as of firewall_policy_put(). */
static void
firewall_put_own(struct nfnl_batch *b, const struct settings *s, const struct policy_port *port, const struct place *old,
                 const struct place *place)
{
	firewall_policy_put(b, port, s, old, place);
	firewall_forward_put(b, port->table, old, place);
}

static void
firewall_put_container(struct nfnl_batch *b, const struct settings *s, const struct place *place, const struct strv *ip)
{
	const struct firewall_pair t = firewall_pair(s);
	char name[FIREWALL_PORT_NAME];
	const struct policy_port port = firewall_port(&t.inet, place, name);

	firewall_do_veth(b, s, nfnl_add_element, place);
	for (size_t i = 0; i < ip->n; i++)
		firewall_do_address(b, s, nfnl_add_element, place, ip->v[i]);
	firewall_put_own(b, s, &port, NULL, place);
}

static int
firewall_put_place(struct nfnl_batch *b, const struct settings *s, const struct place *place, struct err *e)
{
	firewall_put_container(b, s, place, &place->ip);
	nic_firewall_put_place(b, s, place);
	(void)e;
	return 0;
}

static int
firewall_take_interfaces(const struct settings *s, const struct place *place, struct strv *out, struct err *e)
{
	(void)s;
	return strv_add(out, place->veth) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
firewall_hook_policies(const struct settings *s, struct err *e)
{
	const struct nfnl_table inet = { NFPROTO_INET, s->instance };

	return firewall_policy_hook_up(&inet, "policy_output", firewall_policy_hook, e);
}

int
firewall_make(const struct settings *s, const struct net_needs *needs, struct err *e)
{
	const struct firewall_table v[] = {
		{ { NFPROTO_INET, s->instance }, firewall_sets, firewall_policy_is_chain },
		{ { NFPROTO_ARP, s->instance }, firewall_arp_sets, NULL },
	};
	struct firewall_tables tables = { s, v, sizeof v / sizeof *v, NULL, firewall_put_place, firewall_take_interfaces };
	AUTO_BUF struct buf text = { 0 };
	int judged;

	firewall_forward_begin(&text, s->instance);
	buf_addf(&text, firewall_rules, s->instance);
	nic_firewall_put_inet(&text, s);
	firewall_put_options(&text, s);
	firewall_policy_begin(&text, s->instance);
	if (needs->judged)
		firewall_policy_hook(&text, s->instance);
	tables.text = text.data;
	if (text.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (firewall_tables_make(&tables, e) < 0)
		return -1;
	/* Somebody may have got the first rules meanwhile, and found the hooks that this took away. */
	judged = needs->judged ? 0 : firewall_policy_is_there(&v[0].table, e);
	return judged > 0 ? firewall_hook_policies(s, e) : judged;
}

int
firewall_cleanup(const char *instance, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	buf_addf(&out, "add table inet %1$s\ndelete table inet %1$s\nadd table arp %1$s\ndelete table arp %1$s\n", instance);
	return firewall_run_text(&out, e);
}

bool
firewall_is_whole(const struct settings *s)
{
	const struct firewall_pair t = firewall_pair(s);

	return firewall_table_is_whole(&t.inet, "nat") && firewall_table_is_whole(&t.arp, "input");
}

int
firewall_make_again(const struct settings *s, struct err *e)
{
	struct net_needs needs;

	return net_needs_find(s, &needs, e) < 0 ? -1 : firewall_make(s, &needs, e);
}

/* One change: from what was to what is to be. */
struct firewall_step {
	const struct settings *settings;
	const struct place *old, *place;
	const struct strv *old_ip, *ip;
	bool takes_away; /* the interface; or chains that aren't needed any more */
};
typedef void firewall_put(struct nfnl_batch *b, const struct firewall_step *step, const struct policy_port *port);

static int
firewall_try(int nfnl, const struct firewall_step *step, firewall_put *put, const struct policy_port *port, struct err *e)
{
	AUTO_BATCH struct nfnl_batch batch = { 0 };

	put(&batch, step, port);
	return nfnl_commit(nfnl, &batch, e);
}

/*
 * Where somebody has changed a part of it nothing of what was found can be relied on. Where a table or a set is gone what is
 * registered comes back first; one process makes it, and the others wait.
 */
static int
firewall_run(const struct firewall_step *step, firewall_put *put, struct err *e)
{
	const struct firewall_pair t = firewall_pair(step->settings);
	char name[FIREWALL_PORT_NAME];
	struct policy_port port = firewall_port(&t.inet, step->place, name);
	AUTO_CLOSE int lock = -1;
	struct err wrong = { 0 };
	int nfnl;

	if (nfnl_get(&nfnl, e) < 0 || (step->takes_away && firewall_policy_look(nfnl, &port, e) < 0))
		return -1;
	if (firewall_try(nfnl, step, put, &port, NULL) == 0)
		return 0;
	port.known = false;
	if (nic_lock(step->settings, &lock, e) < 0)
		return -1;
	if (firewall_try(nfnl, step, put, &port, &wrong) == 0)
		return 0;
	if (wrong.sys == ENOENT && firewall_make_again(step->settings, e) < 0)
		return -1;
	return firewall_try(nfnl, step, put, &port, e);
}

/* Rules that nothing leads to judge nothing: whoever has some sees to it after each change. */
static int
firewall_hook(const struct settings *s, const struct place *place, struct err *e)
{
	if (!firewall_policy_judges(place))
		return 0;
	return firewall_hook_policies(s, e) < 0 ? -1 : nic_firewall_hook_policies(s, place, e);
}

static void
firewall_put_addition(struct nfnl_batch *b, const struct firewall_step *step, const struct policy_port *port)
{
	(void)port;
	firewall_put_container(b, step->settings, step->place, step->ip);
}

int
firewall_add(const struct settings *s, const struct place *place, const struct strv *ip, struct err *e)
{
	const struct firewall_step step = { .settings = s, .place = place, .ip = ip };

	return firewall_run(&step, firewall_put_addition, e) < 0 ? -1 : firewall_hook(s, place, e);
}

static void
firewall_put_change(struct nfnl_batch *b, const struct firewall_step *step, const struct policy_port *port)
{
	const struct settings *s = step->settings;
	const struct place *place = step->place;

	for (size_t i = 0; i < step->old_ip->n; i++)
		if (!strv_contains(step->ip, step->old_ip->v[i]))
			firewall_do_address(b, s, nfnl_drop_element, place, step->old_ip->v[i]);
	for (size_t i = 0; i < step->ip->n; i++)
		firewall_do_address(b, s, nfnl_add_element, place, step->ip->v[i]);
	if (!step->takes_away)
		return;
	firewall_do_veth(b, s, nfnl_drop_element, place);
	firewall_policy_drop(b, port);
	firewall_forward_drop(b, port->table, place);
}

int
firewall_change(const struct settings *s, const struct place *place, const struct strv *old, const struct strv *ip, bool veth,
                struct err *e)
{
	const struct firewall_step step = { .settings = s, .place = place, .old_ip = old, .ip = ip, .takes_away = veth };

	return firewall_run(&step, firewall_put_change, e);
}

static void
firewall_put_policy(struct nfnl_batch *b, const struct firewall_step *step, const struct policy_port *port)
{
	firewall_put_own(b, step->settings, port, step->old, step->place);
	nic_firewall_put_policy(b, step->settings, step->old, step->place);
}

int
firewall_set_policy(const struct settings *s, const struct place *old, const struct place *place, struct err *e)
{
	const struct firewall_step step = { .settings = s, .old = old, .place = place, .takes_away = true };

	return firewall_run(&step, firewall_put_policy, e) < 0 ? -1 : firewall_hook(s, place, e);
}
