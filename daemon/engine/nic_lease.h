/*
 * Addresses that DHCP servers have given to interfaces on bridges of the host's: those alone an interface with `dhcp` may use. The
 * kernel learns them by itself from the answers that pass to an interface's port, also while no daemon runs: sets of the table
 * `bridge <instance>` that rules fill.
 *
 * An answer is believed if it is a DHCPACK for the port's own MAC in one piece. Containers can't send any. What is sent to an
 * address, and may be routed there by somebody far away, teaches that address alone; what is sent to all, which no router passes
 * on, teaches the one inside. Whoever has an address keeps it from others of his network, whatever the server is made to tell them,
 * until the lease has ended, he has given it back, or his interface has gone.
 *
 * A rule can't take over a lease's time, so it is rounded up, to ten minutes, an hour, six hours, a day, four or sixteen days; each
 * renewal begins it anew. A longer one, or one that isn't where common servers put it, ends with the interface.
 */
#ifndef BERTH_NIC_LEASE_H
#define BERTH_NIC_LEASE_H

#include <net/if.h>

#include "daemon/engine/nfnl.h"
#include "schema/network.h"
#include "schema/spec.h"

struct nic_lease {
	char interface[IFNAMSIZ];
	struct address address;
	uint64_t timeout_ms, expires_ms; /* 0: none */
};
struct nic_leases {
	struct nic_lease *v;
	size_t n, size;
	bool failed; /* out of memory: some are missing */
};
void nic_leases_clear(struct nic_leases *leases);
#define AUTO_LEASES __attribute__((cleanup(nic_leases_clear)))
/* nic_lease_read.c, without libnftables or libnl. 1: they were read; 0: there is no table that knows leases. */
int nic_lease_read(const char *instance, struct nic_leases *out, struct err *e);

/* The sets, for %1$s, the instance, and the chain `asking`, which judges an interface's own DHCP messages. */
extern const char nic_lease_sets[];
/* Their rules, which want the sets, maps and counters of nic_firewall.c. */
void nic_lease_put_rules(struct buf *out, const char *instance);
/* What leads answers there, as nic_isolation_hooks. */
extern const char nic_lease_hooks[];
/*
 * Elements for what registered interfaces have: by the table that is there. Of one that knew no leases, or that somebody has
 * removed, nothing is left to be asked, and nobody is cut off for it: what running containers have on their interfaces then counts
 * as leased until the next answer, for eight days at most.
 */
int nic_lease_put_known(struct buf *out, const struct settings *s, struct err *e);
/* Of interfaces that have gone, or have yet to come: without leases. Absent is success, also of the table. */
int nic_lease_forget(const struct spec *spec, const struct nic *nics, size_t n, struct err *e);

#endif
