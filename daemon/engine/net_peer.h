/* What a container has made of its end of a veth, asked of the kernel from outside: nothing of the container's is entered. */
#ifndef BERTH_NET_PEER_H
#define BERTH_NET_PEER_H

#include <stddef.h>

#include "daemon/util/prefix.h"

/* IPv4 addresses of the other end of a veth of this namespace, at most `size`: its root may have given it any. 0 where it can't be
 * told. */
size_t net_read_peer_addresses(const char *veth, struct address *out, size_t size);

#endif
