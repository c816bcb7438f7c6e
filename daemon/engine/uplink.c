#include "daemon/engine/uplink.h"

#include <net/if.h>
#include <netlink/route/link.h>
#include <stdio.h>

#include "daemon/engine/net_link.h"
#include "daemon/engine/net_qdisc.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/log.h"
#include "schema/container.h"

/*
 * A millisecond at full speed is sent at once, some large packets at least. Handles: an instance's own, so that it knows its own
 * work. The first classes are the parent and the host's; the containers' follow by their id ranges. The host weighs as ten
 * containers.
 */
enum { UPLINK_BURSTS_A_SECOND = 1000, UPLINK_BURST_MIN = 16 << 10, UPLINK_WAITING = 1 << 20 };
enum { UPLINK_ROOT = 0x4000, UPLINK_CLASSES = 0x5000, UPLINK_INSTANCES = 0xfff, UPLINK_FIRST = 16, UPLINK_LAST = 0xffff };
enum { UPLINK_HOST_WEIGHT = 1000 };
/* What the kernel's clock of 2^31 bytes a second counts in a microsecond: a frame is a multiple of that. Ethernet with two VLAN
 * tags. */
enum { UPLINK_STEP = 2148, UPLINK_HEADERS = 22 };

static uint32_t
uplink_handle(const char *instance, uint32_t kind)
{
	uint32_t hash = 0;

	for (; *instance; instance++)
		hash = hash * 31 + (unsigned char)*instance;
	return (kind | ((hash ^ hash >> 12) & UPLINK_INSTANCES)) << 16;
}

static bool
uplink_is_set(const struct settings *s)
{
	return s->uplink && *s->uplink;
}

uint32_t
uplink_class(const struct settings *s, const struct place *place)
{
	int64_t slot = (place->id_base - s->id_base) / ID_RANGE;

	if (!uplink_is_set(s) || place->id_base < s->id_base || slot > UPLINK_LAST - UPLINK_FIRST)
		return 0;
	return uplink_handle(s->instance, UPLINK_CLASSES) | (uint32_t)(slot + UPLINK_FIRST);
}

static int
uplink_find(struct nl_sock *sock, const struct settings *s, int *index_out, int64_t *frame_out, struct err *e)
{
	struct rtnl_link *link = NULL;

	if (rtnl_link_get_kernel(sock, 0, s->uplink, &link) < 0)
		return err_param(e, "uplink", "the host has no interface '%s'", s->uplink);
	*index_out = rtnl_link_get_ifindex(link);
	*frame_out = (int64_t)rtnl_link_get_mtu(link) + UPLINK_HEADERS;
	rtnl_link_put(link);
	return 0;
}

/* The least weight's turn is one frame. */
static int64_t
uplink_quantum(int64_t weight, int64_t frame)
{
	return (weight < NET_WEIGHT_MIN ? NET_WEIGHT : weight) * frame / NET_WEIGHT_MIN;
}

struct uplink_restore {
	const struct settings *settings;
	struct nl_sock *sock;
	int index;
	int64_t frame;
};

static int
uplink_restore_one(const struct place *place, void *arg, struct err *e)
{
	const struct uplink_restore *r = arg;
	uint32_t class = uplink_class(r->settings, place);

	if (class == 0 || if_nametoindex(place->veth) == 0)
		return 0;
	return net_set_share(r->sock, r->index, class, uplink_quantum(place->net_weight, r->frame), e);
}

static int
uplink_make_on(struct nl_sock *sock, const struct settings *s, struct err *e)
{
	struct uplink_restore restore = { s, sock, 0, 0 };
	struct net_share share = {
		.root = uplink_handle(s->instance, UPLINK_ROOT),
		.classes = uplink_handle(s->instance, UPLINK_CLASSES),
		.bucket = { .rate = s->uplink_rate * 1000 / 8, .waiting = UPLINK_WAITING },
	};
	struct err cause = { 0 };
	int64_t high = 0;

	if (uplink_find(sock, s, &restore.index, &restore.frame, e) < 0)
		return -1;
	share.frame = (restore.frame / UPLINK_STEP + 1) * UPLINK_STEP;
	share.rest = uplink_quantum(UPLINK_HOST_WEIGHT, restore.frame);
	share.bucket.burst = share.bucket.rate / UPLINK_BURSTS_A_SECOND;
	if (share.bucket.burst < UPLINK_BURST_MIN)
		share.bucket.burst = UPLINK_BURST_MIN;
	if (share.bucket.burst < share.frame)
		share.bucket.burst = share.frame;
	if (net_make_shares(sock, restore.index, &share, &cause) < 0)
		return err_param(e, "uplink", "%s can't be shared: %s; 'tc qdisc show dev %s' tells what it has", s->uplink,
		                 cause.message, s->uplink);
	return registry_file_scan(s, &high, uplink_restore_one, &restore, e);
}

int
uplink_make(const struct settings *s, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;

	if (net_open(&sock, e) < 0)
		return -1;
	if (uplink_is_set(s) && uplink_make_on(sock, s, e) < 0)
		return -1;
	return net_sweep_shares(sock, uplink_handle(s->instance, UPLINK_ROOT), uplink_is_set(s) ? net_index(sock, s->uplink) : 0,
	                        e);
}

int
uplink_cleanup(const char *instance, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;

	return net_open(&sock, e) < 0 ? -1 : net_sweep_shares(sock, uplink_handle(instance, UPLINK_ROOT), 0, e);
}

int
uplink_set(const struct settings *s, const struct place *place, int64_t weight, struct err *e)
{
	uint32_t class = uplink_class(s, place);
	AUTO_NL struct nl_sock *sock = NULL;
	int64_t frame;
	int index;

	if (class == 0)
		return 0;
	if (net_open(&sock, e) < 0 || uplink_find(sock, s, &index, &frame, e) < 0)
		return -1;
	if (net_set_share(sock, index, class, uplink_quantum(weight, frame), NULL) == 0)
		return 0;
	/* The interface is a new one, or somebody took ours away. */
	if (uplink_make_on(sock, s, e) < 0)
		return -1;
	return net_set_share(sock, index, class, uplink_quantum(weight, frame), e);
}

int
uplink_clear(const struct settings *s, const struct place *place, struct err *e)
{
	uint32_t class = uplink_class(s, place);
	AUTO_NL struct nl_sock *sock = NULL;
	int index;

	if (class == 0)
		return 0;
	if (net_open(&sock, e) < 0)
		return -1;
	index = net_index(sock, s->uplink);
	return index == 0 ? 0 : net_clear_share(sock, index, class, e);
}
