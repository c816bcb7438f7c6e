#include "daemon/engine/net_link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/util/fd.h"

static int
net_error(int code, struct err *e, const char *what, const char *name)
{
	return err_set(e, ERR_INTERNAL, "%s '%s': %s", what, name, nl_geterror(code));
}

int
net_open(struct nl_sock **sock_out, struct err *e)
{
	struct nl_sock *sock = nl_socket_alloc();
	int rc = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (rc < 0) {
		nl_socket_free(sock);
		return net_error(rc, e, "open", "rtnetlink");
	}
	*sock_out = sock;
	return 0;
}

int
net_open_in(int netns_fd, struct nl_sock **sock_out, struct err *e)
{
	AUTO_CLOSE int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int rc;

	if (home < 0)
		return err_sys(e, "open the network namespace");
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	rc = net_open(sock_out, e);
	if (setns(home, CLONE_NEWNET) < 0) {
		if (rc == 0)
			net_close(sock_out);
		return err_sys(e, "return to the host's network namespace");
	}
	return rc;
}

void
net_close(struct nl_sock **sock)
{
	if (*sock)
		nl_socket_free(*sock);
	*sock = NULL;
}

static int
net_try_veth(struct nl_sock *sock, const char *name, const char *peer_name, const unsigned char mac[6], int netns_fd)
{
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer;
	const unsigned char outer_mac[6] = { mac[0] ^ 0x04, mac[1], mac[2], mac[3], mac[4], mac[5] };
	struct nl_addr *address = nl_addr_build(AF_LLC, mac, 6), *outer = nl_addr_build(AF_LLC, outer_mac, 6);
	int rc = -NLE_NOMEM;

	if (link && address && outer) {
		peer = rtnl_link_veth_get_peer(link);
		rtnl_link_set_name(link, name);
		rtnl_link_set_flags(link, IFF_UP);
		/* Given, not random: udev leaves such an address alone, and the container goes on knowing its router. */
		rtnl_link_set_addr(link, outer);
		/* The kernel's default is a queue for each CPU: memory for nothing. */
		rtnl_link_set_num_tx_queues(link, 1);
		rtnl_link_set_num_rx_queues(link, 1);
		rtnl_link_set_num_tx_queues(peer, 1);
		rtnl_link_set_num_rx_queues(peer, 1);
		rtnl_link_set_name(peer, peer_name);
		rtnl_link_set_addr(peer, address);
		rtnl_link_set_ns_fd(peer, netns_fd);
		rc = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
		rtnl_link_put(peer);
	}
	nl_addr_put(outer);
	nl_addr_put(address);
	rtnl_link_put(link);
	return rc;
}

static bool
net_put_settings(struct nl_msg *msg, int index)
{
	struct ifinfomsg info = { .ifi_index = index };
	struct nlattr *families, *family, *values;

	if (nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) < 0)
		return false;
	families = nla_nest_start(msg, IFLA_AF_SPEC);
	family = families ? nla_nest_start(msg, AF_INET) : NULL;
	values = family ? nla_nest_start(msg, IFLA_INET_CONF) : NULL;
	if (!values || nla_put_u32(msg, IPV4_DEVCONF_RP_FILTER, 1) < 0 || nla_put_u32(msg, IPV4_DEVCONF_ARPFILTER, 1) < 0 ||
	    nla_put_u32(msg, IPV4_DEVCONF_ACCEPT_REDIRECTS, 0) < 0 || nla_put_u32(msg, IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE, 0) < 0)
		return false;
	nla_nest_end(msg, values);
	nla_nest_end(msg, family);
	family = nla_nest_start(msg, AF_INET6);
	if (!family || nla_put_u8(msg, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0)
		return false;
	nla_nest_end(msg, family);
	nla_nest_end(msg, families);
	return true;
}

int
net_harden_veth(struct nl_sock *sock, int index, struct err *e)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, 0);
	int rc = -NLE_NOMEM;

	/* Sending frees the message. */
	if (msg && net_put_settings(msg, index))
		rc = nl_send_sync(sock, msg);
	else
		nlmsg_free(msg);
	return rc < 0 ? net_error(rc, e, "set up", "a veth") : 0;
}

int
net_add_veth(struct nl_sock *sock, const char *name, const char *peer, const unsigned char mac[6], int netns_fd, struct err *e)
{
	int rc = net_try_veth(sock, name, peer, mac, netns_fd);

	if (rc == -NLE_EXIST) {
		if (net_delete_link(sock, name, e) < 0)
			return -1;
		rc = net_try_veth(sock, name, peer, mac, netns_fd);
	}
	return rc < 0 ? net_error(rc, e, "make interface", name) : 0;
}

int
net_delete_link(struct nl_sock *sock, const char *name, struct err *e)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int rc = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_name(link, name);
		rc = rtnl_link_delete(sock, link);
		rtnl_link_put(link);
	}
	if (rc == -NLE_NODEV || rc == -NLE_OBJ_NOTFOUND)
		rc = 0;
	return rc < 0 ? net_error(rc, e, "remove interface", name) : 0;
}

int
net_index(struct nl_sock *sock, const char *name)
{
	struct rtnl_link *link = NULL;
	int index;

	if (rtnl_link_get_kernel(sock, 0, name, &link) < 0)
		return 0;
	index = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return index;
}

