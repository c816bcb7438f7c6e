#include "daemon/engine/firewall_forward.h"

#include <netinet/in.h>
#include <string.h>

#include "daemon/engine/nfnl_set.h"
#include "schema/forward.h"

/*
 * %1$s is the instance. The kernel rewrites at -100, whatever the number here says: it only orders those that do. The guard of the
 * host's addresses is earlier, and lets pass by `forwarded` what this will take. A container that asks for its own forward would
 * answer itself: to it the host speaks in its stead.
 */
static const char forward_rules[] =
        "add table inet %1$s\n"
        "add map inet %1$s forward4 { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
        "add map inet %1$s forward6 { type inet_proto . inet_service : ipv6_addr . inet_service; }\n"
        "add map inet %1$s forward_on4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
        "add map inet %1$s forward_on6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }\n"
        "add set inet %1$s forwarded4 { type ipv4_addr . inet_proto . inet_service; }\n"
        "add set inet %1$s forwarded6 { type ipv6_addr . inet_proto . inet_service; }\n"
        "add set inet %1$s port4 { type inet_proto . inet_service; }\n"
        "add set inet %1$s port6 { type inet_proto . inet_service; }\n"
        "add set inet %1$s port_on4 { type ipv4_addr . inet_proto . inet_service; }\n"
        "add set inet %1$s port_on6 { type ipv6_addr . inet_proto . inet_service; }\n"
        "add set inet %1$s hairpin { type ifname . ifname; }\n"
        "add chain inet %1$s forwarded\n"
        "add rule inet %1$s forwarded ip daddr . meta l4proto . th dport @port_on4 accept\n"
        "add rule inet %1$s forwarded ip6 daddr . meta l4proto . th dport @port_on6 accept\n"
        "add rule inet %1$s forwarded ip daddr { 127.0.0.0/8, 169.254.0.0/16 } return\n"
        "add rule inet %1$s forwarded ip6 daddr { ::1, fe80::/10 } return\n"
        "add rule inet %1$s forwarded meta nfproto ipv4 meta l4proto . th dport @port4 accept\n"
        "add rule inet %1$s forwarded meta nfproto ipv6 meta l4proto . th dport @port6 accept\n"
        "add chain inet %1$s forwards\n"
        "add rule inet %1$s forwards fib daddr type != local return\n"
        "add rule inet %1$s forwards dnat ip to ip daddr . meta l4proto . th dport map @forward_on4\n"
        "add rule inet %1$s forwards dnat ip6 to ip6 daddr . meta l4proto . th dport map @forward_on6\n"
        "add rule inet %1$s forwards ip daddr { 127.0.0.0/8, 169.254.0.0/16 } return\n"
        "add rule inet %1$s forwards ip6 daddr { ::1, fe80::/10 } return\n"
        "add rule inet %1$s forwards dnat ip to meta l4proto . th dport map @forward4\n"
        "add rule inet %1$s forwards dnat ip6 to meta l4proto . th dport map @forward6\n"
        "add chain inet %1$s forward_in { type nat hook prerouting priority -101; }\n"
        "add rule inet %1$s forward_in meta l4proto { tcp, udp } jump forwards\n"
        "add chain inet %1$s forward_own { type nat hook output priority -101; }\n"
        "add rule inet %1$s forward_own meta l4proto { tcp, udp } jump forwards\n"
        "add chain inet %1$s forward_out { type nat hook postrouting priority 99; }\n"
        "add rule inet %1$s forward_out ct status dnat iifname . oifname @hairpin masquerade\n";

void
firewall_forward_begin(struct buf *out, const char *instance)
{
	buf_addf(out, forward_rules, instance);
}

/* The container's first address of the family; false: it has none. */
static bool
forward_target(const struct place *place, int family, struct address *out)
{
	for (size_t i = 0; i < place->ip.n; i++)
		if (address_parse(place->ip.v[i], out) && out->family == family)
			return true;
	return false;
}

typedef void forward_do(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element);

/* One port: what comes to it is sent on, and is let pass before and after that. */
struct forward_port {
	const struct address *on, *target; /* on: NULL, all of the host's */
	uint8_t protocol;
	uint16_t from, to;
};

static struct nfnl_value
forward_place(const struct address *on, uint8_t protocol, uint16_t port)
{
	struct nfnl_value value = { .len = 0 };

	if (on)
		nfnl_value_add_address(&value, on);
	nfnl_value_add_protocol(&value, protocol);
	nfnl_value_add_port(&value, port);
	return value;
}

static void
forward_do_port(struct nfnl_batch *b, const struct nfnl_table *t, forward_do *act, const struct forward_port *p)
{
	bool is6 = p->target->family == AF_INET6;
	struct nfnl_element forward = { .key = forward_place(p->on, p->protocol, p->from) }, port = forward;
	struct nfnl_element forwarded = { .key = forward_place(p->target, p->protocol, p->to) };

	nfnl_value_add_address(&forward.data, p->target);
	nfnl_value_add_port(&forward.data, p->to);
	if (p->on) {
		act(b, t, is6 ? "forward_on6" : "forward_on4", &forward);
		act(b, t, is6 ? "port_on6" : "port_on4", &port);
	} else {
		act(b, t, is6 ? "forward6" : "forward4", &forward);
		act(b, t, is6 ? "port6" : "port4", &port);
	}
	act(b, t, is6 ? "forwarded6" : "forwarded4", &forwarded);
}

static void
forward_do_line(struct nfnl_batch *b, const struct nfnl_table *t, forward_do *act, const struct place *place, const char *line)
{
	static const int families[] = { AF_INET, AF_INET6 };
	char why[RULE_WHY_MAX];
	struct address target;
	struct forward f;

	if (!forward_parse(line, &f, why))
		return;
	for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
		if ((f.on.family != AF_UNSPEC && f.on.family != families[k]) || !forward_target(place, families[k], &target))
			continue;
		for (unsigned int i = 0; i <= (unsigned int)(f.from.last - f.from.first); i++) {
			const struct forward_port p = {
				.on = f.on.family == AF_UNSPEC ? NULL : &f.on,
				.target = &target,
				.protocol = f.protocol == RULE_TCP ? IPPROTO_TCP : IPPROTO_UDP,
				.from = (uint16_t)(f.from.first + i),
				.to = (uint16_t)(f.to.first + i),
			};

			forward_do_port(b, t, act, &p);
		}
	}
}

static void
forward_do_lines(struct nfnl_batch *b, const struct nfnl_table *t, forward_do *act, const struct place *place)
{
	struct nfnl_element hairpin = { .chain = NULL };

	for (size_t i = 0; i < place->forwards.n; i++)
		forward_do_line(b, t, act, place, place->forwards.v[i]);
	if (place->forwards.n == 0)
		return;
	nfnl_value_add_ifname(&hairpin.key, place->veth);
	nfnl_value_add_ifname(&hairpin.key, place->veth);
	act(b, t, "hairpin", &hairpin);
}

void
firewall_forward_drop(struct nfnl_batch *b, const struct nfnl_table *t, const struct place *place)
{
	forward_do_lines(b, t, nfnl_drop_element, place);
}

void
firewall_forward_put(struct nfnl_batch *b, const struct nfnl_table *t, const struct place *old, const struct place *place)
{
	if (old)
		firewall_forward_drop(b, t, old);
	forward_do_lines(b, t, nfnl_add_element, place);
}
