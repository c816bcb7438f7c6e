/* The host's part of the network: what it is asked for once an instance, and gives back. */
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/claims.h"
#include "daemon/engine/firewall.h"
#include "daemon/engine/net.h"
#include "daemon/engine/net_link.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/shape.h"
#include "daemon/engine/nic_firewall.h"
#include "daemon/engine/traffic.h"
#include "daemon/engine/uplink.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

static const char gateway4[] = "169.254.0.1";

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

/* Of link scope: the kernel takes it as a source for nothing that leaves the host. */
static int
net_claim_gateway(struct nl_sock *sock, int claims_fd, struct err *e)
{
	struct address a;
	unsigned char type;

	if (!address_parse(gateway4, &a) || net_look_up(&a, &type, e) < 0)
		return -1;
	if (type == RTN_LOCAL)
		return 0;
	if (net_add_address(sock, net_index(sock, "lo"), gateway4, 32, e) < 0)
		return -1;
	return claims_note(claims_fd, "gateway4", e);
}

/* What no container holds goes nowhere, rather than to the uplink. The claims keep subnets of instances apart. */
static int
net_close_subnets(struct nl_sock *sock, const struct settings *s, struct err *e)
{
	if (net_change_unreachable(sock, s->subnet4, true, e) < 0)
		return -1;
	return net_change_unreachable(sock, s->subnet6, true, e);
}

/* But for those that the options still name. */
static int
net_open_subnets(struct nl_sock *sock, const struct strv *subnets, const struct settings *but, struct err *e)
{
	for (size_t i = 0; i < subnets->n; i++) {
		if (but && (strcmp(subnets->v[i], but->subnet4) == 0 || strcmp(subnets->v[i], but->subnet6) == 0))
			continue;
		if (net_change_unreachable(sock, subnets->v[i], false, e) < 0)
			return -1;
	}
	return 0;
}

static bool
net_take_sockaddr(const struct sockaddr *from, struct address *out)
{
	struct address a = { .family = from ? from->sa_family : AF_UNSPEC };

	if (a.family == AF_INET)
		memcpy(a.bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	else if (a.family == AF_INET6)
		memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
	else
		return false;
	*out = a;
	return true;
}

/* A private subnet that the host itself lives in would cut it off. */
static int
net_check_subnet(const char *option, const char *subnet, const struct ifaddrs *list, struct err *e)
{
	struct address a;
	struct prefix p;

	if (!prefix_parse(subnet, &p))
		return err_param(e, option, "is no prefix");
	for (; list; list = list->ifa_next)
		if (net_take_sockaddr(list->ifa_addr, &a) && prefix_contains(&p, &a))
			return err_param(e, option, "the host's interface %s has an address in %s: choose another", list->ifa_name,
			                 subnet);
	return 0;
}

static int
net_check_subnets(const struct settings *s, struct err *e)
{
	struct ifaddrs *list;
	int rc;

	if (getifaddrs(&list) < 0)
		return err_sys(e, "list the host's addresses");
	rc = net_check_subnet("subnet4", s->subnet4, list, e);
	if (net_check_subnet("subnet6", s->subnet6, list, e) < 0)
		rc = -1;
	freeifaddrs(list);
	return rc;
}

/* Whether a container could ask it: no service of the host's, nothing on the link, nothing that is closed to containers. */
static bool
net_is_dns(const struct settings *s, const char *text)
{
	static const char *const closed[] = { "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10" };
	unsigned char type;
	struct address a;
	struct prefix p;

	if (!address_parse(text, &a))
		return false;
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		if (prefix_parse(closed[i], &p) && prefix_contains(&p, &a))
			return false;
	for (size_t i = 0; i < s->management.n; i++)
		if (prefix_parse(s->management.v[i], &p) && prefix_contains(&p, &a))
			return false;
	return net_look_up(&a, &type, NULL) == 0 && type != RTN_LOCAL;
}

/* nameserver lines of resolv.conf(5). */
static void
net_read_dns(const struct settings *s, const char *path, struct strv *dns)
{
	FILE *file = fopen(path, "re");
	char line[256], address[64];

	while (file && dns->n < 3 && fgets(line, sizeof line, file))
		if (sscanf(line, " nameserver %63s", address) == 1 && net_is_dns(s, address) && !strv_contains(dns, address))
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
		net_read_dns(s, "/etc/resolv.conf", &layout->dns);
	/* Where a stub on the host gets its answers from. */
	if (layout->dns.n == 0)
		net_read_dns(s, "/run/systemd/resolve/resolv.conf", &layout->dns);
	if (layout->dns.n == 0)
		log_warning("no name server is known that containers could use: set the option 'dns'");
	record_mark(&layout_schema, layout, "dns", true);
	return 0;
}

static int
net_set_sysctls(int claims, struct err *e)
{
	/* The kernel changes accept_redirects with ip_forward, both ways. */
	if (claims_set_sysctl(claims, "net/ipv4/conf/all/accept_redirects", NULL, e) < 0)
		return -1;
	if (net_keep_advertised_routes(claims, e) < 0)
		return -1;
	if (claims_set_sysctl(claims, "net/ipv4/ip_forward", "1", e) < 0)
		return -1;
	return claims_set_sysctl(claims, "net/ipv6/conf/all/forwarding", "1", e);
}

/* A claims_gone. Its veths went with its containers. */
static void
net_take_back(const char *instance, const struct strv *subnets)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct err e = { 0 };

	log_warning("instance '%s' has vanished without a cleanup: its rules are removed", instance);
	if (firewall_cleanup(instance, &e) < 0 || nic_firewall_cleanup(instance, &e) < 0 || traffic_cleanup(instance, &e) < 0 ||
	    shape_sweep(instance, &e) < 0 || uplink_cleanup(instance, &e) < 0)
		log_err(&e, "remove the rules of instance '%s'", instance);
	else if (net_open(&sock, &e) < 0 || net_open_subnets(sock, subnets, NULL, &e) < 0)
		log_err(&e, "remove the routes of instance '%s'", instance);
}

