#include "daemon/engine/nic_firewall.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <string.h>

#include "daemon/engine/firewall.h"
#include "daemon/engine/firewall_table.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/firewall_policy.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/nic_isolation.h"
#include "daemon/engine/nic_lease.h"
#include "daemon/engine/nic_policy.h"
#include "daemon/util/fd.h"

/*
 * %1$s is the instance. No interface's packets skip `port`, which ends with a drop, but what it would accept. A neighbour's
 * discovery in fragments is none (RFC 6980), a first fragment holds all headers (RFC 7112); the target of a solicitation or an
 * advertisement stands at a fixed place. What an interface sends to its bridge itself is for the host: on a bridge of Berth's own
 * that is nobody.
 *
 * held: what others have on the same bridge, or who routes there, is no lease; of IPv4 what a server gave is one (nic_lease.h), of
 * IPv6, where an interface makes itself addresses, any other. The mark tells networks apart, and is 0 again afterwards.
 */
static const char nic_rules[] =
        "add counter bridge %1$s spoofed\n"
        "add counter bridge %1$s refused\n"
        "add set bridge %1$s ports { type ifname; }\n"
        "add set bridge %1$s inner { type ifname; }\n"
        "add set bridge %1$s dhcp { type ifname; }\n"
        "add set bridge %1$s macs { type ifname . ether_addr; }\n"
        "add set bridge %1$s own4 { type ifname . ipv4_addr; }\n"
        "add set bridge %1$s own6 { type ifname . ipv6_addr; }\n"
        "add set bridge %1$s common4 { type ifname . ether_addr . ether_type . ipv4_addr; }\n"
        "add set bridge %1$s common6 { type ifname . ether_addr . ether_type . ipv6_addr; }\n"
        "add set bridge %1$s targets { typeof iifname . @th,64,128; }\n"
        "add map bridge %1$s network { type ifname : mark; }\n"
        "add set bridge %1$s held4 { type mark . ipv4_addr; }\n"
        "add set bridge %1$s held6 { type mark . ipv6_addr; }\n"
        "add set bridge %1$s routers4 { type ifname . ipv4_addr; }\n"
        "add set bridge %1$s routers6 { type ifname . ipv6_addr; }\n"
        "add set bridge %1$s leased4 { type ifname . ipv4_addr; flags interval; }\n"
        "add set bridge %1$s leased6 { type ifname . ipv6_addr; flags interval; }\n"
        "add chain bridge %1$s first6\n"
        "add rule bridge %1$s first6 meta l4proto udp udp length >= 8 return\n"
        "add rule bridge %1$s first6 meta l4proto tcp tcp doff >= 5 return\n"
        "add rule bridge %1$s first6 icmpv6 type { echo-request, echo-reply } return\n"
        "add rule bridge %1$s first6 counter name refused drop\n"
        "add chain bridge %1$s sender\n"
        "add rule bridge %1$s sender ether type ip udp sport 67 counter name refused drop\n"
        "add rule bridge %1$s sender ether type ip6 udp sport 547 counter name refused drop\n"
        "add rule bridge %1$s sender icmpv6 type { nd-router-advert, nd-redirect } counter name refused drop\n"
        "add rule bridge %1$s sender icmp type { redirect, router-advertisement } counter name refused drop\n"
        "add rule bridge %1$s sender exthdr frag exists frag frag-off 0 jump first6\n"
        "add rule bridge %1$s sender iifname . ether saddr != @macs counter name spoofed drop\n"
        "add chain bridge %1$s leases\n"
        "add rule bridge %1$s leases meta mark set iifname map @network\n"
        "add rule bridge %1$s leases meta mark . ip saddr @held4 counter name spoofed drop\n"
        "add rule bridge %1$s leases meta mark . ip6 saddr @held6 counter name spoofed drop\n"
        "add rule bridge %1$s leases ether type arp meta mark . arp saddr ip @held4 counter name spoofed drop\n"
        "add rule bridge %1$s leases meta mark set 0\n"
        "add rule bridge %1$s leases ether type arp iifname . arp saddr ip @routers4 counter name spoofed drop\n"
        "add rule bridge %1$s leases iifname . ip saddr @routers4 counter name spoofed drop\n"
        "add rule bridge %1$s leases iifname . ip6 saddr @routers6 counter name spoofed drop\n"
        "add rule bridge %1$s leases iifname . arp saddr ether @macs iifname . arp saddr ip @leased4 "
        "iifname . @ll,224,32 @leases4 accept\n"
        "add rule bridge %1$s leases iifname . ip saddr @leased4 iifname . @ll,208,32 @leases4 accept\n"
        "add rule bridge %1$s leases iifname . ip6 saddr @leased6 accept\n"
        "add chain bridge %1$s port\n"
        "add rule bridge %1$s port ether type { 0x8100, 0x88a8 } counter name refused drop\n"
        "add rule bridge %1$s port jump sender\n"
        "add rule bridge %1$s port ether type ip udp dport 67 jump asking\n"
        "add rule bridge %1$s port iifname @dhcp jump leases\n"
        "add rule bridge %1$s port ether type arp iifname . arp saddr ether @macs iifname . arp saddr ip @own4 accept\n"
        "add rule bridge %1$s port ether type arp iifname . arp saddr ether @macs arp saddr ip 0.0.0.0 accept\n"
        "add rule bridge %1$s port ether type arp counter name spoofed drop\n"
        "add rule bridge %1$s port iifname . ip saddr @own4 accept\n"
        /* Somebody who looks for DHCP or reports multicast groups forges nothing. */
        "add rule bridge %1$s port ip saddr 0.0.0.0 drop\n"
        "add rule bridge %1$s port ether type ip counter name spoofed drop\n"
        "add rule bridge %1$s port icmpv6 type nd-neighbor-advert iifname . ip6 saddr @own6 iifname . @th,64,128 @targets accept\n"
        "add rule bridge %1$s port icmpv6 type nd-neighbor-solicit ip6 saddr :: iifname . @th,64,128 @targets accept\n"
        "add rule bridge %1$s port icmpv6 type nd-neighbor-advert counter name spoofed drop\n"
        "add rule bridge %1$s port icmpv6 type 143 ip6 saddr :: accept\n"
        "add rule bridge %1$s port iifname . ip6 saddr @own6 accept\n"
        "add rule bridge %1$s port ip6 saddr :: drop\n"
        "add rule bridge %1$s port ether type ip6 counter name spoofed drop\n"
        "add rule bridge %1$s port counter name refused drop\n"
        "add chain bridge %1$s prerouting { type filter hook prerouting priority -300; }\n"
        "add rule bridge %1$s prerouting iifname != \"%1$s*\" accept\n"
        /* Most of what there is, and `port` has nothing against. A tag that the kernel has put aside shows as the type. */
        "add rule bridge %1$s prerouting meta l4proto tcp iifname . ether saddr . ether type . ip saddr @common4 accept\n"
        /* A rule of its own: in one, nftables would take "neither port is 67" for "not both are". */
        "add rule bridge %1$s prerouting udp dport 67 iifname @ports goto port\n"
        "add rule bridge %1$s prerouting udp sport != 67 iifname . ether saddr . ether type . ip saddr @common4 accept\n"
        "add rule bridge %1$s prerouting meta l4proto tcp exthdr frag missing "
        "iifname . ether saddr . ether type . ip6 saddr @common6 accept\n"
        "add rule bridge %1$s prerouting udp sport != 547 exthdr frag missing "
        "iifname . ether saddr . ether type . ip6 saddr @common6 accept\n"
        "add rule bridge %1$s prerouting iifname @ports goto port\n"
        "add chain bridge %1$s input { type filter hook input priority 0; }\n"
        "add rule bridge %1$s input iifname @inner drop\n";

