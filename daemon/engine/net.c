#include "daemon/engine/net.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/firewall.h"
#include "daemon/engine/net_link.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/shape.h"
#include "daemon/engine/traffic.h"
#include "daemon/engine/uplink.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/* Every container's way out: on the host's lo for IPv4, where it answers ARP on all veths; on each veth for IPv6. */
static const char gateway4[] = "169.254.0.1";
static const char gateway6[] = "fe80::1";

static bool
net_is6(const char *address)
{
	return strchr(address, ':') != NULL;
}

static unsigned int
net_host_bits(const char *address)
{
	return net_is6(address) ? 128 : 32;
}

static bool
net_has(const struct strv *ip, const char *text)
{
	for (size_t i = 0; i < ip->n; i++)
		if (strcmp(ip->v[i], text) == 0 || address_same_text(ip->v[i], text))
			return true;
	return false;
}

/* What is put on eth0: of a prefix its second address, so that the container answers at one. */
static const char *
net_inside_address(const char *text, char buf[ADDRESS_TEXT_MAX])
{
	struct prefix held;
	struct address a;

	if (!strchr(text, '/') || !address_parse_held(text, &held) || !prefix_nth(&held, 1, &a))
		return text;
	return address_format(&a, buf);
}

/* What the container uses none of goes back to nobody, should it route. */
static int
net_add_inside(struct nl_sock *sock, int index, const char *text, struct err *e)
{
	char buf[ADDRESS_TEXT_MAX];

	if (strchr(text, '/') && net_change_unreachable(sock, text, true, e) < 0)
		return -1;
	return net_add_address(sock, index, net_inside_address(text, buf), net_host_bits(text), e);
}

static int
net_delete_inside(struct nl_sock *sock, int index, const char *text, struct err *e)
{
	char buf[ADDRESS_TEXT_MAX];

	if (strchr(text, '/') && net_change_unreachable(sock, text, false, e) < 0)
		return -1;
	return net_delete_address(sock, index, net_inside_address(text, buf), net_host_bits(text), e);
}

/* A prefix is routed to the container: by the link-local address that its kernel makes of its MAC. */
static int
net_add_host_route(struct nl_sock *sock, int index, const struct spec *spec, const char *text, struct err *e)
{
	char via[ADDRESS_TEXT_MAX];
	unsigned char mac[6];

	if (!strchr(text, '/'))
		return net_add_route(sock, index, text, NULL, e);
	net_mac(spec, mac);
	nic_link_local(mac, via);
	return net_add_route(sock, index, text, via, e);
}

static int
net_check(const struct strv *ip, struct err *e)
{
	for (size_t i = 0; i < ip->n; i++)
		if (net_refuse_host_address(ip->v[i], e) < 0)
			return -1;
	return 0;
}

static bool
net_has_family(const struct strv *ip, bool is6)
{
	for (size_t i = 0; i < ip->n; i++)
		if (net_is6(ip->v[i]) == is6)
			return true;
	return false;
}

/* A host that has switched IPv6 off for its interfaces, and so for new ones, hasn't for its containers. */
static int
net_add_gateway6(struct nl_sock *sock, int index, const struct spec *spec, struct err *e)
{
	AUTO_FREE char *off = NULL;
	char path[96];

	if (!net_has_family(&spec->config.ip, true))
		return 0;
	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", spec->place.veth);
	if (fd_read_file(AT_FDCWD, path, 16, &off, NULL, e) < 0 || (off[0] != '0' && fd_write_kernel(AT_FDCWD, path, "0", e) < 0))
		return -1;
	return net_add_address(sock, index, gateway6, 64, e);
}

static int
net_set_up_host_end(struct nl_sock *sock, const struct spec *spec, struct err *e)
{
	int index = net_index(sock, spec->place.veth);

	if (index == 0)
		return err_set(e, ERR_INTERNAL, "interface '%s' has gone", spec->place.veth);
	if (net_harden_veth(sock, index, e) < 0 || net_add_gateway6(sock, index, spec, e) < 0)
		return -1;
	for (size_t i = 0; i < spec->config.ip.n; i++)
		if (net_add_host_route(sock, index, spec, spec->config.ip.v[i], e) < 0)
			return -1;
	return 0;
}

static int
net_add_gateways(struct nl_sock *sock, int index, const struct strv *ip, struct err *e)
{
	if (net_has_family(ip, false) &&
	    (net_add_route(sock, index, gateway4, NULL, e) < 0 || net_add_route(sock, index, NULL, gateway4, e) < 0))
		return -1;
	return net_has_family(ip, true) ? net_add_route(sock, index, NULL, gateway6, e) : 0;
}

static int
net_set_up_inside(int netns_fd, const struct strv *ip, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	int lo, index;

	if (net_open_in(netns_fd, &sock, e) < 0)
		return -1;
	lo = net_index(sock, "lo");
	index = net_index(sock, "eth0");
	if (lo == 0 || index == 0)
		return err_set(e, ERR_INTERNAL, "the container's interfaces have gone");
	if (net_set_up(sock, lo, e) < 0 || net_set_up(sock, index, e) < 0)
		return -1;
	for (size_t i = 0; i < ip->n; i++)
		if (net_add_inside(sock, index, ip->v[i], e) < 0)
			return -1;
	return net_add_gateways(sock, index, ip, e);
}

