/* Firewall rules: what is taken holds what it says, and nothing is printed into nft but numbers. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "schema/forward.h"
#include "tests/fuzz/fuzz.h"

static void
fuzz_check(const struct rule *rule)
{
	if (rule->action >= RULE_ACTION_COUNT || rule->direction >= RULE_DIRECTION_COUNT || rule->protocol >= RULE_PROTOCOL_COUNT ||
	    rule->port.last < rule->port.first || (rule->port.first == 0) != (rule->port.last == 0))
		abort();
	if (rule->peer.base.family == AF_UNSPEC)
		return;
	if (rule->peer.base.family != AF_INET && rule->peer.base.family != AF_INET6)
		abort();
	if (rule->peer.length > (rule->peer.base.family == AF_INET ? 32u : 128u) || !prefix_contains(&rule->peer, &rule->peer.base))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[512], why[RULE_WHY_MAX] = "";
	enum rule_protocol protocol;
	struct port_range port;
	struct forward forward;
	struct rule rule;

	if (size >= sizeof text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (rule_parse(text, &rule, why))
		fuzz_check(&rule);
	else if (!why[0])
		abort();
	if (rule_parse_ports(text, &protocol, &port, why) && (port.first == 0 || port.last < port.first))
		abort();
	if (forward_parse(text, &forward, why) &&
	    (forward.from.first == 0 || forward.to.first == 0 || forward.from.last < forward.from.first ||
	     forward.from.last - forward.from.first != forward.to.last - forward.to.first || !forward_overlaps(&forward, &forward)))
		abort();
	return 0;
}