/* Containers' alone: without those of leases, which nothing but the table knows. */
static const char *const nic_sets[] = {
	"ports",    "inner",   "dhcp",    "macs",    "clients",      "own4",          "own6",
	"common4",  "common6", "targets", "network", "held4",        "held6",         "routers4",
	"routers6", "leased4", "leased6", "tenants", "tenant_ports", NIC_POLICY_SETS, NULL,
};

/* Two for each family. */
enum nic_set { NIC_OWN, NIC_COMMON, NIC_HELD, NIC_ROUTERS, NIC_LEASED };

static const char *
nic_set(enum nic_set set, int family)
{
	static const char *const names[][2] = {
		[NIC_OWN] = { "own4", "own6" },          [NIC_COMMON] = { "common4", "common6" },
		[NIC_HELD] = { "held4", "held6" },       [NIC_ROUTERS] = { "routers4", "routers6" },
		[NIC_LEASED] = { "leased4", "leased6" },
	};

	return names[set][family == AF_INET6];
}

static struct nfnl_table
nic_table(const struct settings *s)
{
	return (struct nfnl_table){ NFPROTO_BRIDGE, s->instance };
}

static bool
nic_firewall_exists(const char *instance)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, instance };
	int nfnl;

	/* A kernel without the family has no such table either. */
	return nfnl_get(&nfnl, NULL) == 0 && nfnl_find_chain(nfnl, &t, "input", NULL) == 1;
}

