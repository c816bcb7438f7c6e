#include "schema/forward.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "schema/words.h"

static unsigned int
forward_count(const struct port_range *range)
{
	return range->last - range->first + 1u;
}

static bool
forward_take_target(struct words *w, struct forward *f)
{
	f->to = f->from;
	if (!words_skip(w, "to"))
		return true;
	if (!words_take_ports(w, &f->to))
		return false;
	return forward_count(&f->to) == forward_count(&f->from) || words_refuse_last(w, "must be as many ports as come in");
}

static bool
forward_check_on(const struct address *on)
{
	const unsigned char *b = on->bytes;
	const struct in6_addr *a6 = (const struct in6_addr *)(const void *)b;

	if (on->family == AF_INET)
		return b[0] != 0 && b[0] != 127 && b[0] < 224 && !(b[0] == 169 && b[1] == 254);
	return !IN6_IS_ADDR_UNSPECIFIED(a6) && !IN6_IS_ADDR_LOOPBACK(a6) && !IN6_IS_ADDR_MULTICAST(a6) &&
	       !IN6_IS_ADDR_LINKLOCAL(a6);
}

bool
forward_parse(const char *text, struct forward *out, char why[RULE_WHY_MAX])
{
	static const char *const protocols[] = { "tcp", "udp" };
	struct words w;
	struct forward f = { .on.family = AF_UNSPEC };
	int protocol;

	if (!words_begin(&w, text, why, RULE_WHY_MAX))
		return false;
	protocol = words_take_choice(&w, protocols, 2, "must be tcp or udp");
	if (protocol < 0 || !words_take_ports(&w, &f.from))
		return false;
	f.protocol = protocol == 0 ? RULE_TCP : RULE_UDP;
	if (forward_count(&f.from) > FORWARD_PORTS_MAX)
		return words_refuse_last(&w, "is more than 1024 ports");
	if (!forward_take_target(&w, &f))
		return false;
	if (words_skip(&w, "on")) {
		if (!words_take_address(&w, &f.on))
			return false;
		if (!forward_check_on(&f.on))
			return words_refuse_last(&w, "must be a unicast address, neither loopback nor link-local");
	}
	if (words_peek(&w))
		return words_refuse(&w, "must be to or on, or not there");
	*out = f;
	return true;
}

bool
forward_overlaps(const struct forward *a, const struct forward *b)
{
	if (a->protocol != b->protocol || a->from.first > b->from.last || b->from.first > a->from.last)
		return false;
	return a->on.family == AF_UNSPEC || b->on.family == AF_UNSPEC || address_equal(&a->on, &b->on);
}

bool
forward_explain(const struct strv *list, size_t i, char *why, size_t size)
{
	char reason[RULE_WHY_MAX];
	struct forward f, other;

	if (!forward_parse(list->v[i], &f, reason)) {
		snprintf(why, size, "forward %zu: %s", i + 1, reason);
		return false;
	}
	for (size_t j = 0; j < i; j++)
		if (forward_parse(list->v[j], &other, reason) && forward_overlaps(&f, &other)) {
			snprintf(why, size, "forward %zu: a port of it is taken by forward %zu already", i + 1, j + 1);
			return false;
		}
	return true;
}

bool
forward_explain_grant(const struct strv *list, size_t i, char *why, size_t size)
{
	char reason[RULE_WHY_MAX];
	struct port_range range;
	struct words w;

	if (words_begin(&w, list->v[i], reason, sizeof reason) && words_take_ports(&w, &range) && !words_peek(&w))
		return true;
	snprintf(why, size, "item %zu: must be a port or a range, such as 20000-20019", i + 1);
	return false;
}
