#include "daemon/engine/nic_firewall.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/firewall_table.h"
#include "daemon/engine/net.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/registry_file.h"

/*
 * %1$s is the instance. No interface's packets skip its chain: it ends with a drop. A neighbour's discovery in fragments is none
 * (RFC 6980), a first fragment holds all headers (RFC 7112). What an interface sends to its bridge itself is for the host: on a
 * bridge of Berth's own that is nobody.
 */
static const char nic_rules[] =
        "add table bridge %1$s\n"
        "add counter bridge %1$s spoofed\n"
        "add counter bridge %1$s refused\n"
        "add map bridge %1$s senders { type ifname : verdict; }\n"
        "add set bridge %1$s inner { type ifname; }\n"
        "add set bridge %1$s held4 { type mark . ipv4_addr; }\n"
        "add set bridge %1$s held6 { type mark . ipv6_addr; }\n"
        "add chain bridge %1$s first6\n"
        "add rule bridge %1$s first6 meta l4proto udp udp length >= 8 return\n"
        "add rule bridge %1$s first6 meta l4proto tcp tcp doff >= 5 return\n"
        "add rule bridge %1$s first6 icmpv6 type { echo-request, echo-reply } return\n"
        "add rule bridge %1$s first6 counter name refused drop\n"
        "add chain bridge %1$s sender\n"
        "add rule bridge %1$s sender ether type { 0x8100, 0x88a8 } counter name refused drop\n"
        "add rule bridge %1$s sender ether type ip udp sport 67 counter name refused drop\n"
        "add rule bridge %1$s sender ether type ip6 udp sport 547 counter name refused drop\n"
        "add rule bridge %1$s sender icmpv6 type { nd-router-advert, nd-redirect } counter name refused drop\n"
        "add rule bridge %1$s sender icmp type { redirect, router-advertisement } counter name refused drop\n"
        "add rule bridge %1$s sender exthdr frag exists frag frag-off 0 jump first6\n"
        "add chain bridge %1$s prerouting { type filter hook prerouting priority -300; }\n"
        "add rule bridge %1$s prerouting iifname vmap @senders\n"
        "add chain bridge %1$s input { type filter hook input priority 0; }\n"
        "add rule bridge %1$s input iifname @inner drop\n";

static bool
nic_firewall_exists(const char *instance)
{
	AUTO_BUF struct buf command = { 0 };

	buf_addf(&command, "list chain bridge %s input", instance);
	return firewall_run_text(&command, NULL) == 0;
}

/* One interface under work. */
struct nic_port {
	const struct settings *s;
	const struct nic *nic;
	char veth[IFNAMSIZ];
	char chain[48];
	char mac[18];
	char link_local[ADDRESS_TEXT_MAX];
};

