#include "daemon/engine/hook_address.h"

#include <string.h>
#include <sys/socket.h>

/* RFC 6890 and its kin. */
static const struct {
	const char *prefix;
	const char *why;
} hook_special[] = {
	{ "0.0.0.0/8", "is no host's" },
	{ "10.0.0.0/8", "is private" },
	{ "100.64.0.0/10", "is a carrier's" },
	{ "127.0.0.0/8", "is loopback" },
	{ "169.254.0.0/16", "is link-local" },
	{ "172.16.0.0/12", "is private" },
	{ "192.0.0.0/24", "is special" },
	{ "192.0.2.0/24", "is documentation" },
	{ "192.88.99.0/24", "is special" },
	{ "192.168.0.0/16", "is private" },
	{ "198.18.0.0/15", "is for tests" },
	{ "198.51.100.0/24", "is documentation" },
	{ "203.0.113.0/24", "is documentation" },
	{ "224.0.0.0/4", "is multicast" },
	{ "240.0.0.0/4", "is reserved" },
	{ "::/96", "is no host's" },
	{ "::1/128", "is loopback" },
	{ "64:ff9b:1::/48", "is private" },
	{ "100::/64", "is discarded" },
	{ "2001::/23", "is special" },
	{ "2001:db8::/32", "is documentation" },
	{ "fc00::/7", "is private" },
	{ "fe80::/10", "is link-local" },
	{ "fec0::/10", "is private" },
	{ "ff00::/8", "is multicast" },
};

/* IPv6 addresses with an IPv4 one inside go where that one does: mapped, 64:ff9b::/96, 2002::/16. */
static bool
hook_address_inner(const struct address *a, struct address *inner_out)
{
	static const struct {
		unsigned char bytes[12];
		size_t len, at;
	} outer[] = {
		{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 12, 12 },
		{ { 0, 0x64, 0xff, 0x9b }, 12, 12 },
		{ { 0x20, 0x02 }, 2, 2 },
	};

	for (size_t i = 0; a->family == AF_INET6 && i < sizeof outer / sizeof *outer; i++)
		if (memcmp(a->bytes, outer[i].bytes, outer[i].len) == 0) {
			*inner_out = (struct address){ .family = AF_INET };
			memcpy(inner_out->bytes, a->bytes + outer[i].at, 4);
			return true;
		}
	return false;
}

/* The length of the longest that holds it; -1: none does. */
static int
hook_longest(const struct strv *prefixes, const struct address *a)
{
	int longest = -1;

	for (size_t i = 0; i < prefixes->n; i++) {
		struct prefix prefix;

		if (prefix_parse(prefixes->v[i], &prefix) && prefix_contains(&prefix, a) && (int)prefix.length > longest)
			longest = (int)prefix.length;
	}
	return longest;
}

static void
hook_refuse_text(const char *text, const char *why, const struct address *a, int *length, const char **why_out)
{
	struct prefix prefix;

	if (!text || !prefix_parse(text, &prefix) || !prefix_contains(&prefix, a) || (int)prefix.length <= *length)
		return;
	*length = (int)prefix.length;
	*why_out = why;
}

const char *
hook_address_refuse(const struct settings *s, bool host, const struct address *own, size_t nown, const struct address *address)
{
	struct address inner;
	const char *why = NULL;
	int refused = -1, allowed;

	if (hook_address_inner(address, &inner))
		return hook_address_refuse(s, host, own, nown, &inner);
	for (size_t i = 0; i < sizeof hook_special / sizeof *hook_special; i++)
		hook_refuse_text(hook_special[i].prefix, hook_special[i].why, address, &refused, &why);
	hook_refuse_text(s->subnet4, "is a container's", address, &refused, &why);
	hook_refuse_text(s->subnet6, "is a container's", address, &refused, &why);
	for (size_t i = 0; i < s->addresses.n; i++)
		hook_refuse_text(s->addresses.v[i], "is a container's", address, &refused, &why);
	for (size_t i = 0; i < s->management.n; i++)
		hook_refuse_text(s->management.v[i], "is of a management network", address, &refused, &why);
	for (size_t i = 0; i < nown; i++)
		if (address_equal(&own[i], address)) {
			refused = address->family == AF_INET ? 32 : 128;
			why = "is the host's";
		}
	allowed = hook_longest(&s->hook_allow_tenants, address);
	if (host && hook_longest(&s->hook_allow, address) > allowed)
		allowed = hook_longest(&s->hook_allow, address);
	return refused > allowed ? why : NULL;
}
