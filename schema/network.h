/* Networks beside the routed one: a tenant's private ones, and bridges; and a container's interfaces on them. */
#ifndef BERTH_SCHEMA_NETWORK_H
#define BERTH_SCHEMA_NETWORK_H

#include "daemon/util/prefix.h"
#include "schema/field.h"

struct network {
	struct field_set set;
	char *id; /* UUID */
	char *name;
	char *tenant; /* whose it is; not given: the host's */
	char *kind;   /* "private" or "bridge" */
	char *description;
	struct strv prefix;  /* one a family at most */
	struct strv gateway; /* the same */
	char *bridge;        /* the operator's own device; not given: one that Berth makes */
	int64_t vlan;
	struct strv tenants; /* who may use a bridge: names, or "*" */
	char *isolation;     /* of a bridge: "none" or "tenants" */
	int64_t number;      /* from 1, unique among its tenant's; names the device that Berth makes */
	int64_t created_at;
	int64_t revision;
};
extern const struct schema network_schema;

enum {
	NETWORKS_MAX = 250 /* a tenant's, and the host's */,
	NIC_MAX = 8,
	NIC_ADDRESSES_MAX = 8,
	NIC_TEXT_MAX = 700,
	VLAN_MAX = 4094
};

enum nic_kind { NIC_PRIVATE, NIC_BRIDGE };

/*
 * An interface of a container as the engine is told of it: all that it needs. A private network is one of the container's own
 * tenant, whatever the number: the engine takes the tenant from its registry.
 */
struct nic {
	int64_t index;    /* eth<index> inside, from 1 */
	char network[37]; /* UUID */
	enum nic_kind kind;
	int64_t number;
	char bridge[16]; /* "": Berth's own */
	int64_t vlan;    /* 0: none */
	bool dhcp;       /* what a server gives it of its prefixes; of IPv6 any that nobody else holds */
	size_t naddresses;
	struct prefix addresses[NIC_ADDRESSES_MAX]; /* base is the address itself, length the network's; with dhcp the prefixes */
	size_t ngateways;
	struct address gateways[2];
};

/* "1 UUID private 3 - 0 10.0.0.5/24,fd00::5/64 -", both ways. false: it is none; out of room. */
bool nic_parse(const char *text, struct nic *out);
bool nic_format(const struct nic *nic, char out[NIC_TEXT_MAX]);
const char *check_nic(const char *text);

/* How a user names an interface: NETWORK[:ADDRESS[+ADDRESS]…], or dhcp for the address. */
const char *check_net(const char *text);
/* Its two parts; rest is "" without a colon. false: the name is too long. */
bool net_split(const char *text, char name_out[41], const char **rest_out);

#endif
