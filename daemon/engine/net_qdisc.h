/*
 * Queueing disciplines by rtnetlink (libnl-3-route), on links of the socket's network namespace. What arrives by an interface can
 * only be queued where it leaves one: it is sent through a second one, an ifb, which gives it back.
 */
#ifndef BERTH_NET_QDISC_H
#define BERTH_NET_QDISC_H

#include <netlink/netlink.h>
#include <stdint.h>

#include "daemon/util/err.h"

/* A token bucket for what leaves by the interface, in place of what it has: bytes a second, bytes at once, bytes that wait. */
struct net_bucket {
	int64_t rate;
	int64_t burst;
	int64_t waiting;
};
int net_set_bucket(struct nl_sock *sock, int index, const struct net_bucket *bucket, struct err *e);
/* Absent is success. */
int net_clear_bucket(struct nl_sock *sock, int index, struct err *e);

/* Makes an ifb of that name and raises it; one that is there will do. */
int net_make_ifb(struct nl_sock *sock, const char *name, struct err *e);
/* What arrives by `index` takes its way through the ifb `through`, whatever way it took before. */
int net_redirect_arrivals(struct nl_sock *sock, int index, int through, struct err *e);
int net_clear_arrivals(struct nl_sock *sock, int index, struct err *e);

/*
 * An interface that many share by weight when it is full: a token bucket at its root, and classes that take turns below it. root
 * and classes are the handles, MAJOR << 16; frame: bytes of the largest frame; rest: the quantum of what has no class.
 */
enum { NET_SHARE_ALL = 1, NET_SHARE_REST = 2 };
struct net_share {
	uint32_t root;
	uint32_t classes;
	struct net_bucket bucket;
	int64_t frame;
	int64_t rest;
};
/* Classes that are there stay. Refused where somebody else has configured the interface. */
int net_make_shares(struct nl_sock *sock, int index, const struct net_share *share, struct err *e);
/* quantum: bytes a turn. Makes the class or changes it. */
int net_set_share(struct nl_sock *sock, int index, uint32_t class, int64_t quantum, struct err *e);
/* Absent is success. */
int net_clear_share(struct nl_sock *sock, int index, uint32_t class, struct err *e);
/* Gives every interface whose root has that handle, `but` this one, the kernel's default back. */
int net_sweep_shares(struct nl_sock *sock, uint32_t root, int but, struct err *e);

#endif
