#include "daemon/engine/nic_policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/engine/firewall_policy.h"
#include "daemon/engine/firewall_table.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/nic.h"
#include "daemon/util/log.h"

enum { NIC_POLICY_NAME = 32 };

/* %1$s is the instance. */
static const char nic_policy_rules[] = "add map bridge %1$s policy_in { type ifname : verdict; }\n"
                                       "add map bridge %1$s policy_out { type ifname : verdict; }\n"
                                       "add set bridge %1$s judged { type ether_addr; }\n"
                                       "add set bridge %1$s policed { type ifname; }\n"
                                       "add map bridge %1$s zones { typeof iifname : ct zone; }\n"
                                       "add set bridge %1$s connections { type ifname; flags dynamic; }\n"
                                       "add set bridge %1$s log_rates { type ifname; flags dynamic; }\n"
                                       "add counter bridge %1$s denied\n"
                                       "add chain bridge %1$s rejected\n";

/* That the kernel tracks connections. What asks for them makes it do so, with everybody's: that comes with the hooks. */
static const char nic_policy_marker[] = "add chain bridge %1$s tracking\n";

/* Only in prerouting does the kernel answer for somebody on a bridge. */
static const char nic_policy_rejects[] =
        "add rule bridge %1$s rejected meta l4proto tcp counter name denied reject with tcp reset\n"
        "add rule bridge %1$s rejected counter name denied reject\n";
static const char nic_policy_drops[] = "add rule bridge %1$s rejected counter name denied drop\n";

/* The hooks; as of firewall_policy_hook(). What an interface may send at all has been decided at -300. */
static const char nic_policy_hooks[] = "add chain bridge %1$s leaving\n"
                                       "add chain bridge %1$s entering\n"
                                       "add chain bridge %1$s policy_arrival { type filter hook prerouting priority -150; }\n"
                                       "add chain bridge %1$s policy_departure { type filter hook postrouting priority 0; }\n"
                                       "flush chain bridge %1$s leaving\n"
                                       "flush chain bridge %1$s entering\n"
                                       "flush chain bridge %1$s policy_arrival\n"
                                       "flush chain bridge %1$s policy_departure\n"
                                       /* Who has no rules pays for one look-up. */
                                       "add rule bridge %1$s policy_arrival iifname @policed goto leaving\n"
                                       "add rule bridge %1$s policy_departure oifname @policed goto entering\n";

/*
 * Of connections between interfaces without rules nobody asks, and the host's memory is spared. Networks may have the same
 * addresses: each of Berth's own bridges is a zone.
 */
static const char nic_policy_tracking[] =
        "add chain bridge %1$s policy_tracking { type filter hook prerouting priority -290; }\n"
        "flush chain bridge %1$s policy_tracking\n"
        "add rule bridge %1$s policy_tracking iifname @ports ether saddr != @judged ether daddr != @judged notrack accept\n"
        "add rule bridge %1$s policy_tracking ct zone set iifname map @zones\n";

/* Fragments stay fragments: what opens a connection is in one piece, and no other piece lies over it (RFC 3128). */
static const char nic_policy_fragments[] = "add chain bridge %1$s fragments4\n"
                                           "flush chain bridge %1$s fragments4\n"
                                           "add rule bridge %1$s fragments4 meta l4proto != tcp return\n"
                                           "add rule bridge %1$s fragments4 ip frag-off & 0x1fff > 1 return\n"
                                           "add rule bridge %1$s fragments4 tcp doff >= 5 return\n"
                                           "add rule bridge %1$s fragments4 counter name refused drop\n";

/* What a chain's rules, %2$s, are asked for. Without neighbour discovery, ARP and DHCP nothing at all would work. */
static const char nic_policy_replies[] = "add rule bridge %1$s %2$s ct state related accept\n"
                                         "add rule bridge %1$s %2$s ct direction reply accept\n";
static const char nic_policy_pieces[] = "add rule bridge %1$s %2$s ip frag-off & 0x3fff != 0 jump fragments4\n";
static const char nic_policy_needs[] =
        "add rule bridge %1$s %2$s meta protocol != ip meta protocol != ip6 accept\n"
        "add rule bridge %1$s %2$s icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } "
        "accept\n"
        "add rule bridge %1$s %2$s udp sport 68 udp dport 67 iifname @dhcp accept\n"
        "add rule bridge %1$s %2$s udp sport 546 udp dport 547 iifname @dhcp accept\n";
static const char nic_policy_leaving[] = "add rule bridge %1$s leaving iifname vmap @policy_out\n";
static const char nic_policy_entering[] = "add rule bridge %1$s entering udp sport 67 udp dport 68 oifname @dhcp accept\n"
                                          "add rule bridge %1$s entering udp sport 547 udp dport 546 oifname @dhcp accept\n"
                                          "add rule bridge %1$s entering oifname vmap @policy_in\n";

static void
nic_policy_put_shared(struct buf *out, const char *table, bool tracks, bool rejects)
{
	buf_addf(out, nic_policy_rules, table);
	buf_addf(out, rejects ? nic_policy_rejects : nic_policy_drops, table);
	if (tracks)
		buf_addf(out, nic_policy_marker, table);
}

static void
nic_policy_put_hooks(struct buf *out, const char *table, bool tracks)
{
	static const char *const chains[] = { "leaving", "entering" };

	buf_addf(out, nic_policy_hooks, table);
	buf_addf(out, tracks ? nic_policy_tracking : nic_policy_fragments, table);
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		buf_addf(out, tracks ? nic_policy_replies : nic_policy_pieces, table, chains[i]);
		buf_addf(out, nic_policy_needs, table, chains[i]);
	}
	buf_addf(out, nic_policy_leaving, table);
	buf_addf(out, nic_policy_entering, table);
}