static void
nic_port_open(struct nic_port *p, const struct spec *spec, const struct nic *nic)
{
	unsigned char m[6];

	*p = (struct nic_port){ .s = &spec->settings, .nic = nic };
	nic_veth(&spec->settings, spec->place.ctid, nic->index, p->veth);
	nic_mac(spec, nic->index, m);
	snprintf(p->chain, sizeof p->chain, "port_%" PRId64 "_%" PRId64, spec->place.ctid, nic->index);
	snprintf(p->mac, sizeof p->mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	nic_link_local(m, p->link_local);
}

static void __attribute__((format(printf, 3, 4))) nic_port_rule(const struct nic_port *p, struct buf *out, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_addf(out, "add rule bridge %s %s %s\n", p->s->instance, p->chain, text);
}

/* Its own addresses of a family, as the elements of a set, after `first`. */
static void
nic_port_list(const struct nic_port *p, int family, const char *first, struct buf *out)
{
	char text[ADDRESS_TEXT_MAX];

	buf_addf(out, "%s", first);
	for (size_t i = 0; i < p->nic->naddresses; i++)
		if (p->nic->addresses[i].base.family == family)
			buf_addf(out, "%s%s", out->len > 0 ? ", " : "", address_format(&p->nic->addresses[i].base, text));
}

/* That others hold, or that route, on the same network: no lease is one of them. The mark tells networks apart. */
static void
nic_port_rules_dhcp(const struct nic_port *p, struct buf *out)
{
	char six[2] = { '\0', '\0' }, text[ADDRESS_TEXT_MAX];
	const struct nic *nic = p->nic;

	nic_port_rule(p, out, "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept");
	nic_port_rule(p, out, "meta mark set %" PRId64, nic->number);
	nic_port_rule(p, out, "meta mark . ip saddr @held4 counter name spoofed drop");
	nic_port_rule(p, out, "meta mark . ip6 saddr @held6 counter name spoofed drop");
	nic_port_rule(p, out, "ether type arp meta mark . arp saddr ip @held4 counter name spoofed drop");
	nic_port_rule(p, out, "meta mark set 0");
	for (size_t i = 0; i < nic->ngateways; i++)
		if (nic->gateways[i].family == AF_INET)
			nic_port_rule(p, out, "ether type arp arp saddr ip %s counter name spoofed drop",
			              address_format(&nic->gateways[i], text));
	for (size_t i = 0; i < nic->ngateways; i++) {
		six[0] = nic->gateways[i].family == AF_INET6 ? '6' : '\0';
		nic_port_rule(p, out, "ip%s saddr %s counter name spoofed drop", six, address_format(&nic->gateways[i], text));
	}
	for (size_t i = 0; i < nic->naddresses; i++) {
		six[0] = nic->addresses[i].base.family == AF_INET6 ? '6' : '\0';
		address_format(&nic->addresses[i].base, text);
		if (!six[0])
			nic_port_rule(p, out, "ether type arp arp saddr ether %s arp saddr ip %s/%u accept", p->mac, text,
			              nic->addresses[i].length);
		nic_port_rule(p, out, "ip%s saddr %s/%u accept", six, text, nic->addresses[i].length);
	}
}

static void
nic_port_rules_arp(const struct nic_port *p, struct buf *out)
{
	AUTO_BUF struct buf own = { 0 };

	nic_port_list(p, AF_INET, "0.0.0.0", &own);
	if (!own.failed)
		nic_port_rule(p, out, "ether type arp arp saddr ether %s arp saddr ip { %s } accept", p->mac, own.data);
	nic_port_rule(p, out, "ether type arp counter name spoofed drop");
}

static void
nic_port_rules_4(const struct nic_port *p, struct buf *out)
{
	AUTO_BUF struct buf own = { 0 };

	nic_port_list(p, AF_INET, "", &own);
	if (own.len > 0 && !own.failed)
		nic_port_rule(p, out, "ip saddr { %s } accept", own.data);
	/* Somebody who looks for DHCP or reports multicast groups forges nothing. */
	nic_port_rule(p, out, "ip saddr 0.0.0.0 drop");
	nic_port_rule(p, out, "ether type ip counter name spoofed drop");
}

/* The target of a solicitation or an advertisement stands at a fixed place. */
static void
nic_port_rule_target(const struct nic_port *p, struct buf *out, const char *own, const char *target)
{
	struct address a;
	char hex[33];

	if (!address_parse(target, &a))
		return;
	for (size_t i = 0; i < sizeof a.bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", a.bytes[i]);
	nic_port_rule(p, out, "icmpv6 type nd-neighbor-advert ip6 saddr { %s } @th,64,128 0x%s accept", own, hex);
	nic_port_rule(p, out, "icmpv6 type nd-neighbor-solicit ip6 saddr :: @th,64,128 0x%s accept", hex);
}

static void
nic_port_rules_6(const struct nic_port *p, struct buf *out)
{
	AUTO_BUF struct buf own = { 0 };
	char text[ADDRESS_TEXT_MAX];

	nic_port_list(p, AF_INET6, p->link_local, &own);
	if (own.failed)
		return;
	nic_port_rule_target(p, out, own.data, p->link_local);
	for (size_t i = 0; i < p->nic->naddresses; i++)
		if (p->nic->addresses[i].base.family == AF_INET6)
			nic_port_rule_target(p, out, own.data, address_format(&p->nic->addresses[i].base, text));
	nic_port_rule(p, out, "icmpv6 type nd-neighbor-advert counter name spoofed drop");
	nic_port_rule(p, out, "icmpv6 type 143 ip6 saddr :: accept");
	nic_port_rule(p, out, "ip6 saddr { %s } accept", own.data);
	nic_port_rule(p, out, "ip6 saddr :: drop");
	nic_port_rule(p, out, "ether type ip6 counter name spoofed drop");
}

static void
nic_port_rules(const struct nic_port *p, struct buf *out)
{
	nic_port_rule(p, out, "jump sender");
	nic_port_rule(p, out, "ether saddr != %s counter name spoofed drop", p->mac);
	if (p->nic->dhcp)
		nic_port_rules_dhcp(p, out);
	nic_port_rules_arp(p, out);
	nic_port_rules_4(p, out);
	nic_port_rules_6(p, out);
	nic_port_rule(p, out, "counter name refused drop");
}

/* verb: "add" or "delete". What others on its network may not take. */
static void
nic_port_put_held(const struct nic_port *p, const char *verb, struct buf *out)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; p->nic->kind == NIC_BRIDGE && !p->nic->dhcp && i < p->nic->naddresses; i++)
		buf_addf(out, "%s element bridge %s held%c { %" PRId64 " . %s }\n", verb, p->s->instance,
		         p->nic->addresses[i].base.family == AF_INET ? '4' : '6', p->nic->number,
		         address_format(&p->nic->addresses[i].base, text));
}

