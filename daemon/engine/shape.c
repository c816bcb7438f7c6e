#include "daemon/engine/shape.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/net_link.h"
#include "daemon/engine/net_qdisc.h"
#include "daemon/engine/nic.h"
#include "daemon/engine/uplink.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/*
 * A burst is a hundredth of a second at full speed, but some large packets at least; what waits is gone after a tenth. One of more
 * seconds than this the kernel couldn't tell from a short one: it is given the time in 32 bits, of 64 ns each.
 */
enum { SHAPE_BURSTS_A_SECOND = 100, SHAPE_BURST_MIN = 16 << 10, SHAPE_BURST_SECONDS = 240 };
enum { SHAPE_QUEUES_A_SECOND = 10, SHAPE_QUEUE_MIN = 128 << 10 };

/* "<veth>i" is the ifb that an interface's sending passes through. */
static int
shape_ifb(const char *veth, char out[IFNAMSIZ], struct err *e)
{
	if (snprintf(out, IFNAMSIZ, "%si", veth) < IFNAMSIZ)
		return 0;
	return err_set(e, ERR_NO_SPACE, "'%s' is too long to name an interface after: choose a shorter 'instance'", veth);
}

/* What it may have of a rate; both in kbit/s, 0 is no limit. */
static int64_t
shape_rate(const struct spec *spec, int64_t rate)
{
	int64_t throttle = spec->config.throttled ? spec->settings.throttle_rate : 0;

	return throttle > 0 && (rate == 0 || rate > throttle) ? throttle : rate;
}

/* kbit: thousands of bits a second. */
static struct net_bucket
shape_bucket(int64_t kbit, int64_t burst)
{
	struct net_bucket b = { .rate = kbit * 1000 / 8, .burst = burst };

	if (b.burst == 0)
		b.burst = b.rate / SHAPE_BURSTS_A_SECOND;
	if (b.burst > b.rate * SHAPE_BURST_SECONDS)
		b.burst = b.rate * SHAPE_BURST_SECONDS;
	if (b.burst < SHAPE_BURST_MIN)
		b.burst = SHAPE_BURST_MIN;
	b.waiting = b.rate / SHAPE_QUEUES_A_SECOND;
	if (b.waiting < SHAPE_QUEUE_MIN)
		b.waiting = SHAPE_QUEUE_MIN;
	b.waiting += b.burst;
	return b;
}

static int
shape_receiving(struct nl_sock *sock, int index, const struct spec *spec, struct err *e)
{
	int64_t rate = shape_rate(spec, spec->config.rate_in);
	const struct net_bucket bucket = shape_bucket(rate, spec->config.rate_burst);

	return rate > 0 ? net_set_bucket(sock, index, &bucket, e) : net_clear_bucket(sock, index, e);
}

static int
shape_sending(struct nl_sock *sock, int index, const char *veth, const struct spec *spec, struct err *e)
{
	int64_t rate = shape_rate(spec, spec->config.rate_out);
	const struct net_bucket bucket = shape_bucket(rate, spec->config.rate_burst);
	AUTO_CLOSE int lock = -1;
	char ifb[IFNAMSIZ];
	int through;

	/* One that lies idle is removed, one that is about to be used isn't. */
	if (shape_ifb(veth, ifb, e) < 0 || nic_lock(&spec->settings, &lock, e) < 0)
		return -1;
	if (rate == 0)
		return net_clear_arrivals(sock, index, e) < 0 ? -1 : net_delete_link(sock, ifb, e);
	if (net_make_ifb(sock, ifb, e) < 0 || fault_at("shape.ifb", e) < 0)
		return -1;
	through = net_index(sock, ifb);
	if (net_set_bucket(sock, through, &bucket, e) < 0)
		return -1;
	return net_redirect_arrivals(sock, index, through, e);
}

static int
shape_interface(struct nl_sock *sock, const char *veth, const struct spec *spec, struct err *e)
{
	int index = net_index(sock, veth);

	/* Root inside may have removed it: then it has no rate at all. */
	if (index == 0)
		return 0;
	if (shape_receiving(sock, index, spec, e) == 0 && fault_at("shape.receiving", e) == 0 &&
	    shape_sending(sock, index, veth, spec, e) == 0)
		return 0;
	if (net_index(sock, veth) == index)
		return -1;
	/* The container has died meanwhile, or restarts: with the rates that are to be. */
	err_clear(e);
	return 0;
}

