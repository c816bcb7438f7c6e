/*
 * The instance's nft tables, `inet <instance>` and `arp <instance>`: source addresses are checked, the host answers only ICMP and
 * ND, metadata and management networks and other tenants' private addresses are out of reach, private subnets are translated. Rules
 * are few and fixed; a container is a handful of set elements, so its cost doesn't grow with the others' number.
 */
#ifndef BERTH_FIREWALL_H
#define BERTH_FIREWALL_H

#include "schema/spec.h"

/*
 * Makes the tables, with the elements of every registered container; where they are there, anew and in one transaction, for rules
 * may differ from those of the daemon before.
 */
int firewall_make(const struct settings *s, struct err *e);
/* Chains of others that drop what is forwarded, as "FAMILY TABLE CHAIN": containers would have no network. */
void firewall_find_foreign(const char *instance, struct strv *out);
/* Logs them, or nobody would know why. */
void firewall_warn_foreign(const char *instance);
int firewall_cleanup(const char *instance, struct err *e);

/* nft's own language, one transaction. */
int firewall_run_text(const struct buf *commands, struct err *e);

/* Adds the container's elements, remaking the tables where somebody flushed them. */
int firewall_add(const struct settings *s, const struct place *place, const struct strv *ip, struct err *e);
/* In one transaction: those of `old` that aren't in `ip` go, those of `ip` come. With ip empty and veth true all of it goes. */
int firewall_change(const struct settings *s, const struct place *place, const struct strv *old, const struct strv *ip, bool veth,
                    struct err *e);
/* The container's own rules and forwards, in one transaction. */
int firewall_set_policy(const struct settings *s, const struct place *old, const struct place *place, struct err *e);

#endif