static void
nic_port_put(const struct nic_port *p, struct buf *out)
{
	const char *t = p->s->instance;

	buf_addf(out, "add chain bridge %s %s\nflush chain bridge %s %s\n", t, p->chain, t, p->chain);
	nic_port_rules(p, out);
	buf_addf(out, "add element bridge %s senders { \"%s\" : jump %s }\n", t, p->veth, p->chain);
	if (!p->nic->bridge[0])
		buf_addf(out, "add element bridge %s inner { \"%s\" }\n", t, p->veth);
	nic_port_put_held(p, "add", out);
}

/* In the table inet, by its MAC, which the chain has checked. */
static void
nic_port_put_mac(const struct nic_port *p, const char *verb, struct buf *out)
{
	if (p->nic->bridge[0])
		buf_addf(out, "%s element inet %s nic_macs { %s }\n", verb, p->s->instance, p->mac);
}

struct nic_restore {
	const struct settings *s;
	struct buf *out;
	size_t n;
};

static int
nic_restore_one(const struct place *place, void *arg, struct err *e)
{
	struct nic_restore *r = arg;
	const struct spec spec = { .settings = *r->s, .place = *place }; /* borrowed */
	struct nic_port port;
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic))
			return err_set(e, ERR_INTERNAL, "container %" PRId64 " has an unreadable interface", place->ctid);
		nic_port_open(&port, &spec, &nic);
		nic_port_put(&port, r->out);
		r->n++;
	}
	return 0;
}

/* A kernel without the family has no such table either. */
int
nic_firewall_cleanup(const char *instance, struct err *e)
{
	AUTO_BUF struct buf command = { 0 };

	if (!nic_firewall_exists(instance))
		return 0;
	buf_addf(&command, "delete table bridge %s", instance);
	return firewall_run_text(&command, e);
}

int
nic_firewall_make(const struct settings *s, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	struct nic_restore restore = { .s = s, .out = &out };
	int64_t high = 0;

	buf_addf(&out, "add table bridge %1$s\ndelete table bridge %1$s\n", s->instance);
	buf_addf(&out, nic_rules, s->instance);
	if (registry_file_scan(s, &high, nic_restore_one, &restore, e) < 0)
		return -1;
	if (restore.n == 0)
		return nic_firewall_cleanup(s->instance, e);
	return firewall_run_text(&out, e) < 0 ? err_wrap(e, "networks") : 0;
}