bool
nic_firewall_is_whole(const struct settings *s)
{
	const struct nfnl_table t = nic_table(s);

	return firewall_table_is_whole(&t, "input");
}

/* One interface's elements, which all come, or go. */
typedef void nic_act(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element);
struct nic_port {
	struct nfnl_batch *batch;
	struct nfnl_table table;
	nic_act *act;
	const struct nic *nic;
	struct nfnl_element name, mac; /* its interface alone, and with its MAC */
};

static void
nic_port_act_address(const struct nic_port *p, const char *set, const struct address *a)
{
	struct nfnl_element element = p->name;

	nfnl_value_add_address(&element.key, a);
	p->act(p->batch, &p->table, set, &element);
}

/* An address of its own, by itself and with all that a common packet shows; of IPv6 neighbours may be told of it as well. */
static void
nic_port_act_own(const struct nic_port *p, const struct address *a)
{
	const uint16_t type = htobe16(a->family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
	struct nfnl_element common = p->mac;

	nfnl_value_add(&common.key, &type, sizeof type);
	nfnl_value_add_address(&common.key, a);
	p->act(p->batch, &p->table, nic_set(NIC_COMMON, a->family), &common);
	nic_port_act_address(p, nic_set(NIC_OWN, a->family), a);
	if (a->family == AF_INET6)
		nic_port_act_address(p, "targets", a);
}

/* On the host's bridges: nobody else may lease it. */
static void
nic_port_act_held(const struct nic_port *p, const struct address *a)
{
	struct nfnl_element element = { .chain = NULL };

	if (p->nic->kind != NIC_BRIDGE)
		return;
	nfnl_value_add_mark(&element.key, (uint32_t)p->nic->number);
	nfnl_value_add_address(&element.key, a);
	p->act(p->batch, &p->table, nic_set(NIC_HELD, a->family), &element);
}

static void
nic_port_act_leased(const struct nic_port *p, const struct prefix *network)
{
	struct nfnl_element element = p->name;

	element.last = element.key;
	nfnl_value_add_first(&element.key, network);
	nfnl_value_add_last(&element.last, network);
	p->act(p->batch, &p->table, nic_set(NIC_LEASED, network->base.family), &element);
}

static void
nic_port_act_dhcp(const struct nic_port *p)
{
	p->act(p->batch, &p->table, "dhcp", &p->name);
	for (size_t i = 0; i < p->nic->ngateways; i++)
		nic_port_act_address(p, nic_set(NIC_ROUTERS, p->nic->gateways[i].family), &p->nic->gateways[i]);
	for (size_t i = 0; i < p->nic->naddresses; i++)
		nic_port_act_leased(p, &p->nic->addresses[i]);
}

/* On the host's bridges: which network it is, and whose the port. */
static void
nic_port_act_tenant(const struct nic_port *p, const struct place *place)
{
	struct nfnl_element network = p->name, tenant = p->name, port = p->name;

	if (p->nic->kind != NIC_BRIDGE)
		return;
	nfnl_value_add_mark(&network.data, (uint32_t)p->nic->number);
	p->act(p->batch, &p->table, "network", &network);
	nfnl_value_add_mark(&tenant.data, (uint32_t)place->tenant_number);
	p->act(p->batch, &p->table, "tenants", &tenant);
	nfnl_value_add_mark(&port.key, (uint32_t)place->tenant_number);
	p->act(p->batch, &p->table, "tenant_ports", &port);
}

/* Of one that isn't known any more the network isn't, either. */
static void
nic_port_act_zone(const struct nic_port *p, const struct place *place)
{
	struct nfnl_element element = p->name;
	uint16_t zone = nic_policy_zone(place, p->nic);

	if (p->nic->bridge[0] || p->nic->number == 0)
		return;
	nfnl_value_add(&element.data, &zone, sizeof zone);
	p->act(p->batch, &p->table, "zones", &element);
}

/* In the table inet, by its MAC, which the chain has checked. */
static void
nic_act_mac(struct nfnl_batch *b, const struct settings *s, nic_act *act, const struct nic *nic, const unsigned char mac[6])
{
	const struct nfnl_table inet = { NFPROTO_INET, s->instance };
	struct nfnl_element element = { .chain = NULL };

	if (!nic->bridge[0])
		return;
	nfnl_value_add(&element.key, mac, 6);
	act(b, &inet, "nic_macs", &element);
	nfnl_value_add_ifname(&element.key, nic->bridge);
	nfnl_value_add_ifname(&element.key, nic->bridge);
	act(b, &inet, "bounced", &element);
}

static void
nic_act_nic(struct nfnl_batch *b, const struct spec *spec, nic_act *act, const struct nic *nic)
{
	struct nic_port p = { .batch = b, .table = nic_table(&spec->settings), .act = act, .nic = nic };
	char veth[IFNAMSIZ], text[ADDRESS_TEXT_MAX];
	struct address link_local;
	unsigned char m[6];

	nic_veth(&spec->settings, spec->place.ctid, nic->index, veth);
	nic_mac(spec, nic->index, m);
	nic_link_local(m, text);
	nfnl_value_add_ifname(&p.name.key, veth);
	p.mac = p.name;
	nfnl_value_add(&p.mac.key, m, sizeof m);
	act(b, &p.table, "ports", &p.name);
	act(b, &p.table, "macs", &p.mac);
	act(b, &p.table, "clients", &p.mac);
	if (!nic->bridge[0])
		act(b, &p.table, "inner", &p.name);
	nic_port_act_zone(&p, &spec->place);
	nic_port_act_tenant(&p, &spec->place);
	if (address_parse(text, &link_local))
		nic_port_act_own(&p, &link_local);
	if (nic->dhcp)
		nic_port_act_dhcp(&p);
	for (size_t i = 0; !nic->dhcp && i < nic->naddresses; i++) {
		nic_port_act_own(&p, &nic->addresses[i].base);
		nic_port_act_held(&p, &nic->addresses[i].base);
	}
	nic_act_mac(b, &spec->settings, act, nic, m);
}

static int
nic_put_place(struct nfnl_batch *b, const struct settings *s, const struct place *place, struct err *e)
{
	const struct spec spec = { .settings = *s, .place = *place }; /* borrowed */
	bool tracks = place->nics.n > 0 && nic_policy_tracks(s->instance);
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic))
			return err_set(e, ERR_INTERNAL, "container %" PRId64 " has an unreadable interface", place->ctid);
		nic_act_nic(b, &spec, nfnl_add_element, &nic);
		nic_policy_put(b, s, NULL, place, &nic, tracks);
	}
	return 0;
}