int
shape_apply(const struct spec *spec, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	char veth[IFNAMSIZ];
	struct nic nic;

	if (net_open(&sock, e) < 0 || shape_interface(sock, spec->place.veth, spec, e) < 0)
		return -1;
	for (size_t i = 0; i < spec->config.nics.n; i++) {
		if (!nic_parse(spec->config.nics.v[i], &nic) || nic.kind == NIC_PRIVATE)
			continue;
		nic_veth(&spec->settings, spec->place.ctid, nic.index, veth);
		if (shape_interface(sock, veth, spec, e) < 0)
			return -1;
	}
	return 0;
}

int
shape_attach(const struct spec *spec, struct err *e)
{
	const struct container_config *c = &spec->config;
	struct err unshared = { 0 };

	/* An uplink that has gone keeps nobody from starting: what it sends meanwhile is one with the host's. */
	if (uplink_set(&spec->settings, &spec->place, c->net_weight, &unshared) < 0)
		log_err(&unshared, "share the uplink with container %" PRId64, spec->place.ctid);
	if (fault_at("shape.share", e) < 0)
		return -1;
	return c->rate_in == 0 && c->rate_out == 0 && !c->throttled ? 0 : shape_apply(spec, e);
}

/* 0 is the routed one. */
static bool
shape_ifb_of(const struct settings *s, int64_t ctid, int64_t nic, char out[IFNAMSIZ])
{
	char veth[IFNAMSIZ];

	if (nic == 0)
		snprintf(veth, sizeof veth, "%s%" PRId64, s->instance, ctid);
	else
		nic_veth(s, ctid, nic, veth);
	return shape_ifb(veth, out, NULL) == 0;
}

bool
shape_is_left(const struct settings *s, int64_t ctid)
{
	char ifb[IFNAMSIZ];

	for (int64_t nic = 0; nic <= NIC_MAX; nic++)
		if (shape_ifb_of(s, ctid, nic, ifb) && if_nametoindex(ifb) > 0)
			return true;
	return false;
}

int
shape_remove(const struct spec *spec, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	char ifb[IFNAMSIZ];

	if (!shape_is_left(&spec->settings, spec->place.ctid))
		return 0;
	if (net_open(&sock, e) < 0)
		return -1;
	for (int64_t nic = 0; nic <= NIC_MAX; nic++)
		if (shape_ifb_of(&spec->settings, spec->place.ctid, nic, ifb) && net_delete_link(sock, ifb, e) < 0)
			return -1;
	return 0;
}

static bool
shape_is_own(const char *instance, const char *name)
{
	size_t len = strlen(instance), digits;

	if (strncmp(name, instance, len) != 0)
		return false;
	digits = strspn(name + len, "0123456789-");
	return digits > 0 && strcmp(name + len + digits, "i") == 0;
}

/* By the interface that it is named after. */
static bool
shape_is_used(const char *ifb)
{
	char veth[IFNAMSIZ];

	snprintf(veth, sizeof veth, "%.*s", (int)strlen(ifb) - 1, ifb);
	return if_nametoindex(veth) > 0;
}

static int
shape_sweep_links(const char *instance, bool idle, bool remove, struct strv *names_out, struct err *e)
{
	AUTO_NL struct nl_sock *sock = NULL;
	struct if_nameindex *links = if_nameindex();
	int rc = 0;

	if (!links)
		return err_sys(e, "list the interfaces");
	if (net_open(&sock, e) < 0)
		rc = -1;
	for (const struct if_nameindex *link = links; rc == 0 && link->if_index > 0; link++) {
		if (!shape_is_own(instance, link->if_name) || (idle && shape_is_used(link->if_name)))
			continue;
		if (names_out && !strv_add(names_out, link->if_name))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
		if (rc == 0 && remove)
			rc = net_delete_link(sock, link->if_name, e);
	}
	if_freenameindex(links);
	return rc;
}

int
shape_sweep(const char *instance, struct err *e)
{
	return shape_sweep_links(instance, false, true, NULL, e);
}

int
shape_sweep_idle(const struct settings *s, bool remove, struct strv *names_out, struct err *e)
{
	AUTO_CLOSE int lock = -1;

	if (nic_try_lock(s, &lock, e) < 0)
		return -1;
	return lock < 0 ? 0 : shape_sweep_links(s->instance, true, remove, names_out, e);
}