/* The rules come first: the interface never carries an unchecked packet. */
int
net_prepare(const struct spec *spec, struct err *e)
{
	if (net_check(&spec->config.ip, e) < 0)
		return -1;
	if (firewall_add(&spec->settings, &spec->place, &spec->config.ip, e) < 0 || fault_at("address.rules", e) < 0)
		return -1;
	if (nic_prepare(spec, e) < 0 || traffic_add(spec, e) < 0)
		return -1;
	return fault_at("address.counters", e);
}

int
net_attach(const struct spec *spec, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	unsigned char mac[6];

	net_mac(spec, mac);
	if (net_open(&sock, e) < 0 || net_add_veth(sock, spec->place.veth, "eth0", mac, netns_fd, e) < 0)
		return -1;
	if (fault_at("address.veth", e) == 0 && net_set_up_host_end(sock, spec, e) == 0 &&
	    net_set_up_inside(netns_fd, &spec->config.ip, e) == 0 && fault_at("address.inside", e) == 0 &&
	    nic_attach(spec, netns_fd, e) == 0 && shape_attach(spec, e) == 0)
		return 0;
	net_delete_link(sock, spec->place.veth, NULL);
	return -1;
}

static int
net_update_routes(struct nl_sock *sock, int index, const struct strv *old, const struct spec *spec, struct err *e)
{
	const struct strv *ip = &spec->config.ip;

	for (size_t i = 0; i < old->n; i++)
		if (!net_has(ip, old->v[i]) && net_delete_route(sock, index, old->v[i], e) < 0)
			return -1;
	if (net_add_gateway6(sock, index, spec, e) < 0)
		return -1;
	for (size_t i = 0; i < ip->n; i++)
		if (net_add_host_route(sock, index, spec, ip->v[i], e) < 0)
			return -1;
	return 0;
}

static int
net_update_inside(int netns_fd, const struct strv *old, const struct strv *ip, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	int index;

	if (net_open_in(netns_fd, &sock, e) < 0)
		return -1;
	index = net_index(sock, "eth0");
	if (index == 0)
		return err_set(e, ERR_CONFLICT, "the container has no interface eth0 any more");
	/* New ones first: the default routes hold on to an address. */
	for (size_t i = 0; i < ip->n; i++)
		if (!net_has(old, ip->v[i]) && net_add_inside(sock, index, ip->v[i], e) < 0)
			return -1;
	for (size_t i = 0; i < old->n; i++)
		if (!net_has(ip, old->v[i]) && net_delete_inside(sock, index, old->v[i], e) < 0)
			return -1;
	return net_add_gateways(sock, index, ip, e);
}

/*
 * On the host it must succeed. What root inside has made of his interface is his own affair: it keeps no address from being taken
 * back, and the next start puts it right.
 */
static int
net_update_running(const struct spec *spec, const struct strv *old, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct err inside = { 0 };
	int index;

	if (net_open(&sock, e) < 0)
		return -1;
	index = net_index(sock, spec->place.veth);
	if (index == 0)
		err_set(&inside, ERR_CONFLICT, "the container has no interface any more");
	else if (net_update_routes(sock, index, old, spec, e) < 0)
		return -1;
	else
		net_update_inside(netns_fd, old, &spec->config.ip, &inside);
	if (err_is_set(&inside))
		log_err(&inside, "change the addresses inside container %lld", (long long)spec->place.ctid);
	return 0;
}

int
net_update(const struct spec *spec, const struct strv *old, int netns_fd, struct err *e)
{
	struct strv added = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < spec->config.ip.n; i++)
		if (!net_has(old, spec->config.ip.v[i]) && !strv_add(&added, spec->config.ip.v[i]))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
	if (rc == 0)
		rc = net_check(&added, e);
	strv_clear(&added);
	if (rc < 0 || firewall_change(&spec->settings, &spec->place, old, &spec->config.ip, false, e) < 0 ||
	    fault_at("address.rules", e) < 0)
		return -1;
	return netns_fd < 0 ? 0 : net_update_running(spec, old, netns_fd, e);
}

int
net_detach(const struct spec *spec, struct err *e)
{
	static const struct strv none = { 0 };
	AUTO_NL struct nl_sock *sock = NULL;

	if (net_open(&sock, e) < 0 || net_delete_link(sock, spec->place.veth, e) < 0 || fault_at("address.veth-gone", e) < 0 ||
	    nic_detach(spec, e) < 0 || shape_remove(spec, e) < 0 || uplink_clear(&spec->settings, &spec->place, e) < 0 ||
	    fault_at("address.share-gone", e) < 0)
		return -1;
	return firewall_change(&spec->settings, &spec->place, &spec->config.ip, &none, true, e);
}
