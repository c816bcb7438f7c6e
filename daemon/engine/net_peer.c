#include "daemon/engine/net_peer.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/net_link.h"

struct net_peer {
	struct address *out;
	size_t size, n;
};

static int
net_take_address(struct nl_msg *msg, void *arg)
{
	struct net_peer *peer = arg;
	struct nlattr *local = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct ifaddrmsg), IFA_LOCAL);

	if (!local || nla_len(local) != 4 || peer->n == peer->size)
		return NL_OK;
	peer->out[peer->n] = (struct address){ .family = AF_INET };
	memcpy(peer->out[peer->n++].bytes, nla_data(local), 4);
	return NL_OK;
}

/* The other end's number, and that of its namespace as this one knows it. */
static int
net_find_peer(struct nl_sock *sock, const char *veth, int *index_out, int32_t *netns_out)
{
	struct rtnl_link *link = NULL;
	int rc = rtnl_link_get_kernel(sock, 0, veth, &link);

	if (rc < 0)
		return rc;
	*index_out = rtnl_link_get_link(link);
	rc = rtnl_link_get_link_netnsid(link, netns_out);
	rtnl_link_put(link);
	return rc;
}

static int
net_ask_addresses(struct nl_sock *sock, int index, int32_t netns)
{
	const struct ifaddrmsg about = { .ifa_family = AF_INET, .ifa_index = (uint32_t)index };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);
	int rc = -NLE_NOMEM;

	if (msg && nlmsg_append(msg, (void *)(uintptr_t)&about, sizeof about, NLMSG_ALIGNTO) == 0 &&
	    nla_put_s32(msg, IFA_TARGET_NETNSID, netns) == 0)
		rc = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return rc < 0 ? rc : nl_recvmsgs_default(sock);
}

size_t
net_read_peer_addresses(const char *veth, struct address *out, size_t size)
{
	struct net_peer peer = { .out = out, .size = size };
	AUTO_NL struct nl_sock *sock = NULL;
	int index, strict = 1;
	int32_t netns;

	if (net_open(&sock, NULL) < 0 || net_find_peer(sock, veth, &index, &netns) < 0)
		return 0;
	/* Without it the kernel takes the question for one about the socket's own namespace. */
	if (setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof strict) < 0 ||
	    nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, net_take_address, &peer) < 0)
		return 0;
	return net_ask_addresses(sock, index, netns) < 0 ? 0 : peer.n;
}
