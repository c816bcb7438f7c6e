#include "schema/rule.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/words.h"

static const char *const actions[RULE_ACTION_COUNT] = { "allow", "deny", "reject" };
static const char *const directions[RULE_DIRECTION_COUNT] = { "in", "out" };
static const char *const protocols[RULE_PROTOCOL_COUNT] = { "any", "tcp", "udp", "icmp", "icmpv6" };
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* A default is a direction and an action, the other way round. */
static bool
rule_take_head(struct words *w, struct rule *rule)
{
	int action, direction;

	rule->is_default = words_skip(w, "default");
	if (rule->is_default) {
		direction = words_take_choice(w, directions, COUNT(directions), "must be in or out");
		action = direction < 0 ? -1 : words_take_choice(w, actions, COUNT(actions), "must be allow, deny or reject");
	} else {
		action = words_take_choice(w, actions, COUNT(actions), "must be allow, deny, reject or default");
		direction = action < 0 ? -1 : words_take_choice(w, directions, COUNT(directions), "must be in or out");
	}
	if (action < 0 || direction < 0)
		return false;
	rule->action = (enum rule_action)action;
	rule->direction = (enum rule_direction)direction;
	return true;
}

static bool
rule_has_ports(enum rule_protocol protocol)
{
	return protocol == RULE_TCP || protocol == RULE_UDP || protocol == RULE_ANY;
}

static bool
rule_take_protocol(struct words *w, struct rule *rule)
{
	const char *word = words_peek(w);
	int protocol;

	if (!word || strcmp(word, "from") == 0 || strcmp(word, "to") == 0 || strcmp(word, "log") == 0)
		return true;
	protocol = words_take_choice(w, protocols, COUNT(protocols), "must be tcp, udp, icmp, icmpv6, any, from, to or log");
	if (protocol < 0)
		return false;
	rule->protocol = (enum rule_protocol)protocol;
	word = words_peek(w);
	if (!word || word[0] < '0' || word[0] > '9')
		return true;
	if (!rule_has_ports(rule->protocol))
		return words_refuse(w, "isn't taken: only tcp, udp and any have ports");
	return words_take_ports(w, &rule->port);
}

static bool
rule_take_peer(struct words *w, struct rule *rule)
{
	const char *own = rule->direction == RULE_IN ? "from" : "to", *other = rule->direction == RULE_IN ? "to" : "from";
	const char *word = words_peek(w);
	int family;

	if (word && strcmp(word, other) == 0)
		return words_refuse(w, rule->direction == RULE_IN ? "must be 'from': what comes in is told by whence"
		                                                  : "must be 'to': what goes out is told by whither");
	if (!words_skip(w, own))
		return true;
	if (!words_take_prefix(w, &rule->peer))
		return false;
	family = rule->protocol == RULE_ICMP ? AF_INET : rule->protocol == RULE_ICMPV6 ? AF_INET6 : rule->peer.base.family;
	return family == rule->peer.base.family ||
	       words_refuse_last(w, family == AF_INET ? "must be IPv4, as icmp is" : "must be IPv6, as icmpv6 is");
}

bool
rule_parse(const char *text, struct rule *out, char why[RULE_WHY_MAX])
{
	struct words w;
	struct rule rule = { .peer.base.family = AF_UNSPEC };

	if (!words_begin(&w, text, why, RULE_WHY_MAX) || !rule_take_head(&w, &rule))
		return false;
	if (!rule.is_default && (!rule_take_protocol(&w, &rule) || !rule_take_peer(&w, &rule)))
		return false;
	rule.log = words_skip(&w, "log");
	if (words_peek(&w))
		return words_refuse(&w, rule.log                    ? "is too much: log is the last word"
		                        : rule.is_default           ? "must be log, or not there"
		                        : rule.peer.base.family     ? "must be log, or not there"
		                        : rule.direction == RULE_IN ? "must be a port, from or log"
		                                                    : "must be a port, to or log");
	*out = rule;
	return true;
}

bool
rule_parse_ports(const char *text, enum rule_protocol *protocol_out, struct port_range *out, char why[RULE_WHY_MAX])
{
	struct words w;

	if (!words_begin(&w, text, why, RULE_WHY_MAX))
		return false;
	*protocol_out = words_skip(&w, "tcp") ? RULE_TCP : words_skip(&w, "udp") ? RULE_UDP : RULE_ANY;
	if (!words_take_ports(&w, out))
		return false;
	return !words_peek(&w) || words_refuse(&w, "is too much");
}

static bool
rule_explain_line(const struct strv *list, size_t i, bool operators, char *why, size_t size)
{
	char reason[RULE_WHY_MAX];
	struct rule rule, other;

	if (!rule_parse(list->v[i], &rule, reason)) {
		snprintf(why, size, "rule %zu: %s", i + 1, reason);
		return false;
	}
	if (rule.is_default && operators) {
		snprintf(why, size, "rule %zu: 'default' is the container's own to choose: '%s %s' at the end is for all", i + 1,
		         actions[rule.action], directions[rule.direction]);
		return false;
	}
	for (size_t j = 0; rule.is_default && j < i; j++)
		if (rule_parse(list->v[j], &other, reason) && other.is_default && other.direction == rule.direction) {
			snprintf(why, size, "rule %zu: 'default %s' is given by rule %zu already", i + 1,
			         directions[rule.direction], j + 1);
			return false;
		}
	return true;
}

bool
rule_explain(const struct strv *list, size_t i, char *why, size_t size)
{
	return rule_explain_line(list, i, false, why, size);
}

bool
rule_explain_operator(const struct strv *list, size_t i, char *why, size_t size)
{
	return rule_explain_line(list, i, true, why, size);
}

bool
rule_explain_ports(const struct strv *list, size_t i, char *why, size_t size)
{
	enum rule_protocol protocol;
	struct port_range port;
	char reason[RULE_WHY_MAX];

	if (rule_parse_ports(list->v[i], &protocol, &port, reason))
		return true;
	snprintf(why, size, "item %zu: %s", i + 1, reason);
	return false;
}
