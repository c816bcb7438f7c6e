/*
 * Containers' own rules on their interfaces on networks, in the table `bridge <instance>`: a port of firewall_policy.h for each.
 *
 * Where the kernel tracks connections on bridges (CONFIG_NF_CONNTRACK_BRIDGE) they mean what they mean on eth0. Elsewhere TCP is
 * judged by the packet that opens a connection, whatever else by each packet by itself, an answer like a question; and nobody
 * counts connections. What a rule denies doesn't get through on either.
 */
#ifndef BERTH_NIC_POLICY_H
#define BERTH_NIC_POLICY_H

#include "daemon/engine/nfnl.h"
#include "schema/network.h"
#include "schema/spec.h"

/* Adds the commands for what all share, by what the kernel is able to; with the base chains, as of firewall_policy_hook(). */
void nic_policy_begin(struct buf *out, const char *instance, bool hooks);
/* In the table that is there. */
int nic_policy_hook_up(const char *instance, struct err *e);
/* The sets of it that have containers' elements; those of `zones`, an interface's zone, are the caller's to put there. */
#define NIC_POLICY_SETS "policy_in", "policy_out", "judged", "policed", "zones"

/* What the kernel can do for interfaces on networks. */
enum nic_policy_kernel {
	NIC_POLICY_NOTHING,   /* no container can be on one */
	NIC_POLICY_STATELESS, /* see above */
	NIC_POLICY_TRACKS
};
enum nic_policy_kernel nic_policy_look_at_kernel(const char *instance);
/* Whether the table that is there, or not yet, tracks connections. */
bool nic_policy_tracks(const char *instance);

/* Of connections on one of Berth's own bridges. Another bridge's is most likely another. */
uint16_t nic_policy_zone(const struct place *place, const struct nic *nic);

/* What the interface's packets are judged by becomes that of `place`; `old` as of firewall_policy_put(). */
void nic_policy_put(struct nfnl_batch *b, const struct settings *s, const struct place *old, const struct place *place,
                    const struct nic *nic, bool tracks);
void nic_policy_drop(struct nfnl_batch *b, const struct settings *s, const struct place *place, const struct nic *nic);

#endif
