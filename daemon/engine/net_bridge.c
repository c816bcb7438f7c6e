#include "daemon/engine/net_bridge.h"

#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/engine/net_link.h"
#include "daemon/util/fd.h"

static int
net_bridge_error(int code, struct err *e, const char *what, const char *name)
{
	return err_set(e, ERR_INTERNAL, "%s '%s': %s", what, name, nl_geterror(code));
}

/* Sending frees the message, whatever became of it. */
static int
net_bridge_send(struct nl_sock *sock, struct nl_msg *msg, bool whole)
{
	if (msg && whole)
		return nl_send_sync(sock, msg);
	nlmsg_free(msg);
	return -NLE_NOMEM;
}

static bool
net_bridge_put_kind(struct nl_msg *msg, const char *name)
{
	struct nlattr *info, *data;

	if (nla_put_string(msg, IFLA_IFNAME, name) < 0)
		return false;
	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info || nla_put_string(msg, IFLA_INFO_KIND, "bridge") < 0)
		return false;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	/* Nobody asks who listens: what is snooped would be lost after minutes, and neighbour discovery with it. */
	if (!data || nla_put_u8(msg, IFLA_BR_MCAST_SNOOPING, 0) < 0)
		return false;
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return true;
}

int
net_make_bridge(struct nl_sock *sock, const char *name, struct err *e)
{
	struct ifinfomsg info = { 0 };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	bool whole = msg && nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) == 0 && net_bridge_put_kind(msg, name);
	int rc = net_bridge_send(sock, msg, whole), index;

	if (rc < 0 && rc != -NLE_EXIST)
		return net_bridge_error(rc, e, "make the bridge", name);
	/* Also one that was left half made. */
	index = net_index(sock, name);
	if (index == 0)
		return err_set(e, ERR_INTERNAL, "bridge '%s' has gone", name);
	return net_harden_veth(sock, index, e) < 0 ? -1 : net_set_up(sock, index, e);
}

int
net_check_bridge(const char *name, bool vlan, struct err *e)
{
	AUTO_FREE char *filtering = NULL;
	char path[80];

	snprintf(path, sizeof path, "/sys/class/net/%s/bridge", name);
	if (access(path, F_OK) < 0)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The host has no bridge '%s'", name), "no_bridge"));
	if (!vlan)
		return 0;
	snprintf(path, sizeof path, "/sys/class/net/%s/bridge/vlan_filtering", name);
	if (fd_read_file(AT_FDCWD, path, 16, &filtering, NULL, NULL) < 0)
		err_set(e, ERR_CONFLICT, "The host's kernel has no VLAN filtering on bridges (CONFIG_BRIDGE_VLAN_FILTERING)");
	else if (filtering[0] == '1')
		return 0;
	else
		err_set(e, ERR_CONFLICT, "The bridge '%s' doesn't filter VLANs: 'ip link set %s type bridge vlan_filtering 1'",
		        name, name);
	return err_code(e, "no_vlan_filtering");
}

int
net_enslave(struct nl_sock *sock, int index, int bridge, struct err *e)
{
	struct ifinfomsg info = { .ifi_index = index };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	bool whole = msg && nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) == 0 &&
	             nla_put_u32(msg, IFLA_MASTER, (uint32_t)bridge) == 0;
	int rc = net_bridge_send(sock, msg, whole);

	return rc < 0 ? net_bridge_error(rc, e, "join to the bridge", "an interface") : 0;
}

static bool
net_bridge_put_vlan(struct nl_msg *msg, uint16_t vlan, uint16_t flags)
{
	struct bridge_vlan_info info = { .vid = vlan, .flags = flags };
	struct nlattr *spec = nla_nest_start(msg, IFLA_AF_SPEC);

	if (!spec || nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof info, &info) < 0)
		return false;
	nla_nest_end(msg, spec);
	return true;
}

static int
net_change_vlan(struct nl_sock *sock, int index, int type, uint16_t vlan, uint16_t flags)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	return net_bridge_send(sock, msg,
	                       msg && nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) == 0 &&
	                               net_bridge_put_vlan(msg, vlan, flags));
}

int
net_set_port_vlan(struct nl_sock *sock, int index, uint16_t vlan, struct err *e)
{
	int rc = vlan == 1 ? 0 : net_change_vlan(sock, index, RTM_DELLINK, 1, 0);

	if (rc == 0 || rc == -NLE_OBJ_NOTFOUND)
		rc = net_change_vlan(sock, index, RTM_SETLINK, vlan, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	return rc < 0 ? net_bridge_error(rc, e, "set the VLAN of", "an interface") : 0;
}

static bool
net_bridge_put_port(struct nl_msg *msg)
{
	struct nlattr *port = nla_nest_start(msg, IFLA_PROTINFO | NLA_F_NESTED);

	if (!port || nla_put_u8(msg, IFLA_BRPORT_LEARNING, 0) < 0 || nla_put_u8(msg, IFLA_BRPORT_UNICAST_FLOOD, 0) < 0 ||
	    nla_put_u8(msg, IFLA_BRPORT_GUARD, 1) < 0)
		return false;
	nla_nest_end(msg, port);
	return true;
}

/* Static, for the kernel delivers a permanent one to the host; sticky, or another port that sends with this MAC would have it. */
static int
net_tell_mac(struct nl_sock *sock, int index, const unsigned char mac[6])
{
	struct ndmsg info = {
		.ndm_family = AF_BRIDGE, .ndm_ifindex = index, .ndm_state = NUD_NOARP, .ndm_flags = NTF_MASTER | NTF_STICKY
	};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);

	return net_bridge_send(sock, msg,
	                       msg && nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) == 0 &&
	                               nla_put(msg, NDA_LLADDR, 6, mac) == 0);
}

int
net_guard_port(struct nl_sock *sock, int index, const unsigned char mac[6], struct err *e)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, 0);
	int rc = net_bridge_send(sock, msg,
	                         msg && nlmsg_append(msg, &info, sizeof info, NLMSG_ALIGNTO) == 0 && net_bridge_put_port(msg));

	if (rc == 0)
		rc = net_tell_mac(sock, index, mac);
	return rc < 0 ? net_bridge_error(rc, e, "set the bridge's port of", "an interface") : 0;
}
