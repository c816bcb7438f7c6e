#include "daemon/engine/nic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/engine/net_bridge.h"
#include "daemon/engine/net_link.h"
#include "daemon/engine/nic_firewall.h"
#include "daemon/engine/registry_file.h"
#include "daemon/engine/traffic.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/* All of a list, or none. */
struct nics {
	struct nic v[NIC_MAX];
	size_t n;
};

static int
nic_parse_all(const struct strv *list, struct nics *out, struct err *e)
{
	if (list->n > NIC_MAX)
		return err_param(e, "nics", "are more than %d", NIC_MAX);
	for (out->n = 0; out->n < list->n; out->n++)
		if (!nic_parse(list->v[out->n], &out->v[out->n]))
			return err_param(e, "nics", "'%.60s' is no interface", list->v[out->n]);
	return 0;
}

/*
 * A bridge without interfaces is removed, one that is about to have its first isn't: one process at a time. Where a cleanup has
 * destroyed the registry there is no container that could have one.
 */
static int
nic_lock_as(const struct settings *s, int how, int *fd_out, struct err *e)
{
	char path[SPEC_PATH_MAX];
	AUTO_CLOSE int fd = -1;

	*fd_out = -1;
	snprintf(path, sizeof path, "%s/registry", s->state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open '%s'", path);
	if (flock(fd, how) == 0)
		*fd_out = take_fd(&fd);
	else if (errno != EWOULDBLOCK)
		return err_sys(e, "lock '%s'", path);
	return 0;
}

int
nic_lock(const struct settings *s, int *fd_out, struct err *e)
{
	return nic_lock_as(s, LOCK_EX, fd_out, e);
}

int
nic_try_lock(const struct settings *s, int *fd_out, struct err *e)
{
	return nic_lock_as(s, LOCK_EX | LOCK_NB, fd_out, e);
}

static int
nic_join(struct nl_sock *sock, const struct spec *spec, const struct nic *nic, int netns_fd, struct err *e)
{
	char veth[IFNAMSIZ], device[IFNAMSIZ], inside[IFNAMSIZ];
	AUTO_CLOSE int lock = -1;
	unsigned char mac[6];
	int bridge, index;

	nic_veth(&spec->settings, spec->place.ctid, nic->index, veth);
	snprintf(inside, sizeof inside, "eth%" PRId64, nic->index);
	nic_mac(spec, nic->index, mac);
	if (nic_device(spec, nic, device, e) < 0 || nic_lock(&spec->settings, &lock, e) < 0)
		return -1;
	if (!nic->bridge[0] && (net_make_bridge(sock, device, e) < 0 || fault_at("nic.bridge", e) < 0))
		return -1;
	bridge = net_index(sock, device);
	if (bridge == 0)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The host has no bridge '%s' any more", device), "no_bridge"));
	if (net_add_veth(sock, veth, inside, mac, netns_fd, e) < 0 || fault_at("nic.veth", e) < 0)
		return -1;
	index = net_index(sock, veth);
	if (index == 0)
		return err_set(e, ERR_INTERNAL, "interface '%s' has gone", veth);
	if (net_harden_veth(sock, index, e) < 0)
		return -1;
	/* The container's end is still down: nothing passes before the port is right. */
	if (net_enslave(sock, index, bridge, e) < 0 || fault_at("nic.joined", e) < 0)
		return -1;
	if (nic->vlan > 0 && net_set_port_vlan(sock, index, (uint16_t)nic->vlan, e) < 0)
		return -1;
	return net_guard_port(sock, index, mac, e);
}

/* The way out of a container without a routed address of the family. */
static int
nic_add_gateways(struct nl_sock *sock, int index, const struct spec *spec, const struct nic *nic, struct err *e)
{
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < nic->ngateways; i++) {
		bool six = nic->gateways[i].family == AF_INET6, routed = false, own = false;

		for (size_t j = 0; j < spec->config.ip.n; j++)
			routed |= !strchr(spec->config.ip.v[j], ':') == !six;
		for (size_t j = 0; j < nic->naddresses; j++)
			own |= nic->addresses[j].base.family == nic->gateways[i].family;
		if (!routed && own && net_add_route(sock, index, NULL, address_format(&nic->gateways[i], text), e) < 0)
			return -1;
	}
	return 0;
}

static int
nic_set_up_inside(const struct spec *spec, const struct nic *nic, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	char name[IFNAMSIZ], text[ADDRESS_TEXT_MAX];
	int index;

	if (net_open_in(netns_fd, &sock, e) < 0)
		return -1;
	snprintf(name, sizeof name, "eth%" PRId64, nic->index);
	index = net_index(sock, name);
	if (index == 0)
		return err_set(e, ERR_INTERNAL, "the container's interface '%s' has gone", name);
	if (net_set_up(sock, index, e) < 0)
		return -1;
	if (nic->dhcp)
		return 0;
	for (size_t i = 0; i < nic->naddresses; i++)
		if (net_add_address(sock, index, address_format(&nic->addresses[i].base, text), nic->addresses[i].length, e) < 0)
			return -1;
	return nic_add_gateways(sock, index, spec, nic, e);
}