void
nic_firewall_put_inet(struct buf *out, const struct settings *s)
{
	/* Where bridged packets pass through the host's rules: the same address may be of many networks. */
	buf_addf(out,
	         "add chain inet %1$s bridged { type filter hook prerouting priority -301; }\n"
	         "add rule inet %1$s bridged iifname \"%1$s-*\" notrack\n"
	         "add set inet %1$s nic_macs { type ether_addr; }\n"
	         "add chain inet %1$s from_nic { type filter hook input priority -6; }\n"
	         /* The host may be the one that answers there. */
	         "add rule inet %1$s from_nic udp dport { 67, 547 } accept\n"
	         "add rule inet %1$s from_nic ether saddr @nic_macs jump to_host\n",
	         s->instance);
}

void
nic_firewall_put_place(struct nfnl_batch *b, const struct settings *s, const struct place *place)
{
	const struct spec spec = { .settings = *s, .place = *place }; /* borrowed */
	const struct nfnl_table inet = { NFPROTO_INET, s->instance };
	unsigned char mac[6];
	struct nic nic;

	for (size_t i = 0; i < place->nics.n; i++) {
		struct nfnl_element element = { .chain = NULL };

		if (!nic_parse(place->nics.v[i], &nic) || !nic.bridge[0])
			continue;
		nic_mac(&spec, nic.index, mac);
		nfnl_value_add(&element.key, mac, sizeof mac);
		nfnl_add_element(b, &inet, "nic_macs", &element);
	}
}

static void
nic_firewall_put(const struct spec *spec, const struct nic_change *change, struct buf *out)
{
	struct nic_port port;

	for (size_t i = 0; i < change->nold; i++) {
		nic_port_open(&port, spec, &change->old[i]);
		nic_port_put_held(&port, "add", out);
		nic_port_put_held(&port, "delete", out);
	}
	for (size_t i = 0; i < change->n; i++) {
		nic_port_open(&port, spec, &change->nics[i]);
		nic_port_put(&port, out);
		nic_port_put_mac(&port, "add", out);
	}
}

int
nic_firewall_change(const struct spec *spec, const struct nic_change *change, struct err *e)
{
	const char *t = spec->settings.instance;
	AUTO_BUF struct buf out = { 0 }, rules = { 0 };

	if (change->n == 0 && change->nold == 0)
		return 0;
	/* Of a stopped one there may be no table. */
	if (change->n == 0 && !nic_firewall_exists(t))
		return 0;
	nic_firewall_put(spec, change, &out);
	if (out.len == 0 || firewall_run_text(&out, NULL) == 0)
		return 0;
	/* The first of them all, or somebody flushed the ruleset. */
	if (!nic_firewall_exists(t) && nic_firewall_make(&spec->settings, e) < 0)
		return -1;
	buf_addf(&rules, nic_rules, t);
	if (!nic_firewall_exists(t) && firewall_run_text(&rules, e) < 0)
		return err_wrap(e, "networks need nftables' bridge family in the host's kernel (CONFIG_NF_TABLES_BRIDGE)");
	return firewall_run_text(&out, e);
}

/* "delete" of what isn't there would undo the whole transaction: each is added first. */
int
nic_firewall_drop(const struct spec *spec, const struct nic *nics, size_t n, struct err *e)
{
	const char *t = spec->settings.instance;
	AUTO_BUF struct buf out = { 0 };
	struct nic_port port;

	if (n == 0 || !nic_firewall_exists(t))
		return 0;
	for (size_t i = 0; i < n; i++) {
		nic_port_open(&port, spec, &nics[i]);
		buf_addf(&out, "add chain bridge %s %s\n", t, port.chain);
		buf_addf(&out, "add element bridge %s senders { \"%s\" : jump %s }\n", t, port.veth, port.chain);
		buf_addf(&out, "delete element bridge %s senders { \"%s\" }\n", t, port.veth);
		buf_addf(&out, "add element bridge %s inner { \"%s\" }\ndelete element bridge %s inner { \"%s\" }\n", t, port.veth,
		         t, port.veth);
		buf_addf(&out, "flush chain bridge %s %s\ndelete chain bridge %s %s\n", t, port.chain, t, port.chain);
		nic_port_put_held(&port, "add", &out);
		nic_port_put_held(&port, "delete", &out);
		nic_port_put_mac(&port, "add", &out);
		nic_port_put_mac(&port, "delete", &out);
	}
	return firewall_run_text(&out, e);
}
