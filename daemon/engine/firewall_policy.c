#include "daemon/engine/firewall_policy.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "schema/check.h"
#include "schema/rule.h"

enum { POLICY_RULES_MAX = 2 * RULE_LIST_MAX + 32, LOG_BURST = 10 };

/*
 * %1$s is the instance. After the chains that isolate containers, whose verdict stands. With each change the kernel looks for loops
 * through all that a base chain reaches: none reaches a map that it has no use for.
 */
static const char policy_rules[] =
        "add map inet %1$s policy_in { type ifname : verdict; }\n"
        "add map inet %1$s policy_out { type ifname : verdict; }\n"
        "add set inet %1$s connections { type ifname; flags dynamic; }\n"
        "add counter inet %1$s denied\n"
        "add set inet %1$s log_rates { type ifname; flags dynamic; }\n"
        "add chain inet %1$s denied\n"
        "add rule inet %1$s denied counter name denied drop\n"
        "add chain inet %1$s rejected\n"
        "add rule inet %1$s rejected meta l4proto tcp counter name denied reject with tcp reset\n"
        "add rule inet %1$s rejected counter name denied reject with icmpx port-unreachable\n"
        "add chain inet %1$s answers\n"
        "add rule inet %1$s answers ct state related accept\n"
        "add rule inet %1$s answers ct direction reply accept\n"
        "add chain inet %1$s policy_forward { type filter hook forward priority -4; }\n"
        "add rule inet %1$s policy_forward jump answers\n"
        "add rule inet %1$s policy_forward iifname vmap @policy_out\n"
        "add rule inet %1$s policy_forward oifname vmap @policy_in\n"
        /* Without neighbour discovery between host and container nothing at all would work. */
        "add chain inet %1$s policy_input { type filter hook input priority -4; }\n"
        "add rule inet %1$s policy_input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } return\n"
        "add rule inet %1$s policy_input jump answers\n"
        "add rule inet %1$s policy_input iifname vmap @policy_out\n"
        "add chain inet %1$s policy_output { type filter hook output priority -4; }\n"
        "add rule inet %1$s policy_output icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } return\n"
        "add rule inet %1$s policy_output jump answers\n"
        "add rule inet %1$s policy_output oifname vmap @policy_in\n";

/* One chain under construction, and what its rules have in common. */
struct policy_chain {
	struct buf *out;
	const struct settings *settings;
	const struct place *place;
	enum rule_direction direction;
	struct rule rules[POLICY_RULES_MAX];
	size_t n;
};

void
firewall_policy_begin(struct buf *out, const char *instance)
{
	buf_addf(out, policy_rules, instance);
}

static char
policy_letter(enum rule_direction direction)
{
	return direction == RULE_IN ? 'i' : 'o';
}

static void
policy_take_lines(struct policy_chain *c, const struct strv *lines, bool defaults)
{
	char why[RULE_WHY_MAX];
	struct rule rule;

	/* What doesn't parse has been refused before: it was checked by its table. */
	for (size_t i = 0; i < lines->n && c->n < POLICY_RULES_MAX; i++)
		if (rule_parse(lines->v[i], &rule, why) && rule.direction == c->direction && rule.is_default == defaults)
			c->rules[c->n++] = rule;
}

static void
policy_take_blocked(struct policy_chain *c)
{
	const struct strv *blocked = &c->place->blocked_ports;
	char why[RULE_WHY_MAX];

	for (size_t i = 0; c->direction == RULE_OUT && i < blocked->n && c->n < POLICY_RULES_MAX; i++) {
		struct rule rule = { .action = RULE_REJECT, .direction = RULE_OUT, .peer.base.family = AF_UNSPEC };

		if (rule_parse_ports(blocked->v[i], &rule.protocol, &rule.port, why))
			c->rules[c->n++] = rule;
	}
}

static const char *
policy_protocol(enum rule_protocol protocol)
{
	switch (protocol) {
	case RULE_TCP:
		return "tcp";
	case RULE_UDP:
		return "udp";
	case RULE_ICMP:
		return "icmp";
	case RULE_ICMPV6:
		return "ipv6-icmp";
	case RULE_ANY:
	case RULE_PROTOCOL_COUNT:
		break;
	}
	return NULL;
}

static void
policy_add_peer(const struct policy_chain *c, const struct prefix *peer)
{
	bool is6 = peer->base.family == AF_INET6;
	char address[ADDRESS_TEXT_MAX];

	if (peer->base.family == AF_UNSPEC)
		return;
	if (peer->length == 0)
		buf_addf(c->out, "meta nfproto %s ", is6 ? "ipv6" : "ipv4");
	else
		buf_addf(c->out, "%s %s %s/%u ", is6 ? "ip6" : "ip", c->direction == RULE_IN ? "saddr" : "daddr",
		         address_format(&peer->base, address), peer->length);
}

static void
policy_add_protocol(const struct policy_chain *c, const struct port_range *port, enum rule_protocol protocol)
{
	const char *name = policy_protocol(protocol);

	if (name && port->first == 0)
		buf_addf(c->out, "meta l4proto %s ", name);
	else if (name && port->first == port->last)
		buf_addf(c->out, "%s dport %u ", name, port->first);
	else if (name)
		buf_addf(c->out, "%s dport %u-%u ", name, port->first, port->last);
}

static void
policy_begin_rule(const struct policy_chain *c)
{
	buf_addf(c->out, "add rule inet %s %c%lld ", c->settings->instance, policy_letter(c->direction), (long long)c->place->ctid);
}

/* Where the container is seen. */
static const char *
policy_interface(enum rule_direction direction)
{
	return direction == RULE_IN ? "oifname" : "iifname";
}