static int
nic_take_interfaces(const struct settings *s, const struct place *place, struct strv *out, struct err *e)
{
	char veth[IFNAMSIZ];
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic))
			continue;
		nic_veth(s, place->ctid, nic.index, veth);
		if (!strv_add(out, veth))
			return err_set(e, ERR_INTERNAL, "out of memory");
	}
	return 0;
}

int
nic_firewall_cleanup(const char *instance, struct err *e)
{
	AUTO_BUF struct buf command = { 0 };

	if (!nic_firewall_exists(instance))
		return 0;
	buf_addf(&command, "delete table bridge %s", instance);
	return firewall_run_text(&command, e);
}

/* What concerns interfaces on bridges of the host's alone; as of firewall_policy_hook_up(). */
static void
nic_put_bridge_hooks(struct buf *out, const char *instance)
{
	buf_addf(out, nic_isolation_hooks, instance);
	buf_addf(out, nic_lease_hooks, instance);
}

static int
nic_hook_up_bridges(const char *instance, struct err *e)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, instance };

	return firewall_policy_hook_up(&t, "answers", nic_put_bridge_hooks, e);
}

static void
nic_take_bridged(void *arg, const struct nfnl_found *element)
{
	bool *found = arg;

	(void)element;
	*found = true;
}

/* Somebody may have got the first of its kind meanwhile, and found the hooks that the table's making took away. */
static int
nic_hook_up_again(const struct nfnl_table *t, const struct net_needs *needs, struct err *e)
{
	int nfnl, judged = needs->policed ? 0 : firewall_policy_is_there(t, e);
	bool bridged = false;

	if (judged < 0 || (judged > 0 && nic_policy_hook_up(t->name, e) < 0))
		return -1;
	if (needs->bridged)
		return 0;
	if (nfnl_get(&nfnl, e) < 0 || nfnl_read_elements(nfnl, t, "network", nic_take_bridged, &bridged, e) < 0)
		return -1;
	return bridged ? nic_hook_up_bridges(t->name, e) : 0;
}

