/* Pools of addresses that containers are given from, and who holds or held which address. */
#ifndef BERTH_SCHEMA_IP_H
#define BERTH_SCHEMA_IP_H

#include "schema/field.h"

enum { IP_POOL_LENGTH_MIN = 48 };

struct ip_pool {
	struct field_set set;
	char *name;
	char *description;
	char *prefix;
	struct strv tenants; /* names, or "*" */
	int64_t automatic;
	struct strv reserved;
	int64_t rest;   /* seconds */
	int64_t length; /* of the prefixes that it gives; not given: single addresses */
	int64_t created_at;
	int64_t revision;
};
extern const struct schema ip_pool_schema;

/* Everybody's, in ip_pool.tenants. */
#define IP_POOL_ALL "*"

/* An address while a container holds it (until isn't given), or as one did. */
struct ip_holding {
	struct field_set set;
	char *address;
	char *container; /* UUID */
	char *tenant;
	char *name;
	char *pool; /* of those that there are now */
	int64_t since;
	int64_t until;
	char *network; /* the host's that it is on, by its name then; not given for a routed one */
};
extern const struct schema ip_holding_schema;

#endif
