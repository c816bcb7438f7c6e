#include "daemon/engine/nic_lease.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/net_peer.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/log.h"

enum { LEASE_DAY = 24 * 3600, LEASE_SEEN_DAYS = 8, LEASE_TIME = 48 };

/*
 * %1$s is the instance. Addresses are taken from where they stand, the same in all rules and sets: 208 and 240 are the IPv4
 * header's behind that of Ethernet, 224 the ARP sender's. Of a DHCP message, within UDP: 96 the client's own address, 128 the one
 * that it is given, 224 the client's MAC, 1888 the cookie before the options, of which clients and servers put the message's type
 * first (1920), most servers then their name and the time (1992). Before Linux 6.2 rules see the first 255 bytes.
 *
 * taken4: the same by network, so that an address is one interface's. How fast an interface gets new ones is limited, or it alone
 * could fill the sets: thirty an hour, and twenty at once.
 */
const char nic_lease_sets[] = "add set bridge %1$s leases4 { typeof iifname . @ll,208,32; size 65535; flags dynamic,timeout; }\n"
                              "add set bridge %1$s taken4 { typeof meta mark . @ll,208,32; size 65535; flags dynamic,timeout; }\n"
                              "add set bridge %1$s lease_rates { type ifname; flags dynamic; }\n"
                              "add set bridge %1$s clients { typeof iifname . @ih,224,48; }\n"
                              "add chain bridge %1$s asking\n";

static const char lease_rules[] =
        /* What is given back isn't his any more: it is seen, and nobody gives back another's. */
        "add chain bridge %1$s giving_back\n"
        "add rule bridge %1$s giving_back iifname . @ll,208,32 != @leases4 counter name spoofed drop\n"
        "add rule bridge %1$s giving_back iifname . @ih,96,32 != @leases4 counter name spoofed drop\n"
        "add rule bridge %1$s giving_back meta mark set iifname map @network\n"
        "add rule bridge %1$s giving_back delete @leases4 { iifname . @ih,96,32 } delete @taken4 { meta mark . @ih,96,32 }\n"
        "add rule bridge %1$s giving_back meta mark set 0\n"
        "add rule bridge %1$s giving_back accept\n"
        "add chain bridge %1$s asked\n"
        "add rule bridge %1$s asked @ih,1936,8 7 goto giving_back\n"
        "add rule bridge %1$s asked iifname @dhcp udp sport 68 ip saddr 0.0.0.0 accept\n"
        "add rule bridge %1$s asking ip frag-off & 0x3fff != 0 counter name refused drop\n"
        "add rule bridge %1$s asking @ih,1888,32 0x63825363 @ih,1920,16 0x3501 iifname . @ih,224,48 @clients goto asked\n"
        "add rule bridge %1$s asking counter name refused drop\n"
        "add chain bridge %1$s answer\n"
        "add rule bridge %1$s answer @ih,1920,16 0x3501 @ih,1936,8 != 5 return\n"
        "add rule bridge %1$s answer @ih,128,32 0 return\n"
        "add rule bridge %1$s answer meta mark set oifname map @network\n"
        "add rule bridge %1$s answer ip daddr 255.255.255.255 jump to_all\n"
        "add rule bridge %1$s answer ip daddr != 255.255.255.255 oifname . ether daddr @macs jump to_one\n"
        "add rule bridge %1$s answer meta mark set 0\n";

const char nic_lease_hooks[] =
        "add chain bridge %1$s answers { type filter hook postrouting priority 100; }\n"
        "flush chain bridge %1$s answers\n"
        "add rule bridge %1$s answers udp sport 67 udp dport 68 oifname @dhcp meta protocol ip ip frag-off & 0x3fff == 0 "
        "@ih,0,24 0x020106 @ih,1888,32 0x63825363 oifname . @ih,224,48 @clients jump answer\n";

/* %2$s is a chain, %3$s where the address stands. */
static const char lease_chain[] = "add chain bridge %1$s lasting_%2$s\n"
                                  "add chain bridge %1$s %2$s\n"
                                  "add rule bridge %1$s %2$s oifname . %3$s @leases4 goto lasting_%2$s\n"
                                  "add rule bridge %1$s %2$s meta mark . %3$s @taken4 return\n"
                                  "add rule bridge %1$s %2$s add @lease_rates "
                                  "{ oifname limit rate over 30/hour burst 20 packets } return\n"
                                  "add rule bridge %1$s %2$s goto lasting_%2$s\n";

