#include "schema/ip.h"

#include <string.h>

#include "schema/check.h"

#define MAKE FIELD_CREATE
#define CHANGE (FIELD_CREATE | FIELD_PATCH)
#define SEEN FIELD_READONLY
#define YEAR (366LL * 24 * 3600)

static const char *
check_pool_name(const char *text)
{
	if (strcmp(text, "auto") == 0 || strcmp(text, "auto4") == 0 || strcmp(text, "auto6") == 0)
		return "must not be auto, auto4 or auto6, which mean something else";
	return check_name(text);
}

static const char *
check_grantee(const char *text)
{
	return strcmp(text, IP_POOL_ALL) == 0 || !check_name(text) ? NULL : "must be a tenant's name, or * for all tenants";
}

#define P ip_pool
static const struct field ip_pool_fields[] = {
	STRING_FIELD(P, name, MAKE | FIELD_REQUIRED, 32, check_pool_name,
	             "Its name, which stands for one of its addresses in `ip`."),
	STRING_FIELD(P, description, CHANGE, 200, check_line, "A line for people."),
	STRING_FIELD(P, prefix, MAKE | FIELD_REQUIRED, 64, check_prefix,
	             "The addresses, within what the host's configuration gives to containers (subnet4, subnet6, addresses)."),
	LIST_FIELD(P, tenants, CHANGE | FIELD_HOST, 4096, check_grantee,
	           "Tenants that may take from it, or * for all; without any it is for the host's roles to give from."),
	BOOL_FIELD(P, automatic, CHANGE, 0,
	           "Whether `auto` takes from it, for tenants that may; before the host's private subnet."),
	LIST_FIELD(P, reserved, CHANGE | FIELD_HOST, 4096, check_address, "Addresses that are given by hand alone."),
	INT_FIELD(P, rest, CHANGE, 0, YEAR, 0, "Seconds that a released address rests before another container gets it."),
	INT_FIELD(P, length, MAKE | FIELD_NO_PRESET, IP_POOL_LENGTH_MIN, 112, 0,
	          "Length of the IPv6 prefixes that it gives, such as 64: each is routed to its container whole. Single addresses "
	          "when "
	          "left out."),
	TIME_FIELD(P, created_at, SEEN, "When it was created."),
	INT_FIELD(P, revision, SEEN, 0, INT64_MAX, 0, "Grows with each change; the ETag."),
	END_FIELDS
};
const struct schema ip_pool_schema = { "ip_pool", sizeof(struct ip_pool), ip_pool_fields };

#define H ip_holding
static const struct field ip_holding_fields[] = { STRING_FIELD(H, address, SEEN, 64, NULL, "The address."),
	                                          STRING_FIELD(H, container, SEEN, 36, check_uuid, "UUID of the container."),
	                                          STRING_FIELD(H, tenant, SEEN, 64, NULL, "Its tenant."),
	                                          STRING_FIELD(H, name, SEEN, 40, NULL, "Its name."),
	                                          STRING_FIELD(H, pool, SEEN, 32, NULL, "The pool that the address is of."),
	                                          TIME_FIELD(H, since, SEEN, "Since when."),
	                                          TIME_FIELD(H, until, SEEN, "Until when; not there while it is held."),
	                                          STRING_FIELD(H, network, SEEN, 40, NULL,
	                                                       "The host's network that it is on; not there for a routed one."),
	                                          END_FIELDS };
const struct schema ip_holding_schema = { "ip_holding", sizeof(struct ip_holding), ip_holding_fields };
