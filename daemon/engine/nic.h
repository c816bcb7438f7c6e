/*
 * A container's interfaces on networks, beside the routed one: veths into a bridge, which is the operator's own or made with its
 * first interface and removed with its last.
 */
#ifndef BERTH_NIC_H
#define BERTH_NIC_H

#include <net/if.h>

#include "schema/network.h"
#include "schema/spec.h"

/* The host's end, "<instance><ctid>-<index>". */
void nic_veth(const struct settings *s, int64_t ctid, int64_t index, char out[IFNAMSIZ]);
/* The container's end's MAC, stable; the host's end differs in a bit. */
void nic_mac(const struct spec *spec, int64_t index, unsigned char mac_out[6]);
/* What the kernel inside makes of its MAC; another link-local address could be a router's. */
void nic_link_local(const unsigned char mac[6], char out[ADDRESS_TEXT_MAX]);
/*
 * The bridge: the operator's, or "<instance>-<tenant>-<number>" in hexadecimal. A private network's tenant is the one that the
 * container is registered with, a bridge of the host's has 0: nobody is ever joined to another's. -1: the name is too long.
 */
int nic_device(const struct spec *spec, const struct nic *nic, char out[IFNAMSIZ], struct err *e);
/* Whether a link of that name is a bridge that the instance made. */
bool nic_is_own_device(const struct settings *s, const char *name);

/* By the text of spec->config.nics. Prepare checks the host and puts in the rules, attach makes the links. */
int nic_prepare(const struct spec *spec, struct err *e);
int nic_attach(const struct spec *spec, int netns_fd, struct err *e);
/* From `old` to those of spec->config; netns -1: the container doesn't run. What root inside has broken is left to the next start.
 */
int nic_update(const struct spec *spec, const struct strv *old, int netns_fd, struct err *e);
/* Links, rules, and bridges that nobody uses any more. Absent is success. */
int nic_detach(const struct spec *spec, struct err *e);
/* The same of a number that isn't registered, whatever interfaces it had. */
int nic_sweep(const struct spec *spec, struct err *e);
/*
 * Bridges, ifbs and nft tables, which one process looks at and another makes or removes, stay as they are until the lock's
 * descriptor is closed. nic_try_lock doesn't wait: *fd_out is -1 where somebody else has it.
 */
int nic_try_lock(const struct settings *s, int *fd_out, struct err *e);
int nic_lock(const struct settings *s, int *fd_out, struct err *e);
/* Ports of running containers as they should be, whatever an older daemon or somebody by hand has made of them. */
int nic_guard_ports(const struct settings *s, struct err *e);
/*
 * Bridges that the instance made and that have no interface, but for those; NULL: all that it made. Their names are added to
 * *names_out; with remove they go. None while another process makes or removes some, whatever it waits for.
 */
int nic_sweep_devices(const struct settings *s, const struct strv *but, bool remove, struct strv *names_out, struct err *e);

#endif
