#include "daemon/engine/firewall_policy.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/firewall_table.h"
#include "daemon/engine/nfnl_rule.h"
#include "daemon/engine/nfnl_set.h"
#include "schema/check.h"
#include "schema/rule.h"

enum { POLICY_RULES_MAX = 2 * RULE_LIST_MAX + 32, LOG_BURST = 10, POLICY_CHAIN = 32, POLICY_LOG = 128 };

/* %1$s is the instance. */
static const char policy_rules[] = "add map inet %1$s policy_in { type ifname : verdict; }\n"
                                   "add map inet %1$s policy_out { type ifname : verdict; }\n"
                                   "add set inet %1$s connections { type ifname; flags dynamic; }\n"
                                   "add counter inet %1$s denied\n"
                                   "add set inet %1$s log_rates { type ifname; flags dynamic; }\n"
                                   "add chain inet %1$s rejected\n"
                                   "add rule inet %1$s rejected meta l4proto tcp counter name denied reject with tcp reset\n"
                                   "add rule inet %1$s rejected counter name denied reject with icmpx port-unreachable\n";

/*
 * After the chains that isolate containers, whose verdict stands. With each change the kernel looks for loops through all that a
 * base chain reaches: none reaches a map that it has no use for.
 */
static const char policy_hooks[] =
        "add chain inet %1$s policy_forward { type filter hook forward priority -4; }\n"
        "flush chain inet %1$s policy_forward\n"
        "add rule inet %1$s policy_forward ct direction reply accept\n"
        "add rule inet %1$s policy_forward ct state related accept\n"
        "add rule inet %1$s policy_forward " FIREWALL_BRIDGED "\n"
        "add rule inet %1$s policy_forward iifname vmap @policy_out\n"
        "add rule inet %1$s policy_forward oifname vmap @policy_in\n"
        /* Without neighbour discovery between host and container nothing at all would work. */
        "add chain inet %1$s policy_input { type filter hook input priority -4; }\n"
        "flush chain inet %1$s policy_input\n"
        "add rule inet %1$s policy_input ct direction reply accept\n"
        "add rule inet %1$s policy_input ct state related accept\n"
        "add rule inet %1$s policy_input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } return\n"
        "add rule inet %1$s policy_input iifname vmap @policy_out\n"
        "add chain inet %1$s policy_output { type filter hook output priority -4; }\n"
        "flush chain inet %1$s policy_output\n"
        "add rule inet %1$s policy_output ct direction reply accept\n"
        "add rule inet %1$s policy_output ct state related accept\n"
        "add rule inet %1$s policy_output icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } return\n"
        "add rule inet %1$s policy_output oifname vmap @policy_in\n";

/* One chain under construction, and what its rules have in common. */
struct policy_chain {
	struct nfnl_batch *batch;
	const struct policy_port *port;
	const struct settings *settings;
	const struct place *place;
	enum rule_direction direction;
	struct rule rules[POLICY_RULES_MAX];
	size_t n;
	char name[POLICY_CHAIN];
};

void
firewall_policy_begin(struct buf *out, const char *instance)
{
	buf_addf(out, policy_rules, instance);
}

void
firewall_policy_hook(struct buf *out, const char *instance)
{
	buf_addf(out, policy_hooks, instance);
}

bool
firewall_policy_judges(const struct place *place)
{
	return place->firewall.n > 0 || place->firewall_operator.n > 0 || place->blocked_ports.n > 0 || place->connections > 0;
}

int
firewall_policy_is_there(const struct nfnl_table *t, struct err *e)
{
	AUTO_STRV struct strv chains = { 0 };
	int nfnl;

	if (nfnl_get(&nfnl, e) < 0 || nfnl_read_chains(nfnl, t, &chains, e) < 0)
		return -1;
	for (size_t i = 0; i < chains.n; i++)
		if (firewall_policy_is_chain(chains.v[i]))
			return 1;
	return 0;
}

int
firewall_policy_hook_up(const struct nfnl_table *t, const char *chain, firewall_policy_put_hooks *hooks, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };
	int nfnl, found;

	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	found = nfnl_find_chain(nfnl, t, chain, e);
	if (found != 0)
		return found < 0 ? -1 : 0;
	hooks(&text, t->name);
	return firewall_run_text(&text, e);
}

static const char *
policy_chain_name(const struct policy_port *port, enum rule_direction direction, char out[POLICY_CHAIN])
{
	snprintf(out, POLICY_CHAIN, "%c%s", direction == RULE_IN ? 'i' : 'o', port->name);
	return out;
}

