/*
 * Networks on bridges that keep tenants apart: containers of different tenants exchange no frame there, whatever kind it is, and
 * reach whatever else is on the bridge, its host among it. Which networks those are is one set of numbers in the table
 * `bridge <instance>`, and for the next making of the table a file in the registry; a packet costs look-ups of its two ports,
 * however many there are.
 *
 * Where the host itself would pass a container's packet back to the bridge that it came from, to another container, it is dropped
 * there too: inet marks it, as it sees whose it is, and the bridge drops it, as it sees whose it is to be.
 */
#ifndef BERTH_NIC_ISOLATION_H
#define BERTH_NIC_ISOLATION_H

#include "daemon/util/buf.h"
#include "schema/protocol.h"

/* For %1$s, the instance: sets before the rules that ask them; nic_firewall.c's ports and networks come between. */
extern const char nic_isolation_sets[], nic_isolation_rules[];
/* What leads to them: only where an interface is on a bridge of the host's, or each packet of private networks would pass them. */
extern const char nic_isolation_hooks[];
/* What belongs into the table `inet <instance>`. */
extern const char nic_isolation_inet[];
/* Elements: the networks as the file has them. */
int nic_isolation_put_known(struct buf *out, const struct settings *s, struct err *e);

/*
 * As the api tells: from the next packet on, and for the next table. -1: it isn't for the api to say. What else fails is logged; the
 * next telling is of all again.
 */
int nic_isolation_take(const struct settings *s, const struct isolation *isolation, struct err *e);
int nic_isolation_set(const struct settings *s, const struct strv *networks, struct err *e);

#endif
