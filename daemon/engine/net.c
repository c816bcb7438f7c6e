#include "daemon/engine/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/claims.h"
#include "daemon/engine/firewall.h"
#include "daemon/engine/net_link.h"
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

/* The kernel's own answer to "is it mine": a socket can be bound to the host's addresses alone. */
static bool
net_is_host_address(const char *text)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	bool is6 = net_is6(text);
	AUTO_CLOSE int fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || inet_pton(is6 ? AF_INET6 : AF_INET, text, is6 ? (void *)&a6.sin6_addr : (void *)&a4.sin_addr) != 1)
		return false;
	return bind(fd, is6 ? (const struct sockaddr *)&a6 : (const struct sockaddr *)&a4, is6 ? sizeof a6 : sizeof a4) == 0;
}

static int
net_refuse_host_addresses(const struct strv *ip, struct err *e)
{
	for (size_t i = 0; i < ip->n; i++)
		if (net_is_host_address(ip->v[i]))
			return err_code(
			        e, (err_set(e, ERR_CONFLICT, "Address %s is one of the host's own", ip->v[i]), "address_taken"));
	return 0;
}

static int
net_set_up_host_end(struct nl_sock *sock, const struct spec *spec, struct err *e)
{
	int index = net_index(sock, spec->place.veth);

	if (index == 0)
		return err_set(e, ERR_INTERNAL, "interface '%s' has gone", spec->place.veth);
	if (net_add_address(sock, index, gateway6, 64, e) < 0)
		return -1;
	for (size_t i = 0; i < spec->config.ip.n; i++)
		if (net_add_route(sock, index, spec->config.ip.v[i], NULL, e) < 0)
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
		if (net_add_address(sock, index, ip->v[i], net_host_bits(ip->v[i]), e) < 0)
			return -1;
	return net_add_gateways(sock, index, ip, e);
}

/* The rules come first: the interface never carries an unchecked packet. */
int
net_prepare(const struct spec *spec, struct err *e)
{
	if (net_refuse_host_addresses(&spec->config.ip, e) < 0)
		return -1;
	return firewall_add(&spec->settings, &spec->place, &spec->config.ip, e);
}

int
net_attach(const struct spec *spec, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	unsigned char mac[6];

	net_mac(spec, mac);
	if (net_open(&sock, e) < 0 || net_add_veth(sock, spec->place.veth, "eth0", mac, netns_fd, e) < 0)
		return -1;
	if (net_set_up_host_end(sock, spec, e) == 0 && net_set_up_inside(netns_fd, &spec->config.ip, e) == 0)
		return 0;
	net_delete_link(sock, spec->place.veth, NULL);
	return -1;
}

static int
net_update_routes(struct nl_sock *sock, const struct spec *spec, const struct strv *old, struct err *e)
{
	int index = net_index(sock, spec->place.veth);

	if (index == 0)
		return err_set(e, ERR_INTERNAL, "interface '%s' has gone", spec->place.veth);
	for (size_t i = 0; i < old->n; i++)
		if (!strv_contains(&spec->config.ip, old->v[i]) && net_delete_route(sock, index, old->v[i], e) < 0)
			return -1;
	for (size_t i = 0; i < spec->config.ip.n; i++)
		if (net_add_route(sock, index, spec->config.ip.v[i], NULL, e) < 0)
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
		return err_set(e, ERR_CONFLICT, "The container has no interface eth0 any more: restart it");
	/* New ones first: the default routes hold on to an address. */
	for (size_t i = 0; i < ip->n; i++)
		if (!strv_contains(old, ip->v[i]) && net_add_address(sock, index, ip->v[i], net_host_bits(ip->v[i]), e) < 0)
			return -1;
	for (size_t i = 0; i < old->n; i++)
		if (!strv_contains(ip, old->v[i]) && net_delete_address(sock, index, old->v[i], net_host_bits(old->v[i]), e) < 0)
			return -1;
	return net_add_gateways(sock, index, ip, e);
}

int
net_update(const struct spec *spec, const struct strv *old, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct strv added = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < spec->config.ip.n; i++)
		if (!strv_contains(old, spec->config.ip.v[i]) && !strv_add(&added, spec->config.ip.v[i]))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
	if (rc == 0)
		rc = net_refuse_host_addresses(&added, e);
	strv_clear(&added);
	if (rc < 0 || firewall_change(&spec->settings, &spec->place, old, &spec->config.ip, false, e) < 0)
		return -1;
	if (netns_fd < 0)
		return 0;
	if (net_open(&sock, e) < 0 || net_update_routes(sock, spec, old, e) < 0)
		return -1;
	return net_update_inside(netns_fd, old, &spec->config.ip, e);
}

