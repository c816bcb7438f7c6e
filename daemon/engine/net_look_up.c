/* A route look-up without libnl: the engine asks for it as well. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/net.h"
#include "daemon/util/fd.h"

struct look_up {
	struct nlmsghdr head;
	struct rtmsg route;
	struct rtattr attr;
	unsigned char address[16];
};

int
net_look_up(const struct address *a, unsigned char *type_out, struct err *e)
{
	unsigned short bytes = a->family == AF_INET ? 4 : 16;
	struct look_up ask = { .head = { .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST },
		               .route = { .rtm_family = (unsigned char)a->family, .rtm_dst_len = (unsigned char)(bytes * 8) },
		               .attr = { .rta_type = RTA_DST, .rta_len = (unsigned short)RTA_LENGTH(bytes) } };
	AUTO_CLOSE int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_Alignas(8) char answer[4096];
	const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)answer;
	ssize_t n;

	memcpy(ask.address, a->bytes, bytes);
	ask.head.nlmsg_len = (uint32_t)(offsetof(struct look_up, address) + bytes);
	if (sock < 0 || send(sock, &ask, ask.head.nlmsg_len, 0) < 0)
		return err_sys(e, "look up a route");
	do
		n = recv(sock, answer, sizeof answer, 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)))
		return err_sys(e, "look up a route");
	*type_out = head->nlmsg_type == RTM_NEWROUTE ? ((const struct rtmsg *)(const void *)(answer + NLMSG_HDRLEN))->rtm_type
	                                             : RTN_UNSPEC;
	return 0;
}

/* By the routes, not by what may be bound: with ip_nonlocal_bind that is any address. */
int
net_refuse_host_address(const char *text, struct err *e)
{
	struct prefix held;
	unsigned char type;

	if (!address_parse_held(text, &held))
		return err_param(e, "ip", "%s is no address", text);
	/* Of a prefix the first: an anycast address of the host's is on a link with that very prefix. */
	if (net_look_up(&held.base, &type, e) < 0)
		return -1;
	if (type != RTN_LOCAL && type != RTN_BROADCAST && type != RTN_ANYCAST && type != RTN_MULTICAST)
		return 0;
	err_set(e, ERR_CONFLICT, "Address %s is one of the host's own", text);
	return err_code(e, "address_taken");
}