/* Nobody else's, and nothing but what this host can do. */
static int
nic_check(const struct spec *spec, const struct nic *nic, struct err *e)
{
	char device[IFNAMSIZ];

	if (nic_device(spec, nic, device, e) < 0)
		return -1;
	return nic->bridge[0] ? net_check_bridge(device, nic->vlan > 0, e) : 0;
}

static int
nic_change_rules(const struct spec *spec, const struct nic_change *change, struct err *e)
{
	return nic_firewall_change(spec, change, e) < 0 ? -1 : fault_at("nic.rules", e);
}

int
nic_prepare(const struct spec *spec, struct err *e)
{
	struct nics nics;

	if (spec->config.nics.n == 0)
		return 0;
	if (nic_parse_all(&spec->config.nics, &nics, e) < 0)
		return -1;
	for (size_t i = 0; i < nics.n; i++)
		if (nic_check(spec, &nics.v[i], e) < 0)
			return -1;
	return nic_change_rules(spec, &(struct nic_change){ .nics = nics.v, .n = nics.n }, e);
}

int
nic_attach(const struct spec *spec, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct nics nics;

	if (spec->config.nics.n == 0)
		return 0;
	if (nic_parse_all(&spec->config.nics, &nics, e) < 0 || net_open(&sock, e) < 0)
		return -1;
	for (size_t i = 0; i < nics.n; i++)
		if (nic_join(sock, spec, &nics.v[i], netns_fd, e) < 0 || nic_set_up_inside(spec, &nics.v[i], netns_fd, e) < 0)
			return -1;
	return 0;
}

static bool
nic_device_is_idle(const char *device)
{
	char path[64];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/sys/class/net/%s/brif", device);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return dir && n == 0;
}

static int
nic_leave(struct nl_sock *sock, const struct spec *spec, const struct nic *nic, struct err *e)
{
	char veth[IFNAMSIZ], device[IFNAMSIZ];
	AUTO_CLOSE int lock = -1;

	nic_veth(&spec->settings, spec->place.ctid, nic->index, veth);
	if (nic_device(spec, nic, device, e) < 0 || nic_lock(&spec->settings, &lock, e) < 0 || net_delete_link(sock, veth, e) < 0 ||
	    fault_at("nic.veth-gone", e) < 0)
		return -1;
	if (nic->bridge[0] || !nic_device_is_idle(device))
		return 0;
	return net_delete_link(sock, device, e);
}

int
nic_detach(const struct spec *spec, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct nics nics;

	if (spec->config.nics.n == 0)
		return 0;
	if (nic_parse_all(&spec->config.nics, &nics, e) < 0 || net_open(&sock, e) < 0)
		return -1;
	for (size_t i = 0; i < nics.n; i++)
		if (nic_leave(sock, spec, &nics.v[i], e) < 0)
			return -1;
	return fault_at("nic.left", e) < 0 ? -1 : nic_firewall_drop(spec, nics.v, nics.n, e);
}

static const struct nic *
nic_find(const struct nics *nics, const struct nic *like)
{
	for (size_t i = 0; i < nics->n; i++)
		if (nics->v[i].index == like->index && strcmp(nics->v[i].network, like->network) == 0)
			return &nics->v[i];
	return NULL;
}

/* Whether that interface is one of them, if on another network. */
static bool
nic_has_index(const struct nics *nics, int64_t index)
{
	for (size_t i = 0; i < nics->n; i++)
		if (nics->v[i].index == index)
			return true;
	return false;
}

static bool
nic_has(const struct nic *nic, const struct prefix *address)
{
	for (size_t i = 0; i < nic->naddresses; i++)
		if (address_equal(&nic->addresses[i].base, &address->base))
			return true;
	return false;
}

static int
nic_take_addresses(const struct nic *old, const struct nic *new, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	char name[IFNAMSIZ], text[ADDRESS_TEXT_MAX];
	int index;

	if (old->dhcp)
		return 0;
	if (net_open_in(netns_fd, &sock, e) < 0)
		return -1;
	snprintf(name, sizeof name, "eth%" PRId64, old->index);
	index = net_index(sock, name);
	for (size_t i = 0; index > 0 && i < old->naddresses; i++)
		if ((new->dhcp || !nic_has(new, &old->addresses[i])) &&
		    net_delete_address(sock, index, address_format(&old->addresses[i].base, text), old->addresses[i].length, e) < 0)
			return -1;
	return 0;
}

/* One that is there already gets what it lacks. */
static int
nic_update_one(struct nl_sock *sock, const struct spec *spec, const struct nic *old, const struct nic *new, int netns_fd,
               struct err *e)
{
	char veth[IFNAMSIZ];
	struct err inside = { 0 };

