#include "daemon/engine/firewall_forward.h"

#include <netinet/in.h>
#include <string.h>

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

/* The container's first address of the family; NULL: it has none. */
static const char *
forward_target(const struct place *place, bool is6)
{
	for (size_t i = 0; i < place->ip.n; i++)
		if ((strchr(place->ip.v[i], ':') != NULL) == is6)
			return place->ip.v[i];
	return NULL;
}

static void
forward_put_port(struct buf *out, const char *verb, const char *t, const struct forward *f, unsigned int i, const char *target,
                 char family)
{
	const char *protocol = f->protocol == RULE_TCP ? "tcp" : "udp";
	unsigned int from = f->from.first + i, to = f->to.first + i;
	char on[ADDRESS_TEXT_MAX];

	if (f->on.family == AF_UNSPEC) {
		buf_addf(out, "%s element inet %s forward%c { %s . %u : %s . %u }\n", verb, t, family, protocol, from, target, to);
		buf_addf(out, "%s element inet %s port%c { %s . %u }\n", verb, t, family, protocol, from);
	} else {
		address_format(&f->on, on);
		buf_addf(out, "%s element inet %s forward_on%c { %s . %s . %u : %s . %u }\n", verb, t, family, on, protocol, from,
		         target, to);
		buf_addf(out, "%s element inet %s port_on%c { %s . %s . %u }\n", verb, t, family, on, protocol, from);
	}
	buf_addf(out, "%s element inet %s forwarded%c { %s . %s . %u }\n", verb, t, family, target, protocol, to);
}

static void
forward_put_line(struct buf *out, const char *verb, const char *t, const struct place *place, const char *line)
{
	char why[RULE_WHY_MAX];
	struct forward f;

	if (!forward_parse(line, &f, why))
		return;
	for (int is6 = 0; is6 < 2; is6++) {
		const char *target = forward_target(place, is6);

		if (!target || (f.on.family != AF_UNSPEC && (f.on.family == AF_INET6) != is6))
			continue;
		for (unsigned int i = 0; i <= (unsigned int)(f.from.last - f.from.first); i++)
			forward_put_port(out, verb, t, &f, i, target, is6 ? '6' : '4');
	}
}

static void
forward_put_lines(struct buf *out, const char *verb, const char *t, const struct place *place)
{
	for (size_t i = 0; i < place->forwards.n; i++)
		forward_put_line(out, verb, t, place, place->forwards.v[i]);
	if (place->forwards.n > 0)
		buf_addf(out, "%s element inet %s hairpin { \"%s\" . \"%s\" }\n", verb, t, place->veth, place->veth);
}

/* "delete" of what isn't there would undo the whole transaction: each is added first. */
void
firewall_forward_drop(struct buf *out, const char *t, const struct place *place)
{
	forward_put_lines(out, "add", t, place);
	forward_put_lines(out, "delete", t, place);
}

void
firewall_forward_put(struct buf *out, const char *t, const struct place *old, const struct place *place)
{
	if (old)
		firewall_forward_drop(out, t, old);
	forward_put_lines(out, "add", t, place);
}
