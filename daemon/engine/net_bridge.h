/* Bridges and their ports by rtnetlink, beside net_link.h. */
#ifndef BERTH_NET_BRIDGE_H
#define BERTH_NET_BRIDGE_H

#include <netlink/netlink.h>
#include <stdbool.h>

#include "daemon/util/err.h"

/* Makes a bridge on which the host itself has no address, of no family, and which floods multicast; up. One that is there is fine.
 */
int net_make_bridge(struct nl_sock *sock, const char *name, struct err *e);
/* ERR_CONFLICT with what the host lacks: no such bridge, or one that doesn't filter VLANs. */
int net_check_bridge(const char *name, bool vlan, struct err *e);
int net_enslave(struct nl_sock *sock, int index, int bridge, struct err *e);
/*
 * Who is behind it is known: the bridge learns nothing from it and sends nothing there that is for others or for nobody, however
 * long it is silent. One that takes part in the spanning tree is shut off.
 */
int net_guard_port(struct nl_sock *sock, int index, const unsigned char mac[6], struct err *e);
/* Of that VLAN alone, untagged towards the container; before its MAC is told. */
int net_set_port_vlan(struct nl_sock *sock, int index, uint16_t vlan, struct err *e);

#endif