	nic_veth(&spec->settings, spec->place.ctid, new->index, veth);
	if (!old || net_index(sock, veth) == 0)
		return nic_join(sock, spec, new, netns_fd, e) < 0 ? -1 : nic_set_up_inside(spec, new, netns_fd, e);
	if (nic_take_addresses(old, new, netns_fd, &inside) < 0 || nic_set_up_inside(spec, new, netns_fd, &inside) < 0)
		log_err(&inside, "change the addresses inside container %" PRId64, spec->place.ctid);
	return 0;
}

static int
nic_update_links(const struct spec *spec, const struct nics *old, const struct nics *new, int netns_fd, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;

	if (net_open(&sock, e) < 0)
		return -1;
	for (size_t i = 0; i < old->n; i++)
		if (!nic_find(new, &old->v[i]) && nic_leave(sock, spec, &old->v[i], e) < 0)
			return -1;
	for (size_t i = 0; netns_fd >= 0 && i < new->n; i++)
		if (nic_update_one(sock, spec, nic_find(old, &new->v[i]), &new->v[i], netns_fd, e) < 0)
			return -1;
	return 0;
}

int
nic_update(const struct spec *spec, const struct strv *old_list, int netns_fd, struct err *e)
{
	struct nics old, new, gone = { .n = 0 };
	struct nic_change change;

	if (nic_parse_all(old_list, &old, e) < 0 || nic_parse_all(&spec->config.nics, &new, e) < 0)
		return -1;
	for (size_t i = 0; i < old.n; i++)
		if (!nic_has_index(&new, old.v[i].index))
			gone.v[gone.n++] = old.v[i];
	for (size_t i = 0; netns_fd >= 0 && i < new.n; i++)
		if (nic_check(spec, &new.v[i], e) < 0)
			return -1;
	/* What comes is checked before it is there, what goes until it has gone. A stopped one's rules come with its start. */
	change = (struct nic_change){ .old = old.v, .nold = old.n, .nics = new.v, .n = netns_fd >= 0 ? new.n : 0 };
	if (nic_change_rules(spec, &change, e) < 0)
		return -1;
	if (netns_fd >= 0 && traffic_add(spec, e) < 0)
		return -1;
	if (nic_update_links(spec, &old, &new, netns_fd, e) < 0)
		return -1;
	return nic_firewall_drop(spec, gone.v, gone.n, e);
}

int
nic_sweep(const struct spec *spec, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct nic nics[NIC_MAX];
	char veth[IFNAMSIZ];
	size_t n = 0;

	if (net_open(&sock, e) < 0)
		return -1;
	for (int64_t index = 1; index <= NIC_MAX; index++) {
		nic_veth(&spec->settings, spec->place.ctid, index, veth);
		if (if_nametoindex(veth) == 0)
			continue;
		if (net_delete_link(sock, veth, e) < 0)
			return -1;
		nics[n++] = (struct nic){ .index = index };
	}
	return nic_firewall_drop(spec, nics, n, e);
}

struct nic_guard {
	const struct settings *settings;
	struct nl_sock *sock;
};

/* One that goes at this moment, or that somebody has taken off its bridge, is left to the next start. */
static int
nic_guard_place(const struct place *place, void *arg, struct err *e)
{
	const struct nic_guard *guard = arg;
	const struct spec spec = { .settings = *guard->settings, .place = *place }; /* borrowed */
	char veth[IFNAMSIZ];
	unsigned char mac[6];
	struct nic nic;

	(void)e;
	for (size_t i = 0; i < place->nics.n; i++) {
		struct err unguarded = { 0 };
		int index;

		if (!nic_parse(place->nics.v[i], &nic))
			continue;
		nic_veth(guard->settings, place->ctid, nic.index, veth);
		nic_mac(&spec, nic.index, mac);
		index = net_index(guard->sock, veth);
		if (index > 0 && net_guard_port(guard->sock, index, mac, &unguarded) < 0)
			log_err(&unguarded, "%s", veth);
	}
	return 0;
}

int
nic_guard_ports(const struct settings *s, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct nic_guard guard = { .settings = s };
	int64_t high = 0;

	if (net_open(&sock, e) < 0)
		return -1;
	guard.sock = sock;
	return registry_file_scan(s, &high, nic_guard_place, &guard, e);
}

int
nic_sweep_devices(const struct settings *s, const struct strv *but, bool remove, struct strv *names_out, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	AUTO_CLOSE int lock = -1;
	struct if_nameindex *links;
	int rc = 0;

	if (net_open(&sock, e) < 0 || nic_try_lock(s, &lock, e) < 0)
		return -1;
	if (lock < 0 && but)
		return 0;
	links = if_nameindex();
	if (!links)
		return err_sys(e, "list the host's interfaces");
	for (const struct if_nameindex *link = links; rc == 0 && link->if_index; link++) {
		if (!nic_is_own_device(s, link->if_name) ||
		    (but && (strv_contains(but, link->if_name) || !nic_device_is_idle(link->if_name))))
			continue;
		if (names_out && !strv_add(names_out, link->if_name))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
		if (rc == 0 && remove)
			rc = net_delete_link(sock, link->if_name, e);
	}
	if_freenameindex(links);
	return rc;
}