/* In nft's own words, whose numbers have at most seven digits. */
static const char *
lease_time(uint64_t seconds, char out[LEASE_TIME])
{
	snprintf(out, LEASE_TIME, "%" PRIu64 "d%" PRIu64 "s", seconds / LEASE_DAY, seconds % LEASE_DAY);
	return out;
}

/* The last is for those that are longer, or not told where one looks: longer than any interface lives. */
static const uint64_t lease_seconds[] = { 600, 3600, 6 * 3600, LEASE_DAY, 4 * LEASE_DAY, 16 * LEASE_DAY, 3650UL * LEASE_DAY };
enum { LEASE_TIMES = sizeof lease_seconds / sizeof *lease_seconds };

static void
lease_put_chain(struct buf *out, const char *instance, const char *chain, const char *address)
{
	char time[LEASE_TIME];

	buf_addf(out, lease_chain, instance, chain, address);
	for (size_t i = 0; i < LEASE_TIMES; i++) {
		buf_addf(out, "add rule bridge %s lasting_%s ", instance, chain);
		if (i + 1 < LEASE_TIMES)
			buf_addf(out, "@ih,1992,16 0x3304 @ih,2008,32 <= %" PRIu64 " ", lease_seconds[i]);
		buf_addf(
		        out,
		        "update @leases4 { oifname . %1$s timeout %2$s } update @taken4 { meta mark . %1$s timeout %2$s } return\n",
		        address, lease_time(lease_seconds[i], time));
	}
}

void
nic_lease_put_rules(struct buf *out, const char *instance)
{
	lease_put_chain(out, instance, "to_all", "@ih,128,32");
	lease_put_chain(out, instance, "to_one", "@ll,240,32");
	buf_addf(out, lease_rules, instance);
}

/* What is put into a table that is about to be made. */
struct lease_known {
	struct buf *out;
	const struct settings *settings;
	const struct nic_leases *leases; /* NULL: what is seen on interfaces */
};

static void
lease_put_element(const struct lease_known *known, const struct nic *nic, const struct nic_lease *lease)
{
	const char *instance = known->settings->instance;
	char lasting[2 * LEASE_TIME + 20] = "", timeout[LEASE_TIME], expires[LEASE_TIME];
	uint64_t lasts = lease->timeout_ms / 1000, left = lease->expires_ms / 1000 + 1;
	uint32_t address;

	memcpy(&address, lease->address.bytes, sizeof address);
	address = be32toh(address);
	/* Older kernels (6.1) show the time that a lease had at first beside what is left of the last. */
	if (lease->timeout_ms > 0)
		snprintf(lasting, sizeof lasting, " timeout %s expires %s", lease_time(left > lasts ? left : lasts, timeout),
		         lease_time(left, expires));
	buf_addf(known->out, "add element bridge %s leases4 { \"%s\" . 0x%08" PRIx32 "%s }\n", instance, lease->interface, address,
	         lasting);
	buf_addf(known->out, "add element bridge %s taken4 { 0x%" PRIx32 " . 0x%08" PRIx32 "%s }\n", instance,
	         (uint32_t)nic->number, address, lasting);
}

static bool
lease_is_of_network(const struct nic *nic, const struct address *a)
{
	for (size_t i = 0; i < nic->naddresses; i++)
		if (prefix_contains(&nic->addresses[i], a))
			return true;
	return false;
}

static void
lease_put_seen(const struct lease_known *known, const struct nic *nic, const char *veth)
{
	struct address seen[NIC_ADDRESSES_MAX];
	struct nic_lease lease = { .timeout_ms = LEASE_SEEN_DAYS * LEASE_DAY * 1000ULL,
		                   .expires_ms = (LEASE_SEEN_DAYS * LEASE_DAY - 1) * 1000ULL };
	char text[ADDRESS_TEXT_MAX];
	size_t n = net_read_peer_addresses(veth, seen, NIC_ADDRESSES_MAX);

	memcpy(lease.interface, veth, IFNAMSIZ);
	for (size_t i = 0; i < n; i++) {
		if (!lease_is_of_network(nic, &seen[i]))
			continue;
		lease.address = seen[i];
		lease_put_element(known, nic, &lease);
		log_warning("%s has %s and nothing is known of its lease: it may go on using it for %d days, and longer if the "
		            "network's DHCP server says so",
		            veth, address_format(&seen[i], text), LEASE_SEEN_DAYS);
	}
}

