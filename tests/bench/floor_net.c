/* The floor's network: a routed veth pair, addresses, routes, elements in sets. */
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "tests/bench/floor.h"

void
network_begin(struct floor *f)
{
	f->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!f->nft ||
	    nft_run_cmd_from_buffer(f->nft, "add table inet " TABLE "; delete table inet " TABLE "; add table inet " TABLE
	                                    "; add set inet " TABLE " src4 { typeof iifname . ip saddr; counter; }"
	                                    "; add set inet " TABLE " src6 { typeof iifname . ip6 saddr; counter; }"
	                                    "; add set inet " TABLE " dst4 { type ipv4_addr; counter; }"
	                                    "; add set inet " TABLE " dst6 { type ipv6_addr; counter; }") != 0)
		die("floor: nft table");
}

void
network_end(struct floor *f)
{
	nft_run_cmd_from_buffer(f->nft, "delete table inet " TABLE);
	nft_ctx_free(f->nft);
}

static struct nl_sock *
netlink_open(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock || nl_connect(sock, NETLINK_ROUTE) < 0)
		die("floor: netlink");
	return sock;
}

static void
netlink_check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "floor: %s: %s\n", what, nl_geterror(rc));
	_exit(1);
}

static struct nl_addr *
address(const char *text)
{
	struct nl_addr *addr = NULL;

	netlink_check(nl_addr_parse(text, AF_UNSPEC, &addr), text);
	return addr;
}

static void
add_address(struct nl_sock *sock, int index, const char *text)
{
	struct rtnl_addr *addr = rtnl_addr_alloc();
	struct nl_addr *local = address(text);

	rtnl_addr_set_ifindex(addr, index);
	rtnl_addr_set_local(addr, local);
	if (nl_addr_get_family(local) == AF_INET6)
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
	netlink_check(rtnl_addr_add(sock, addr, NLM_F_REPLACE), text);
	nl_addr_put(local);
	rtnl_addr_put(addr);
}

static void
add_route(struct nl_sock *sock, int index, const char *to, const char *via)
{
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	struct nl_addr *dst = address(to), *gateway = via ? address(via) : NULL;

	rtnl_route_set_family(route, (uint8_t)nl_addr_get_family(dst));
	rtnl_route_set_dst(route, dst);
	rtnl_route_set_scope(route, via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
	rtnl_route_nh_set_ifindex(hop, index);
	if (gateway)
		rtnl_route_nh_set_gateway(hop, gateway);
	rtnl_route_add_nexthop(route, hop);
	netlink_check(rtnl_route_add(sock, route, NLM_F_CREATE | NLM_F_REPLACE), to);
	nl_addr_put(dst);
	nl_addr_put(gateway);
	rtnl_route_put(route);
}

static void
set_up(struct nl_sock *sock, int index)
{
	struct rtnl_link *link = rtnl_link_alloc();

	rtnl_link_set_ifindex(link, index);
	rtnl_link_set_flags(link, IFF_UP);
	netlink_check(rtnl_link_change(sock, link, link, 0), "raise an interface");
	rtnl_link_put(link);
}

static int
add_veth(const struct floor *f, struct nl_sock *sock, int netns)
{
	struct rtnl_link *link = rtnl_link_veth_alloc(), *peer = rtnl_link_veth_get_peer(link);
	int index = 1000000 + f->round;

	rtnl_link_set_name(link, f->veth);
	rtnl_link_set_ifindex(link, index);
	rtnl_link_set_flags(link, IFF_UP);
	rtnl_link_set_name(peer, "eth0");
	rtnl_link_set_ifindex(peer, 2);
	rtnl_link_set_ns_fd(peer, netns);
	netlink_check(rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL), "make the veth pair");
	rtnl_link_veth_release(link);
	nl_object_put((struct nl_object *)peer);
	return index;
}

static void
network_inside(const struct floor *f, int netns, int home_net)
{
	struct nl_sock *sock;

	check(setns(netns, CLONE_NEWNET), "setns");
	sock = netlink_open();
	set_up(sock, 1);
	set_up(sock, 2);
	add_address(sock, 2, f->v4);
	add_address(sock, 2, f->v6);
	add_route(sock, 2, "169.254.0.1/32", NULL);
	add_route(sock, 2, "0.0.0.0/0", "169.254.0.1");
	add_route(sock, 2, "::/0", "fe80::1");
	nl_socket_free(sock);
	check(setns(home_net, CLONE_NEWNET), "setns");
}

void
network_make(const struct floor *f, int netns, int home_net)
{
	struct nl_sock *sock = netlink_open();
	char command[512];
	int index = add_veth(f, sock, netns);

	add_address(sock, index, "fe80::1/64");
	add_route(sock, index, f->v4, NULL);
	add_route(sock, index, f->v6, NULL);
	nl_socket_free(sock);
	network_inside(f, netns, home_net);
	snprintf(command, sizeof command,
	         "add element inet " TABLE " src4 { \"%s\" . %s }; add element inet " TABLE " src6 { \"%s\" . %s }; "
	         "add element inet " TABLE " dst4 { %s }; add element inet " TABLE " dst6 { %s }",
	         f->veth, f->v4, f->veth, f->v6, f->v4, f->v6);
	if (nft_run_cmd_from_buffer(f->nft, command) != 0)
		die("floor: nft elements");
}

void
network_forget(const struct floor *f)
{
	if (nft_run_cmd_from_buffer(f->nft, "flush set inet " TABLE " src4; flush set inet " TABLE " src6; flush set inet " TABLE
	                                    " dst4; flush set inet " TABLE " dst6") != 0)
		die("floor: nft flush");
}
