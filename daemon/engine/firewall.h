/*
 * The instance's nft tables, `inet <instance>` and `arp <instance>`: source addresses are checked, the host answers only ICMP and
 * ND, metadata and management networks and other tenants' private addresses are out of reach, private subnets are translated. Rules
 * are few and fixed; a container is a handful of set elements, so neither its packets nor its start cost more for the others'
 * number.
 */
#ifndef BERTH_FIREWALL_H
#define BERTH_FIREWALL_H

#include "daemon/engine/net_needs.h"
#include "schema/spec.h"

/* Makes the tables, with what every registered container has in them; where they are there, by these options and this program. */
int firewall_make(const struct settings *s, const struct net_needs *needs, struct err *e);
/* Whether they are there, and let through what they should. */
bool firewall_is_whole(const struct settings *s);
/* Where some of it is gone; the caller has nic_lock(). */
int firewall_make_again(const struct settings *s, struct err *e);
int firewall_cleanup(const char *instance, struct err *e);

/* firewall_foreign.c. Chains of others that drop what is forwarded, as "FAMILY TABLE CHAIN": containers would have no network. */
void firewall_find_foreign(const char *instance, struct strv *out);
/* Logs them, or nobody would know why. */
void firewall_warn_foreign(const char *instance);

/* Adds the container's elements. Like each of these it makes the tables anew where something of them is gone. */
int firewall_add(const struct settings *s, const struct place *place, const struct strv *ip, struct err *e);
/* In one transaction: those of `old` that aren't in `ip` go, those of `ip` come. With ip empty and veth true all of it goes. */
int firewall_change(const struct settings *s, const struct place *place, const struct strv *old, const struct strv *ip, bool veth,
                    struct err *e);
/* The container's own rules and forwards, in one transaction. */
int firewall_set_policy(const struct settings *s, const struct place *old, const struct place *place, struct err *e);

#endif