static int
lease_put_place(const struct place *place, void *arg, struct err *e)
{
	const struct lease_known *known = arg;
	char veth[IFNAMSIZ];
	struct nic nic;

	(void)e;
	for (size_t i = 0; i < place->nics.n; i++) {
		if (!nic_parse(place->nics.v[i], &nic) || !nic.dhcp)
			continue;
		nic_veth(known->settings, place->ctid, nic.index, veth);
		if (!known->leases)
			lease_put_seen(known, &nic, veth);
		for (size_t j = 0; known->leases && j < known->leases->n; j++)
			if (strcmp(known->leases->v[j].interface, veth) == 0)
				lease_put_element(known, &nic, &known->leases->v[j]);
	}
	return 0;
}

int
nic_lease_put_known(struct buf *out, const struct settings *s, struct err *e)
{
	AUTO_LEASES struct nic_leases leases = { .v = NULL };
	struct lease_known known = { .out = out, .settings = s };
	int64_t high = 0;
	int read = nic_lease_read(s->instance, &leases, e);

	if (read < 0)
		return -1;
	if (read && leases.n == 0)
		return 0;
	known.leases = read ? &leases : NULL;
	return registry_file_scan(s, &high, lease_put_place, &known, e);
}

/* One interface's leases on their way out. */
struct lease_end {
	struct nfnl_batch *batch;
	const struct nfnl_table *table;
	const struct nic_leases *leases;
	const struct nic *nic;
	char veth[IFNAMSIZ];
};

static bool
lease_is_ending(const struct lease_end *end, const struct nic_lease *lease)
{
	return strcmp(lease->interface, end->veth) == 0;
}

/* Of an interface that isn't known any more the network isn't, either. */
static void
lease_forget_anywhere(void *arg, const struct nfnl_found *found)
{
	const struct lease_end *end = arg;
	struct nfnl_element taken = { .chain = NULL };
	uint32_t key[2];

	if (found->len != sizeof key)
		return;
	memcpy(key, found->key, sizeof key);
	nfnl_value_add(&taken.key, &key[0], sizeof key[0]);
	nfnl_value_add(&taken.key, &key[1], sizeof key[1]);
	for (size_t i = 0; i < end->leases->n; i++)
		if (lease_is_ending(end, &end->leases->v[i]) &&
		    memcmp(end->leases->v[i].address.bytes, &key[1], sizeof key[1]) == 0)
			nfnl_drop_element(end->batch, end->table, "taken4", &taken);
}

static int
lease_forget_nic(struct lease_end *end, struct err *e)
{
	struct nfnl_element rate = { .chain = NULL };
	int nfnl;

	nfnl_value_add_ifname(&rate.key, end->veth);
	nfnl_drop_element(end->batch, end->table, "lease_rates", &rate);
	for (size_t i = 0; i < end->leases->n; i++) {
		struct nfnl_element lease = rate, taken = { .chain = NULL };

		if (!lease_is_ending(end, &end->leases->v[i]))
			continue;
		nfnl_value_add_address(&lease.key, &end->leases->v[i].address);
		nfnl_drop_element(end->batch, end->table, "leases4", &lease);
		nfnl_value_add_mark(&taken.key, (uint32_t)end->nic->number);
		nfnl_value_add_address(&taken.key, &end->leases->v[i].address);
		nfnl_drop_element(end->batch, end->table, "taken4", &taken);
	}
	if (end->nic->number > 0)
		return 0;
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	return nfnl_read_elements(nfnl, end->table, "taken4", lease_forget_anywhere, end, e) < 0 ? -1 : 0;
}

int
nic_lease_forget(const struct spec *spec, const struct nic *nics, size_t n, struct err *e)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, spec->settings.instance };
	AUTO_LEASES struct nic_leases leases = { .v = NULL };
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	struct lease_end end = { .batch = &batch, .table = &t, .leases = &leases };
	int read = n > 0 ? nic_lease_read(t.name, &leases, e) : 0;

	for (size_t i = 0; read > 0 && i < n; i++) {
		end.nic = &nics[i];
		nic_veth(&spec->settings, spec->place.ctid, nics[i].index, end.veth);
		if (lease_forget_nic(&end, e) < 0)
			return -1;
	}
	return read < 0 ? -1 : nfnl_run(&batch, e);
}
