/*
 * The nft table `bridge <instance>`: what interfaces on networks may send. Rules are the same for all, an interface is elements of
 * their sets; made with the first of them. By MAC, ARP sender, source address and neighbour advertisement; no router, no DHCP
 * server, no tags, nothing but IP. Then by the container's own rules: nic_policy.h.
 */
#ifndef BERTH_NIC_FIREWALL_H
#define BERTH_NIC_FIREWALL_H

#include "daemon/engine/net_needs.h"
#include "daemon/engine/nfnl.h"
#include "schema/network.h"
#include "schema/spec.h"

/* Anew, with the interfaces of every registered container; none where nobody has any. */
int nic_firewall_make(const struct settings *s, const struct net_needs *needs, struct err *e);
bool nic_firewall_is_whole(const struct settings *s);
int nic_firewall_cleanup(const char *instance, struct err *e);
/* What belongs into the table `inet <instance>`: the host's own services are closed to them, bridges aren't tracked. */
void nic_firewall_put_inet(struct buf *out, const struct settings *s);
void nic_firewall_put_place(struct nfnl_batch *b, const struct settings *s, const struct place *place);

/* What comes, or is to be so from now on; and what was so far of the same interfaces. */
struct nic_change {
	const struct nic *nics, *old;
	size_t n, nold;
};
/* In one transaction; makes the table where there is none. */
int nic_firewall_change(const struct spec *spec, const struct nic_change *change, struct err *e);
/* What the container's own rules are on its interfaces; `old` as of firewall_policy_put(). */
void nic_firewall_put_policy(struct nfnl_batch *b, const struct settings *s, const struct place *old, const struct place *place);
/* After that: what leads to them, where the first has some. */
int nic_firewall_hook_policies(const struct settings *s, const struct place *place, struct err *e);
/* Absent is success. */
int nic_firewall_drop(const struct spec *spec, const struct nic *nics, size_t n, struct err *e);

#endif