bool
firewall_policy_is_chain(const char *chain)
{
	return (chain[0] == 'i' || chain[0] == 'o') && chain[1] >= '0' && chain[1] <= '9';
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

static bool
policy_protocol(enum rule_protocol protocol, uint8_t *out)
{
	static const uint8_t numbers[RULE_PROTOCOL_COUNT] = {
		[RULE_TCP] = IPPROTO_TCP,
		[RULE_UDP] = IPPROTO_UDP,
		[RULE_ICMP] = IPPROTO_ICMP,
		[RULE_ICMPV6] = IPPROTO_ICMPV6,
	};

	*out = numbers[protocol];
	return protocol != RULE_ANY;
}

/* Where the container is seen. */
static enum nft_meta_keys
policy_interface(enum rule_direction direction)
{
	return direction == RULE_IN ? NFT_META_OIFNAME : NFT_META_IIFNAME;
}

static const char *
policy_word(enum rule_action action)
{
	return action == RULE_ALLOW ? "allow" : action == RULE_DENY ? "deny" : "reject";
}

static void
policy_add_log(const struct policy_chain *c, struct nfnl_rule *r, enum rule_action action)
{
	const struct settings *s = c->settings;
	const struct place *place = c->place;
	bool named = !check_name(place->tenant) && !check_name(place->name);
	bool grouped = record_has(&settings_schema, s, "firewall_log_group");
	char prefix[POLICY_LOG];

	snprintf(prefix, sizeof prefix, "%s %s%s%s %s %s: ", c->port->interface, named ? place->tenant : "", named ? ":" : "",
	         named ? place->name : "", policy_word(action), c->direction == RULE_IN ? "in" : "out");
	nfnl_end_above_rate(r, policy_interface(c->direction), "log_rates", (uint64_t)s->firewall_log, LOG_BURST);
	nfnl_log(r, prefix, grouped ? (int)s->firewall_log_group : -1);
}

/* Not by a chain of all: with each change of anybody's rules the kernel follows each way from a rule to a chain. */
static void
policy_deny(struct nfnl_rule *r)
{
	nfnl_count(r, "denied");
	nfnl_verdict(r, NF_DROP, NULL);
}

/* Whom a packet on a bridge goes to, the kernel doesn't answer for. */
static bool
policy_can_reject(const struct policy_chain *c)
{
	return c->port->table->family != NFPROTO_BRIDGE || c->direction == RULE_OUT;
}

static void
policy_add_verdict(const struct policy_chain *c, struct nfnl_rule *r, enum rule_action action)
{
	switch (action) {
	case RULE_ALLOW:
		nfnl_verdict(r, NFT_RETURN, NULL);
		break;
	case RULE_DENY:
		policy_deny(r);
		break;
	case RULE_REJECT:
		if (policy_can_reject(c))
			nfnl_verdict(r, NFT_GOTO, "rejected");
		else
			policy_deny(r);
		break;
	case RULE_ACTION_COUNT:
		break;
	}
}

static void
policy_add_rule_of(const struct policy_chain *c, const struct rule *rule, enum rule_protocol protocol)
{
	bool log = rule->log && c->settings->firewall_log > 0;
	uint8_t number;

	for (int verdict = !log; verdict < 2; verdict++) {
		struct nfnl_rule r;

		nfnl_begin_rule(&r, c->batch, c->port->table, c->name);
		if (rule->peer.base.family != AF_UNSPEC)
			nfnl_match_address(&r, c->direction == RULE_IN, &rule->peer);
		if (policy_protocol(protocol, &number))
			nfnl_match_protocol(&r, number);
		else if (c->port->stateless)
			nfnl_match_other_protocol(&r, IPPROTO_TCP);
		if (rule->port.first > 0)
			nfnl_match_ports(&r, rule->port.first, rule->port.last);
		if (protocol == RULE_TCP && c->port->stateless)
			nfnl_match_opening(&r);
		if (verdict)
			policy_add_verdict(c, &r, rule->action);
		else
			policy_add_log(c, &r, rule->action);
		nfnl_end_rule(&r);
	}
}

/* A port of any protocol is TCP's and UDP's; without state TCP is apart from all others. */
static void
policy_add_rule(const struct policy_chain *c, const struct rule *rule)
{
	bool ports = rule->port.first > 0;

	if (rule->protocol == RULE_ANY && (ports || c->port->stateless))
		policy_add_rule_of(c, rule, RULE_TCP);
	policy_add_rule_of(c, rule, rule->protocol == RULE_ANY && ports ? RULE_UDP : rule->protocol);
}

/*
 * Both directions count in one list, which lies in a set rather than in the rule: whoever changes his rules doesn't begin anew. The
 * kernel takes it away when the last of them has ended.
 */
static void
policy_add_connections(const struct policy_chain *c)
{
	struct nfnl_rule r;

	if (c->place->connections == 0 || c->port->stateless)
		return;
	nfnl_begin_rule(&r, c->batch, c->port->table, c->name);
	nfnl_match_new(&r);
	nfnl_end_below_connections(&r, policy_interface(c->direction), "connections", (uint32_t)c->place->connections);
	policy_deny(&r);
	nfnl_end_rule(&r);
}

static const char *
policy_map(enum rule_direction direction)
{
	return direction == RULE_IN ? "policy_in" : "policy_out";
}

/* That leads from the interface to its chain, or, without one, to an entry that rules have made. */
static struct nfnl_element
policy_element(const struct policy_port *port, const char *chain)
{
	struct nfnl_element element = { .chain = chain };

	nfnl_value_add_ifname(&element.key, port->interface);
	return element;
}

int
firewall_policy_look(int nfnl, struct policy_port *port, struct err *e)
{
	char name[POLICY_CHAIN];

	for (enum rule_direction direction = RULE_IN; direction < RULE_DIRECTION_COUNT; direction++) {
		int found = nfnl_find_chain(nfnl, port->table, policy_chain_name(port, direction, name), e);

		if (found < 0)
			return -1;
		port->has[direction] = found;
	}
	port->known = true;
	return 0;
}

static void
policy_drop_chain(struct nfnl_batch *b, const struct policy_port *port, enum rule_direction direction)
{
	char name[POLICY_CHAIN];
	struct nfnl_element element = policy_element(port, policy_chain_name(port, direction, name));

	if (port->known && !port->has[direction])
		return;
	/* "delete" of what isn't there would undo the whole transaction. */
	if (!port->known) {
		nfnl_add_chain(b, port->table, name);
		nfnl_add_element(b, port->table, policy_map(direction), &element);
	}
	nfnl_delete_element(b, port->table, policy_map(direction), &element);
	nfnl_flush_chain(b, port->table, name);
	nfnl_delete_chain(b, port->table, name);
}

static void
policy_put_chain(struct policy_chain *c, bool fresh)
{
	const struct nfnl_table *t = c->port->table;
	struct nfnl_element element = policy_element(c->port, policy_chain_name(c->port, c->direction, c->name));

	policy_take_lines(c, &c->place->firewall_operator, false);
	policy_take_blocked(c);
	policy_take_lines(c, &c->place->firewall, false);
	policy_take_lines(c, &c->place->firewall, true);
	if (c->n == 0 && c->place->connections == 0) {
		if (!fresh)
			policy_drop_chain(c->batch, c->port, c->direction);
		return;
	}
	nfnl_add_chain(c->batch, t, c->name);
	nfnl_flush_chain(c->batch, t, c->name);
	policy_add_connections(c);
	for (size_t i = 0; i < c->n; i++)
		policy_add_rule(c, &c->rules[i]);
	nfnl_add_element(c->batch, t, policy_map(c->direction), &element);
}

/* Of what rules have put in a set; the count goes with it. */
static void
policy_drop_state(struct nfnl_batch *b, const struct policy_port *port, const char *set)
{
	struct nfnl_element element = policy_element(port, NULL);

	nfnl_drop_element(b, port->table, set, &element);
}

void
firewall_policy_put(struct nfnl_batch *b, const struct policy_port *port, const struct settings *s, const struct place *old,
                    const struct place *place)
{
	for (enum rule_direction direction = RULE_IN; direction < RULE_DIRECTION_COUNT; direction++) {
		struct policy_chain c = { .batch = b, .port = port, .settings = s, .place = place, .direction = direction };

		policy_put_chain(&c, !old);
	}
	if (old && old->connections != place->connections)
		policy_drop_state(b, port, "connections");
}

/* Whatever there is of it: an orphan's rules aren't known any more. */
void
firewall_policy_drop(struct nfnl_batch *b, const struct policy_port *port)
{
	policy_drop_chain(b, port, RULE_IN);
	policy_drop_chain(b, port, RULE_OUT);
	policy_drop_state(b, port, "connections");
	policy_drop_state(b, port, "log_rates");
}