static const char *
policy_word(enum rule_action action)
{
	return action == RULE_ALLOW ? "allow" : action == RULE_DENY ? "deny" : "reject";
}

static void
policy_add_log(const struct policy_chain *c, enum rule_action action)
{
	const struct place *place = c->place;
	bool named = !check_name(place->tenant) && !check_name(place->name);

	buf_addf(c->out, "add @log_rates { %s limit rate %lld/minute burst %d packets } log prefix \"%s %s%s%s %s %s: \"",
	         policy_interface(c->direction), (long long)c->settings->firewall_log, LOG_BURST, place->veth,
	         named ? place->tenant : "", named ? ":" : "", named ? place->name : "", policy_word(action),
	         c->direction == RULE_IN ? "in" : "out");
	if (record_has(&settings_schema, c->settings, "firewall_log_group"))
		buf_addf(c->out, " group %lld\n", (long long)c->settings->firewall_log_group);
	else
		buf_addf(c->out, " level info\n");
}

/* No anonymous sets: libnftables, told of anything, first asks for the elements of each one that there is on the host. */
static const char *
policy_verdict(enum rule_action action)
{
	return action == RULE_ALLOW ? "return" : action == RULE_DENY ? "goto denied" : "goto rejected";
}

static void
policy_add_rule_of(const struct policy_chain *c, const struct rule *rule, enum rule_protocol protocol)
{
	bool log = rule->log && c->settings->firewall_log > 0;

	for (int verdict = !log; verdict < 2; verdict++) {
		policy_begin_rule(c);
		policy_add_peer(c, &rule->peer);
		policy_add_protocol(c, &rule->port, protocol);
		if (verdict)
			buf_addf(c->out, "%s\n", policy_verdict(rule->action));
		else
			policy_add_log(c, rule->action);
	}
}

/* A port of any protocol is TCP's and UDP's. */
static void
policy_add_rule(const struct policy_chain *c, const struct rule *rule)
{
	if (rule->protocol != RULE_ANY || rule->port.first == 0) {
		policy_add_rule_of(c, rule, rule->protocol);
		return;
	}
	policy_add_rule_of(c, rule, RULE_TCP);
	policy_add_rule_of(c, rule, RULE_UDP);
}

/*
 * Both directions count in one list, which lies in a set rather than in the rule: whoever changes his rules doesn't begin anew. The
 * kernel takes it away when the last of them has ended.
 */
static void
policy_add_connections(const struct policy_chain *c)
{
	if (c->place->connections == 0)
		return;
	policy_begin_rule(c);
	buf_addf(c->out, "ct state new add @connections { %s ct count over %lld } goto denied\n", policy_interface(c->direction),
	         (long long)c->place->connections);
}

/* The chain is there, empty, and nothing jumps to it. */
static void
policy_drop_chain(struct buf *out, const char *t, const struct place *place, enum rule_direction direction)
{
	const char *map = direction == RULE_IN ? "policy_in" : "policy_out";
	char chain[32];

	/* "delete" of what isn't there would undo the whole transaction: each is added first. */
	snprintf(chain, sizeof chain, "%c%lld", policy_letter(direction), (long long)place->ctid);
	buf_addf(out, "add chain inet %1$s %2$s\nflush chain inet %1$s %2$s\n", t, chain);
	buf_addf(out, "add element inet %s %s { \"%s\" : jump %s }\n", t, map, place->veth, chain);
	buf_addf(out, "delete element inet %s %s { \"%s\" }\n", t, map, place->veth);
	buf_addf(out, "delete chain inet %s %s\n", t, chain);
}

static void
policy_put_chain(struct buf *out, const struct settings *s, const struct place *place, enum rule_direction direction, bool fresh)
{
	struct policy_chain c = { .out = out, .settings = s, .place = place, .direction = direction };
	const char *map = direction == RULE_IN ? "policy_in" : "policy_out", *t = s->instance;
	long long ctid = place->ctid;
	char letter = policy_letter(direction);

	policy_take_lines(&c, &place->firewall_operator, false);
	policy_take_blocked(&c);
	policy_take_lines(&c, &place->firewall, false);
	policy_take_lines(&c, &place->firewall, true);
	if (c.n == 0 && place->connections == 0) {
		if (!fresh)
			policy_drop_chain(out, t, place, direction);
		return;
	}
	buf_addf(out, "add chain inet %1$s %2$c%3$lld\nflush chain inet %1$s %2$c%3$lld\n", t, letter, ctid);
	policy_add_connections(&c);
	for (size_t i = 0; i < c.n; i++)
		policy_add_rule(&c, &c.rules[i]);
	buf_addf(out, "add element inet %s %s { \"%s\" : jump %c%lld }\n", t, map, place->veth, letter, ctid);
}

/* Of what rules have put in a set; the count goes with it. */
static void
policy_drop_state(struct buf *out, const char *t, const struct place *place, const char *set)
{
	buf_addf(out, "add element inet %s %s { \"%s\" }\n", t, set, place->veth);
	buf_addf(out, "delete element inet %s %s { \"%s\" }\n", t, set, place->veth);
}

void
firewall_policy_put(struct buf *out, const struct settings *s, const struct place *old, const struct place *place)
{
	policy_put_chain(out, s, place, RULE_IN, !old);
	policy_put_chain(out, s, place, RULE_OUT, !old);
	if (old && old->connections != place->connections)
		policy_drop_state(out, s->instance, place, "connections");
}

/* Whatever there is of it: an orphan's rules aren't known any more. */
void
firewall_policy_drop(struct buf *out, const char *t, const struct place *place)
{
	policy_drop_chain(out, t, place, RULE_IN);
	policy_drop_chain(out, t, place, RULE_OUT);
	policy_drop_state(out, t, place, "connections");
	policy_drop_state(out, t, place, "log_rates");
}