static int
nic_firewall_make_table(const struct settings *s, const struct net_needs *needs, struct err *e)
{
	const struct firewall_table v = { nic_table(s), nic_sets, firewall_policy_is_chain };
	struct firewall_tables tables = { s, &v, 1, NULL, nic_put_place, nic_take_interfaces };
	AUTO_BUF struct buf text = { 0 };

	buf_addf(&text, nic_lease_sets, s->instance);
	buf_addf(&text, nic_isolation_sets, s->instance);
	buf_addf(&text, nic_rules, s->instance);
	nic_lease_put_rules(&text, s->instance);
	buf_addf(&text, nic_isolation_rules, s->instance);
	if (nic_lease_put_known(&text, s, e) < 0 || nic_isolation_put_known(&text, s, e) < 0)
		return -1;
	if (needs->bridged)
		nic_put_bridge_hooks(&text, s->instance);
	nic_policy_begin(&text, s->instance, needs->policed);
	tables.text = text.data;
	if (text.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return firewall_tables_make(&tables, e) < 0 ? -1 : nic_hook_up_again(&v.table, needs, e);
}

int
nic_firewall_make(const struct settings *s, const struct net_needs *needs, struct err *e)
{
	if (!needs->nics)
		return nic_firewall_cleanup(s->instance, e);
	return nic_firewall_make_table(s, needs, e) < 0 ? err_wrap(e, "networks") : 0;
}

void
nic_firewall_put_inet(struct buf *out, const struct settings *s)
{
	/* Where bridged packets pass through the host's rules: the same address may be of many networks. */
	buf_addf(out,
	         "add rule inet %1$s prerouting iifname \"%1$s-*\" notrack\n"
	         "add set inet %1$s nic_macs { type ether_addr; }\n"
	         /* The host may be the one that answers there. */
	         "add rule inet %1$s input udp dport { 67, 547 } accept\n"
	         "add rule inet %1$s input ether saddr @nic_macs jump to_host\n",
	         s->instance);
	buf_addf(out, nic_isolation_inet, s->instance);
}

void
nic_firewall_put_place(struct nfnl_batch *b, const struct settings *s, const struct place *place)
{
	const struct spec spec = { .settings = *s, .place = *place }; /* borrowed */
	unsigned char mac[6];
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic))
			continue;
		nic_mac(&spec, nic.index, mac);
		nic_act_mac(b, s, nfnl_add_element, &nic, mac);
	}
}

/* Of one that goes the rules stay until it has gone; where none runs nothing goes through them. */
static bool
nic_change_replaces(const struct nic_change *change, const struct nic *old)
{
	for (size_t i = 0; i < change->n; i++)
		if (change->nics[i].index == old->index)
			return true;
	return change->n == 0;
}

/* The first of them all; or, with again, somebody has taken some of it away, here or from the table inet. */
static int
nic_firewall_make_missing(const struct settings *s, bool again, struct err *e)
{
	struct net_needs needs;

	if (!again && nic_firewall_exists(s->instance))
		return 0;
	if ((again && firewall_make_again(s, e) < 0) || net_needs_find(s, &needs, e) < 0)
		return -1;
	if (nic_firewall_make_table(s, &needs, e) == 0)
		return 0;
	return err_wrap(e, "networks need nftables' bridge family in the host's kernel (CONFIG_NF_TABLES_BRIDGE)");
}

