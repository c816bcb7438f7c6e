/*
 * A container's network: a routed veth pair, its addresses, routes and firewall elements. libnl-3-route and libnftables in
 * process.
 */
#ifndef BERTH_NET_H
#define BERTH_NET_H

#include <sys/types.h>

#include "daemon/util/prefix.h"
#include "schema/spec.h"

/*
 * Claims ids, subnet and sysctls for the instance under CLAIMS_DIR's lock (an overlap names the other instance or file), sets
 * ip_forward and the like after recording what they were, puts 169.254.0.1/32 on lo, makes the nft tables with what every
 * registered container has in them. Fills layout->dns. Idempotent.
 */
int net_host_setup(const struct settings *s, struct layout *layout, struct err *e);
/* Makes anew, by the registry, what somebody has taken away of its tables: whoever flushes the host's rules hardly means them. */
int net_host_restore(const struct settings *s, struct err *e);
/* Removes the table and the claims; the last instance restores the sysctls and 169.254.0.1. */
int net_host_cleanup(const struct settings *s, struct err *e);

/*
 * net_look_up.c, without libnl. What the host would do with a packet for the address: RTN_LOCAL, RTN_BROADCAST, RTN_UNICAST…;
 * RTN_UNSPEC: it knows no way.
 */
int net_look_up(const struct address *a, unsigned char *type_out, struct err *e);
/* ERR_CONFLICT when it is one of the host's, broadcast and anycast among them. */
int net_refuse_host_address(const char *text, struct err *e);

/*
 * Before a start's namespaces are there: refuses the host's own addresses and puts in the firewall elements. Undone by
 * net_detach(), as all of this is.
 */
int net_prepare(const struct spec *spec, struct err *e);
/*
 * After net_prepare(): the pair, between the host and netns_fd: host end <veth> up with routes to each address, container end
 * `eth0` up with its addresses and default routes, lo up. Called while init waits. Leftovers of the same name are replaced.
 */
int net_attach(const struct spec *spec, int netns_fd, struct err *e);
/*
 * Makes addresses, routes and elements those of spec->config; `old` is what was so far. netns of a running init, or -1 of a stopped
 * container. Its root can't make it fail: what he has broken inside is left to the next start.
 */
int net_update(const struct spec *spec, const struct strv *old, int netns_fd, struct err *e);
/* Removes the firewall elements, and the veth if it is still there. Absent is success. */
int net_detach(const struct spec *spec, struct err *e);

/* The container end's MAC: 02:xx from the instance and CTID, stable. */
void net_mac(const struct spec *spec, unsigned char mac_out[6]);

#endif