int
net_set_up(struct nl_sock *sock, int index, struct err *e)
{
	struct rtnl_link *link = rtnl_link_alloc(), *change = rtnl_link_alloc();
	int rc = -NLE_NOMEM;

	if (link && change) {
		rtnl_link_set_ifindex(link, index);
		rtnl_link_set_flags(change, IFF_UP);
		rc = rtnl_link_change(sock, link, change, 0);
	}
	rtnl_link_put(link);
	rtnl_link_put(change);
	return rc < 0 ? net_error(rc, e, "raise", "an interface") : 0;
}

static struct nl_addr *
net_parse(const char *address)
{
	struct nl_addr *a = NULL;

	return nl_addr_parse(address, AF_UNSPEC, &a) < 0 ? NULL : a;
}

static int
net_change_address(struct nl_sock *sock, int index, const char *address, unsigned int length, bool add)
{
	struct rtnl_addr *change = rtnl_addr_alloc();
	struct nl_addr *local = net_parse(address);
	int rc = -NLE_NOMEM;

	if (change && local) {
		nl_addr_set_prefixlen(local, (int)length);
		rtnl_addr_set_ifindex(change, index);
		rtnl_addr_set_local(change, local);
		/* Not a source for what leaves by other interfaces. */
		if (nl_addr_get_family(local) == AF_INET && strncmp(address, "169.254.", 8) == 0)
			rtnl_addr_set_scope(change, RT_SCOPE_LINK);
		/* Nobody else can have it: looking for a duplicate would only cost a second. */
		if (nl_addr_get_family(local) == AF_INET6)
			rtnl_addr_set_flags(change, IFA_F_NODAD);
		rc = add ? rtnl_addr_add(sock, change, NLM_F_CREATE | NLM_F_REPLACE) : rtnl_addr_delete(sock, change, 0);
	}
	nl_addr_put(local);
	rtnl_addr_put(change);
	return rc;
}

int
net_add_address(struct nl_sock *sock, int index, const char *address, unsigned int length, struct err *e)
{
	int rc = net_change_address(sock, index, address, length, true);

	return rc < 0 && rc != -NLE_EXIST ? net_error(rc, e, "add address", address) : 0;
}

int
net_delete_address(struct nl_sock *sock, int index, const char *address, unsigned int length, struct err *e)
{
	int rc = net_change_address(sock, index, address, length, false);

	return rc < 0 && rc != -NLE_NOADDR && rc != -NLE_NODEV ? net_error(rc, e, "remove address", address) : 0;
}

/* All zeroes with length 0: the default route of the gateway's family. */
static struct nl_addr *
net_parse_destination(const char *destination, const char *gateway)
{
	if (destination)
		return net_parse(destination);
	return net_parse(strchr(gateway, ':') ? "::/0" : "0.0.0.0/0");
}

static int
net_change_route(struct nl_sock *sock, int index, const char *destination, const char *gateway, bool add)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *to = net_parse_destination(destination, gateway), *via = gateway ? net_parse(gateway) : NULL;
	int rc = -NLE_NOMEM;

	if (route && hop && to && (via || !gateway)) {
		rtnl_route_set_family(route, (uint8_t)nl_addr_get_family(to));
		rtnl_route_set_table(route, RT_TABLE_MAIN);
		rtnl_route_set_protocol(route, RTPROT_STATIC);
		rtnl_route_set_scope(route, gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
		rtnl_route_set_dst(route, to);
		rtnl_route_nh_set_ifindex(hop, index);
		if (via)
			rtnl_route_nh_set_gateway(hop, via);
		rtnl_route_add_nexthop(route, hop);
		hop = NULL;
		rc = add ? rtnl_route_add(sock, route, NLM_F_CREATE | NLM_F_REPLACE) : rtnl_route_delete(sock, route, 0);
	}
	if (hop)
		rtnl_route_nh_free(hop);
	nl_addr_put(via);
	nl_addr_put(to);
	rtnl_route_put(route);
	return rc;
}

int
net_add_route(struct nl_sock *sock, int index, const char *destination, const char *gateway, struct err *e)
{
	int rc = net_change_route(sock, index, destination, gateway, true);

	return rc < 0 ? net_error(rc, e, "add the route to", destination ? destination : "default") : 0;
}

int
net_delete_route(struct nl_sock *sock, int index, const char *destination, struct err *e)
{
	int rc = net_change_route(sock, index, destination, NULL, false);

	return rc < 0 && rc != -NLE_OBJ_NOTFOUND ? net_error(rc, e, "remove the route to", destination) : 0;
}

int
net_change_unreachable(struct nl_sock *sock, const char *prefix, bool add, struct err *e)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct nl_addr *to = net_parse(prefix);
	int rc = -NLE_NOMEM;

	if (route && to) {
		rtnl_route_set_family(route, (uint8_t)nl_addr_get_family(to));
		rtnl_route_set_table(route, RT_TABLE_MAIN);
		rtnl_route_set_protocol(route, RTPROT_STATIC);
		rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
		rtnl_route_set_type(route, RTN_UNREACHABLE);
		rtnl_route_set_priority(route, UINT32_MAX - 1);
		rtnl_route_set_dst(route, to);
		rc = add ? rtnl_route_add(sock, route, NLM_F_CREATE | NLM_F_REPLACE) : rtnl_route_delete(sock, route, 0);
	}
	nl_addr_put(to);
	rtnl_route_put(route);
	if (!add && rc == -NLE_OBJ_NOTFOUND)
		rc = 0;
	return rc < 0 ? net_error(rc, e, "change the unreachable route to", prefix) : 0;
}