static void
nic_policy_hook_stateless(struct buf *out, const char *table)
{
	nic_policy_put_hooks(out, table, false);
}

static void
nic_policy_hook_tracking(struct buf *out, const char *table)
{
	nic_policy_put_hooks(out, table, true);
}

static firewall_policy_put_hooks *
nic_policy_hooks_of(bool tracks)
{
	return tracks ? nic_policy_hook_tracking : nic_policy_hook_stateless;
}

/* All of it, in a table that nobody makes: a kernel that lacks something is no reason for having no networks. */
static bool
nic_policy_kernel_takes(const char *instance, bool tracks, bool rejects)
{
	AUTO_BUF struct buf out = { 0 };
	char table[NIC_POLICY_NAME];

	snprintf(table, sizeof table, "%s_try", instance);
	buf_addf(&out,
	         "add table bridge %1$s\n"
	         "add set bridge %1$s ports { type ifname; }\n"
	         "add set bridge %1$s dhcp { type ifname; }\n"
	         "add counter bridge %1$s refused\n",
	         table);
	nic_policy_put_shared(&out, table, tracks, rejects);
	nic_policy_hooks_of(tracks)(&out, table);
	return firewall_would_take(&out);
}

enum nic_policy_kernel
nic_policy_look_at_kernel(const char *instance)
{
	if (nic_policy_kernel_takes(instance, true, false))
		return NIC_POLICY_TRACKS;
	return nic_policy_kernel_takes(instance, false, false) ? NIC_POLICY_STATELESS : NIC_POLICY_NOTHING;
}

void
nic_policy_begin(struct buf *out, const char *instance, bool hooks)
{
	bool tracks = nic_policy_kernel_takes(instance, true, false), rejects = nic_policy_kernel_takes(instance, false, true);

	if (!tracks)
		log_warning("the host's kernel doesn't track connections on bridges (CONFIG_NF_CONNTRACK_BRIDGE): on networks, "
		            "firewall rules judge TCP by what opens a connection, and other packets each by itself");
	nic_policy_put_shared(out, instance, tracks, rejects);
	if (hooks)
		nic_policy_hooks_of(tracks)(out, instance);
}

int
nic_policy_hook_up(const char *instance, struct err *e)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, instance };

	return firewall_policy_hook_up(&t, "policy_departure", nic_policy_hooks_of(nic_policy_tracks(instance)), e);
}

bool
nic_policy_tracks(const char *instance)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, instance };
	int nfnl;

	return nfnl_get(&nfnl, NULL) == 0 && nfnl_find_chain(nfnl, &t, "tracking", NULL) == 1;
}

uint16_t
nic_policy_zone(const struct place *place, const struct nic *nic)
{
	int64_t tenant = nic->kind == NIC_PRIVATE ? place->tenant_number : 0;

	return (uint16_t)(1 + (tenant * 251 + nic->number) % UINT16_MAX);
}

/* One interface's port, and the names that it borrows. */
struct nic_policy {
	struct nfnl_table table;
	struct policy_port port;
	char veth[IFNAMSIZ], name[NIC_POLICY_NAME];
	unsigned char mac[6];
};

static void
nic_policy_open(struct nic_policy *p, const struct settings *s, const struct place *place, const struct nic *nic, bool tracks)
{
	const struct spec spec = { .settings = *s, .place = *place }; /* borrowed */

	nic_veth(s, place->ctid, nic->index, p->veth);
	nic_mac(&spec, nic->index, p->mac);
	snprintf(p->name, sizeof p->name, "%" PRId64 "_%" PRId64, place->ctid, nic->index);
	p->table = (struct nfnl_table){ NFPROTO_BRIDGE, s->instance };
	p->port = (struct policy_port){ .table = &p->table, .interface = p->veth, .name = p->name, .stateless = !tracks };
}

/* Where that can't be found out, nothing is relied on. */
static void
nic_policy_look(struct nic_policy *p)
{
	int nfnl;

	if (nfnl_get(&nfnl, NULL) < 0 || firewall_policy_look(nfnl, &p->port, NULL) < 0)
		p->port.known = false;
}

/* That it has rules at all: by its name, and by its MAC for who sends to it. */
static void
nic_policy_act(struct nfnl_batch *b, const struct nic_policy *p,
               void (*act)(struct nfnl_batch *, const struct nfnl_table *, const char *, const struct nfnl_element *))
{
	struct nfnl_element mac = { .chain = NULL }, name = { .chain = NULL };

	nfnl_value_add(&mac.key, p->mac, sizeof p->mac);
	nfnl_value_add_ifname(&name.key, p->veth);
	act(b, &p->table, "judged", &mac);
	act(b, &p->table, "policed", &name);
}

void
nic_policy_put(struct nfnl_batch *b, const struct settings *s, const struct place *old, const struct place *place,
               const struct nic *nic, bool tracks)
{
	struct nic_policy p;

	nic_policy_open(&p, s, place, nic, tracks);
	if (old)
		nic_policy_look(&p);
	nic_policy_act(b, &p, firewall_policy_judges(place) ? nfnl_add_element : nfnl_drop_element);
	firewall_policy_put(b, &p.port, s, old, place);
}

void
nic_policy_drop(struct nfnl_batch *b, const struct settings *s, const struct place *place, const struct nic *nic)
{
	struct nic_policy p;

	nic_policy_open(&p, s, place, nic, false);
	nic_policy_look(&p);
	nic_policy_act(b, &p, nfnl_drop_element);
	firewall_policy_drop(b, &p.port);
}