static int
nic_firewall_run_change(const struct spec *spec, const struct nic_change *change, struct err *e)
{
	const struct settings *s = &spec->settings;
	bool tracks = change->n > 0 && nic_policy_tracks(s->instance);
	AUTO_BATCH struct nfnl_batch batch = { 0 };

	for (size_t i = 0; i < change->nold; i++)
		if (nic_change_replaces(change, &change->old[i]))
			nic_act_nic(&batch, spec, nfnl_drop_element, &change->old[i]);
	for (size_t i = 0; change->n == 0 && i < change->nold; i++)
		nic_policy_drop(&batch, s, &spec->place, &change->old[i]);
	for (size_t i = 0; i < change->n; i++) {
		nic_act_nic(&batch, spec, nfnl_add_element, &change->nics[i]);
		/* Whatever there was before; its connections go on being counted. */
		nic_policy_put(&batch, s, &spec->place, &spec->place, &change->nics[i], tracks);
	}
	return nfnl_run(&batch, e);
}

static bool
nic_change_is_bridged(const struct nic_change *change)
{
	for (size_t i = 0; i < change->n; i++)
		if (change->nics[i].kind == NIC_BRIDGE)
			return true;
	return false;
}

static bool
nic_change_keeps_leases(const struct nic_change *change, const struct nic *old)
{
	for (size_t i = 0; i < change->n; i++)
		if (change->nics[i].index == old->index)
			return change->nics[i].dhcp && strcmp(change->nics[i].network, old->network) == 0;
	/* It goes, if not yet. */
	return change->n > 0;
}

/* Leases are those of an interface on one network; one that comes has none. */
static int
nic_forget_changed(const struct spec *spec, const struct nic_change *change, struct err *e)
{
	for (size_t i = 0; i < change->nold; i++)
		if (change->old[i].dhcp && !nic_change_keeps_leases(change, &change->old[i]) &&
		    nic_lease_forget(spec, &change->old[i], 1, e) < 0)
			return -1;
	return change->nold > 0 ? 0 : nic_lease_forget(spec, change->nics, change->n, e);
}

int
nic_firewall_change(const struct spec *spec, const struct nic_change *change, struct err *e)
{
	AUTO_CLOSE int lock = -1;
	struct err wrong = { 0 };

	for (int again = 0; nic_firewall_run_change(spec, change, again > 1 ? e : &wrong) < 0; again++) {
		/* Of a stopped one there may be no table. */
		if (change->n == 0 && !nic_firewall_exists(spec->settings.instance))
			return 0;
		if (again > 1)
			return -1;
		if (lock < 0 && nic_lock(&spec->settings, &lock, e) < 0)
			return -1;
		if (wrong.sys == ENOENT && nic_firewall_make_missing(&spec->settings, again > 0, e) < 0)
			return -1;
		err_clear(&wrong);
	}
	if (nic_forget_changed(spec, change, e) < 0)
		return -1;
	if (nic_change_is_bridged(change) && nic_hook_up_bridges(spec->settings.instance, e) < 0)
		return -1;
	return change->n > 0 && firewall_policy_judges(&spec->place) ? nic_policy_hook_up(spec->settings.instance, e) : 0;
}

void
nic_firewall_put_policy(struct nfnl_batch *b, const struct settings *s, const struct place *old, const struct place *place)
{
	struct nic nic;
	bool tracks;

	/* Of a stopped one there may be no table: its start puts it in. */
	if (place->nics.n == 0 || !nic_firewall_exists(s->instance))
		return;
	tracks = nic_policy_tracks(s->instance);
	for (size_t i = 0; i < place->nics.n; i++)
		if (nic_parse(place->nics.v[i], &nic))
			nic_policy_put(b, s, old, place, &nic, tracks);
}

int
nic_firewall_hook_policies(const struct settings *s, const struct place *place, struct err *e)
{
	if (place->nics.n == 0 || !firewall_policy_judges(place) || !nic_firewall_exists(s->instance))
		return 0;
	return nic_policy_hook_up(s->instance, e);
}

int
nic_firewall_drop(const struct spec *spec, const struct nic *nics, size_t n, struct err *e)
{
	AUTO_BATCH struct nfnl_batch batch = { 0 };

	for (size_t i = 0; i < n; i++) {
		nic_act_nic(&batch, spec, nfnl_drop_element, &nics[i]);
		nic_policy_drop(&batch, &spec->settings, &spec->place, &nics[i]);
	}
	if (nfnl_run(&batch, e) == 0)
		return nic_lease_forget(spec, nics, n, e);
	if (nic_firewall_exists(spec->settings.instance))
		return -1;
	err_clear(e);
	return 0;
}