int
net_detach(const struct spec *spec, struct err *e)
{
	static const struct strv none = { 0 };
	AUTO_NL struct nl_sock *sock = NULL;

	if (net_open(&sock, e) < 0 || net_delete_link(sock, spec->place.veth, e) < 0)
		return -1;
	return firewall_change(&spec->settings, &spec->place, &spec->config.ip, &none, true, e);
}

/* A host that learnt its IPv6 default route from router advertisements would stop listening to them once it forwards. */
static int
net_keep_advertised_routes(int claims_fd, struct err *e)
{
	FILE *file = fopen("/proc/net/ipv6_route", "re");
	char line[256], device[32], path[96];
	unsigned int length, flags;

	while (file && fgets(line, sizeof line, file)) {
		/* RTF_DEFAULT | RTF_ADDRCONF: include/uapi/linux/ipv6_route.h */
		if (sscanf(line, "%*s %x %*s %*x %*s %*x %*x %*x %x %31s", &length, &flags, device) != 3 || length != 0 ||
		    (flags & 0x00050000) != 0x00050000)
			continue;
		snprintf(path, sizeof path, "net/ipv6/conf/%s/accept_ra", device);
		if (claims_set_sysctl(claims_fd, path, "2", e) < 0) {
			fclose(file);
			return -1;
		}
	}
	if (file)
		fclose(file);
	return 0;
}

static int
net_claim_gateway(int claims_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	int lo;

	if (net_is_host_address(gateway4))
		return 0;
	if (net_open(&sock, e) < 0)
		return -1;
	lo = net_index(sock, "lo");
	return net_add_address(sock, lo, gateway4, 32, e) < 0 ? -1 : claims_note(claims_fd, "gateway4", e);
}

/* nameserver lines of resolv.conf(5), without loopback ones, which mean nothing inside. */
static void
net_read_dns(const char *path, struct strv *dns)
{
	FILE *file = fopen(path, "re");
	char line[256], address[64];

	while (file && dns->n < 3 && fgets(line, sizeof line, file))
		if (sscanf(line, " nameserver %63s", address) == 1 && strncmp(address, "127.", 4) != 0 &&
		    strcmp(address, "::1") != 0 && !strchr(address, '%'))
			strv_add(dns, address);
	if (file)
		fclose(file);
}

static int
net_find_dns(const struct settings *s, struct layout *layout, struct err *e)
{
	strv_clear(&layout->dns);
	if (s->dns.n > 0 && !strv_copy(&layout->dns, &s->dns))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (layout->dns.n == 0)
		net_read_dns("/etc/resolv.conf", &layout->dns);
	if (layout->dns.n == 0)
		net_read_dns("/run/systemd/resolve/resolv.conf", &layout->dns);
	if (layout->dns.n == 0)
		log_warning("no name server is known that containers could use: set the option 'dns'");
	record_mark(&layout_schema, layout, "dns", true);
	return 0;
}

int
net_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	AUTO_CLOSE int claims = -1;

	if (claims_lock(s, &claims, e) < 0 || claims_take(s, claims, e) < 0)
		return -1;
	/* The kernel changes accept_redirects with ip_forward, both ways. */
	if (claims_set_sysctl(claims, "net/ipv4/conf/all/accept_redirects", NULL, e) < 0)
		return -1;
	if (net_keep_advertised_routes(claims, e) < 0 || claims_set_sysctl(claims, "net/ipv4/ip_forward", "1", e) < 0 ||
	    claims_set_sysctl(claims, "net/ipv6/conf/all/forwarding", "1", e) < 0 || net_claim_gateway(claims, e) < 0)
		return -1;
	if (firewall_make(s, e) < 0)
		return -1;
	return net_find_dns(s, layout, e);
}

int
net_host_cleanup(const struct settings *s, struct err *e)
{
	AUTO_CLOSE int claims = -1;
	AUTO_NL struct nl_sock *sock = NULL;
	bool last = false;

	if (firewall_cleanup(s, e) < 0 || claims_lock(s, &claims, e) < 0 || claims_drop(s, claims, &last, e) < 0)
		return -1;
	if (!last)
		return 0;
	if (claims_noted(claims, "gateway4")) {
		if (net_open(&sock, e) < 0 || net_delete_address(sock, net_index(sock, "lo"), gateway4, 32, e) < 0)
			return -1;
	}
	if (claims_restore(claims, e) < 0)
		return -1;
	rmdir(s->claims_dir);
	return 0;
}