/* *former_out: the subnets that it had so far. */
static int
net_claim(const struct settings *s, int *claims_out, struct strv *former_out, struct err *e)
{
	if (claims_lock(s, claims_out, e) < 0)
		return -1;
	if (!claims_subnets(*claims_out, s->instance, former_out))
		return err_set(e, ERR_INTERNAL, "out of memory");
	return claims_take(s, *claims_out, net_take_back, e);
}

/* What killed processes left. Whoever starts at this moment keeps what he has made. */
static void
net_sweep_idle(const struct settings *s)
{
	static const struct strv none = { 0 };
	AUTO_STRV struct strv names = { 0 };
	struct err e = { 0 };

	if (nic_sweep_devices(s, &none, true, &names, &e) < 0 || shape_sweep_idle(s, true, &names, &e) < 0)
		log_err(&e, "remove interfaces that nobody uses");
	for (size_t i = 0; i < names.n; i++)
		log_info("the interface %s was used by nobody: removed", names.v[i]);
}

int
net_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	AUTO_STRV struct strv former = { 0 };
	AUTO_NL struct nl_sock *sock = NULL;
	AUTO_CLOSE int claims = -1;
	struct net_needs needs;

	if (net_check_subnets(s, e) < 0 || net_open(&sock, e) < 0 || net_claim(s, &claims, &former, e) < 0 ||
	    fault_at("host-setup.claims", e) < 0)
		return -1;
	if (uplink_make(s, e) < 0 || fault_at("host-setup.uplink", e) < 0)
		return -1;
	/* The rules come before anything is forwarded. */
	if (net_needs_find(s, &needs, e) < 0 || firewall_make(s, &needs, e) < 0 || fault_at("host-setup.rules", e) < 0 ||
	    nic_firewall_make(s, &needs, e) < 0 || traffic_make(s, &needs, e) < 0 || fault_at("host-setup.counters", e) < 0)
		return -1;
	if (net_close_subnets(sock, s, e) < 0 || net_open_subnets(sock, &former, s, e) < 0 || fault_at("host-setup.routes", e) < 0)
		return -1;
	if (net_set_sysctls(claims, e) < 0)
		return -1;
	if (net_claim_gateway(sock, claims, e) < 0 || (needs.nics && nic_guard_ports(s, e) < 0))
		return -1;
	net_sweep_idle(s);
	firewall_warn_foreign(s->instance);
	return net_find_dns(s, layout, e);
}

int
net_host_restore(const struct settings *s, struct err *e)
{
	AUTO_CLOSE int lock = -1;
	struct net_needs needs;

	if (nic_lock(s, &lock, e) < 0 || net_needs_find(s, &needs, e) < 0)
		return -1;
	if (firewall_is_whole(s) && (!needs.nics || nic_firewall_is_whole(s)))
		return 0;
	log_warning("the nft tables '%s' aren't whole, and with them what keeps containers apart: making them anew", s->instance);
	return firewall_make(s, &needs, e) < 0 ? -1 : nic_firewall_make(s, &needs, e);
}

int
net_host_cleanup(const struct settings *s, struct err *e)
{
	AUTO_STRV struct strv former = { 0 };
	AUTO_NL struct nl_sock *sock = NULL;
	AUTO_CLOSE int claims = -1;
	bool last = false;

	if (net_open(&sock, e) < 0 || claims_lock(s, &claims, e) < 0)
		return -1;
	if (!claims_subnets(claims, s->instance, &former))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (nic_sweep_devices(s, NULL, true, NULL, e) < 0 || fault_at("host-cleanup.bridges", e) < 0 ||
	    nic_firewall_cleanup(s->instance, e) < 0 || shape_sweep(s->instance, e) < 0 || uplink_cleanup(s->instance, e) < 0 ||
	    fault_at("host-cleanup.uplink", e) < 0)
		return -1;
	if (firewall_cleanup(s->instance, e) < 0 || traffic_cleanup(s->instance, e) < 0 || fault_at("host-cleanup.rules", e) < 0 ||
	    net_open_subnets(sock, &former, NULL, e) < 0 || fault_at("host-cleanup.routes", e) < 0)
		return -1;
	if (claims_drop(s, claims, net_take_back, &last, e) < 0 || fault_at("host-cleanup.claims", e) < 0)
		return -1;
	if (!last)
		return 0;
	if (claims_noted(claims, "gateway4") && net_delete_address(sock, net_index(sock, "lo"), gateway4, 32, e) < 0)
		return -1;
	if (claims_restore(claims, e) < 0)
		return -1;
	rmdir(s->claims_dir);
	return 0;
}
