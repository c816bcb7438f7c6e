/* Links, addresses and routes by rtnetlink (libnl-3-route). All calls work in the calling thread's network namespace at net_open().
 */
#ifndef BERTH_NET_LINK_H
#define BERTH_NET_LINK_H

#include <netlink/netlink.h>
#include <stdbool.h>

#include "daemon/util/err.h"

int net_open(struct nl_sock **sock_out, struct err *e);
/* In another network namespace; the thread is back in its own when it returns. */
int net_open_in(int netns_fd, struct nl_sock **sock_out, struct err *e);
void net_close(struct nl_sock **sock);
#define AUTO_NL __attribute__((cleanup(net_close)))

/* Makes the pair, its end `name` here and up, `peer` with the MAC in netns_fd. A leftover of that name is replaced. */
int net_add_veth(struct nl_sock *sock, const char *name, const char *peer, const unsigned char mac[6], int netns_fd, struct err *e);
/*
 * The host's end of one: no link-local address but those that are given; and what holds should the firewall be gone: packets and ARP
 * questions only from senders whose way back is this veth.
 */
int net_harden_veth(struct nl_sock *sock, int index, struct err *e);
/* Absent is success. */
int net_delete_link(struct nl_sock *sock, const char *name, struct err *e);
/* 0: there is no such link in the socket's namespace. */
int net_index(struct nl_sock *sock, const char *name);
int net_set_up(struct nl_sock *sock, int index, struct err *e);

/* Adding what is there, and removing what isn't, is success. length: prefix bits. */
int net_add_address(struct nl_sock *sock, int index, const char *address, unsigned int length, struct err *e);
int net_delete_address(struct nl_sock *sock, int index, const char *address, unsigned int length, struct err *e);
/* destination: address for a host route, NULL for the default one. gateway: NULL for a route on the link. */
int net_add_route(struct nl_sock *sock, int index, const char *destination, const char *gateway, struct err *e);
int net_delete_route(struct nl_sock *sock, int index, const char *destination, struct err *e);

/* A route of last resort to a prefix, "10.77.0.0/16", that refuses what no other route takes. */
int net_change_unreachable(struct nl_sock *sock, const char *prefix, bool add, struct err *e);

#endif
