#include "daemon/engine/net_qdisc.h"

#include <limits.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/route/act/mirred.h>
#include <netlink/route/class.h>
#include <netlink/route/classifier.h>
#include <netlink/route/cls/u32.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/htb.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>

#include "daemon/engine/net_link.h"
#include "daemon/util/log.h"

static int
qdisc_error(int code, struct err *e, const char *what)
{
	return err_set(e, ERR_INTERNAL, "%s: %s", what, nl_geterror(code));
}

static struct rtnl_qdisc *
qdisc_new(int index, uint32_t parent, uint32_t handle, const char *kind)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();

	if (!q)
		return NULL;
	rtnl_tc_set_ifindex(TC_CAST(q), index);
	rtnl_tc_set_parent(TC_CAST(q), parent);
	rtnl_tc_set_handle(TC_CAST(q), handle);
	if (rtnl_tc_set_kind(TC_CAST(q), kind) == 0)
		return q;
	rtnl_qdisc_put(q);
	return NULL;
}

/* Fair among flows and with short queues, where the kernel has that; a plain queue elsewhere. */
static void
qdisc_make_fair(struct nl_sock *sock, int index, uint32_t parent, uint32_t handle)
{
	struct rtnl_qdisc *q = qdisc_new(index, parent, handle, "fq_codel");

	if (!q || rtnl_qdisc_add(sock, q, NLM_F_CREATE | NLM_F_REPLACE) < 0)
		log_debug("the kernel has no fq_codel: a plain queue waits for the rate");
	rtnl_qdisc_put(q);
}

int
net_set_bucket(struct nl_sock *sock, int index, const struct net_bucket *bucket, struct err *e)
{
	struct rtnl_qdisc *q = qdisc_new(index, TC_H_ROOT, TC_HANDLE(1, 0), "tbf");
	int rc = -NLE_NOMEM;

	if (q) {
		rtnl_qdisc_tbf_set_limit(q, (int)bucket->waiting);
		rtnl_qdisc_tbf_set_rate(q, (int)bucket->rate, (int)bucket->burst, 0);
		rc = rtnl_qdisc_add(sock, q, NLM_F_CREATE | NLM_F_REPLACE);
	}
	rtnl_qdisc_put(q);
	if (rc < 0)
		return qdisc_error(rc, e, "limit an interface's rate (the kernel's sch_tbf)");
	qdisc_make_fair(sock, index, TC_HANDLE(1, 1), TC_HANDLE(2, 0));
	return 0;
}

static int
qdisc_delete(struct nl_sock *sock, int index, uint32_t parent, struct err *e)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();
	int rc = -NLE_NOMEM;

	if (q) {
		rtnl_tc_set_ifindex(TC_CAST(q), index);
		rtnl_tc_set_parent(TC_CAST(q), parent);
		rc = rtnl_qdisc_delete(sock, q);
	}
	rtnl_qdisc_put(q);
	/* EINVAL: no such parent; ENOENT: it is the one that every interface begins with. */
	if (rc == -NLE_OBJ_NOTFOUND || rc == -NLE_INVAL || rc == -NLE_NODEV)
		rc = 0;
	return rc < 0 ? qdisc_error(rc, e, "take a queueing discipline away") : 0;
}

int
net_clear_bucket(struct nl_sock *sock, int index, struct err *e)
{
	return qdisc_delete(sock, index, TC_H_ROOT, e);
}

int
net_clear_arrivals(struct nl_sock *sock, int index, struct err *e)
{
	return qdisc_delete(sock, index, TC_H_INGRESS, e);
}

int
net_make_ifb(struct nl_sock *sock, const char *name, struct err *e)
{
	struct rtnl_link *link = rtnl_link_alloc();
	int rc = -NLE_NOMEM, index;

	if (link) {
		rtnl_link_set_name(link, name);
		rtnl_link_set_num_tx_queues(link, 1);
		rtnl_link_set_num_rx_queues(link, 1);
		rc = rtnl_link_set_type(link, "ifb");
	}
	if (rc == 0)
		rc = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_link_put(link);
	if (rc < 0 && rc != -NLE_EXIST)
		return qdisc_error(rc, e, "make an ifb interface");
	index = net_index(sock, name);
	if (index == 0)
		return err_set(e, ERR_INTERNAL, "interface '%s' has gone", name);
	return net_harden_veth(sock, index, e) < 0 ? -1 : net_set_up(sock, index, e);
}

/* Of every packet: a key that all match. */
static int
qdisc_fill_redirect(struct rtnl_cls *cls, int index, int through)
{
	struct rtnl_act *act = rtnl_act_alloc();
	int rc = act ? rtnl_tc_set_kind(TC_CAST(act), "mirred") : -NLE_NOMEM;

	rtnl_tc_set_ifindex(TC_CAST(cls), index);
	rtnl_tc_set_parent(TC_CAST(cls), TC_HANDLE(0xffff, 0));
	rtnl_cls_set_prio(cls, 1);
	rtnl_cls_set_protocol(cls, ETH_P_ALL);
	if (rc == 0)
		rc = rtnl_tc_set_kind(TC_CAST(cls), "u32");
	if (rc == 0)
		rc = rtnl_u32_add_key_uint32(cls, 0, 0, 0, 0);
	if (rc == 0)
		rc = rtnl_u32_set_cls_terminal(cls);
	if (rc == 0)
		rc = rtnl_mirred_set_action(act, TCA_EGRESS_REDIR);
	if (rc == 0)
		rc = rtnl_mirred_set_policy(act, TC_ACT_STOLEN);
	if (rc == 0)
		rc = rtnl_mirred_set_ifindex(act, (uint32_t)through);
	if (rc == 0)
		rc = rtnl_u32_add_action(cls, act);
	/* The filter has taken a reference of its own. */
	if (act)
		rtnl_act_put(act);
	return rc;
}

int
net_redirect_arrivals(struct nl_sock *sock, int index, int through, struct err *e)
{
	struct rtnl_qdisc *q = qdisc_new(index, TC_H_INGRESS, TC_HANDLE(0xffff, 0), "ingress");
	struct rtnl_cls *cls = rtnl_cls_alloc();
	int rc = q && cls ? net_clear_arrivals(sock, index, e) : -NLE_NOMEM;

	if (rc == 0)
		rc = rtnl_qdisc_add(sock, q, NLM_F_CREATE | NLM_F_EXCL);
	if (rc == 0)
		rc = qdisc_fill_redirect(cls, index, through);
	if (rc == 0)
		rc = rtnl_cls_add(sock, cls, NLM_F_CREATE);
	rtnl_qdisc_put(q);
	rtnl_cls_put(cls);
	return rc < 0 ? qdisc_error(rc, e, "send arrivals through an ifb (the kernel's cls_u32, act_mirred)") : 0;
}

/* Of what an interface or the kernel's default has put there the handle is 0. */
static uint32_t
qdisc_root(struct nl_cache *cache, int index)
{
	for (struct nl_object *o = nl_cache_get_first(cache); o; o = nl_cache_get_next(o)) {
		struct rtnl_tc *tc = TC_CAST(o);

		if (rtnl_tc_get_ifindex(tc) == index && rtnl_tc_get_parent(tc) == TC_H_ROOT)
			return rtnl_tc_get_handle(tc);
	}
	return 0;
}

static bool
qdisc_is_there(struct nl_cache *cache, int index, uint32_t handle)
{
	struct rtnl_qdisc *q = rtnl_qdisc_get(cache, index, handle);

	rtnl_qdisc_put(q);
	return q;
}

/*
 * With a peak rate as high as can be told, which holds one frame: what is larger, a sender's many segments in one, is taken apart.
 * In shares of frames nobody gets more by sending larger ones.
 */
static int
qdisc_make_rate(struct nl_sock *sock, int index, const struct net_share *share)
{
	struct rtnl_qdisc *q = qdisc_new(index, TC_H_ROOT, share->root, "tbf");
	int rc = -NLE_NOMEM;

	if (q) {
		rtnl_qdisc_tbf_set_limit(q, (int)share->bucket.waiting);
		rtnl_qdisc_tbf_set_rate(q, (int)share->bucket.rate, (int)share->bucket.burst, 0);
		rtnl_qdisc_tbf_set_peakrate(q, INT_MAX, (int)share->frame, 0);
		rc = rtnl_qdisc_add(sock, q, NLM_F_CREATE | NLM_F_REPLACE);
	}
	rtnl_qdisc_put(q);
	return rc;
}

static int
qdisc_make_classes(struct nl_sock *sock, int index, const struct net_share *share)
{
	struct rtnl_qdisc *q = qdisc_new(index, TC_HANDLE(TC_H_MAJ(share->root) >> 16, 1), share->classes, "htb");
	int rc = -NLE_NOMEM;

	if (q) {
		rtnl_htb_set_defcls(q, NET_SHARE_REST);
		rc = rtnl_qdisc_add(sock, q, NLM_F_CREATE | NLM_F_REPLACE);
	}
	rtnl_qdisc_put(q);
	return rc;
}

/* Bytes a second. It may have all of what its parent has; the parent's own rate is never what holds anything up. */
static int
qdisc_set_class(struct nl_sock *sock, int index, uint32_t parent, uint32_t class, uint32_t rate, int64_t quantum, int flags)
{
	struct rtnl_class *c = rtnl_class_alloc();
	int rc = -NLE_NOMEM;

	if (c) {
		rtnl_tc_set_ifindex(TC_CAST(c), index);
		rtnl_tc_set_parent(TC_CAST(c), parent);
		rtnl_tc_set_handle(TC_CAST(c), class);
		rc = rtnl_tc_set_kind(TC_CAST(c), "htb");
	}
	if (rc == 0)
		rc = rtnl_htb_set_rate(c, rate);
	if (rc == 0)
		rc = rtnl_htb_set_ceil(c, INT_MAX);
	if (rc == 0 && quantum > 0)
		rc = rtnl_htb_set_quantum(c, (uint32_t)quantum);
	if (rc == 0)
		rc = rtnl_class_add(sock, c, flags);
	rtnl_class_put(c);
	return rc;
}

/* Bytes a second that each has without asking the others: next to nothing. */
enum { QDISC_LEAST_RATE = 100 };

int
net_set_share(struct nl_sock *sock, int index, uint32_t class, int64_t quantum, struct err *e)
{
	uint32_t parent = TC_H_MAJ(class) | NET_SHARE_ALL;
	int rc = qdisc_set_class(sock, index, parent, class, QDISC_LEAST_RATE, quantum, NLM_F_CREATE | NLM_F_EXCL);

	if (rc == 0)
		qdisc_make_fair(sock, index, class, 0);
	else if (rc == -NLE_EXIST)
		rc = qdisc_set_class(sock, index, parent, class, QDISC_LEAST_RATE, quantum, NLM_F_REPLACE);
	return rc < 0 ? qdisc_error(rc, e, "give a container its share of the uplink (the kernel's sch_htb)") : 0;
}

int
net_clear_share(struct nl_sock *sock, int index, uint32_t class, struct err *e)
{
	struct rtnl_class *c = rtnl_class_alloc();
	int rc = -NLE_NOMEM;

	if (c) {
		rtnl_tc_set_ifindex(TC_CAST(c), index);
		rtnl_tc_set_handle(TC_CAST(c), class);
		rc = rtnl_class_delete(sock, c);
	}
	rtnl_class_put(c);
	if (rc == -NLE_OBJ_NOTFOUND || rc == -NLE_INVAL || rc == -NLE_NODEV)
		rc = 0;
	return rc < 0 ? qdisc_error(rc, e, "take a container's share of the uplink away") : 0;
}

int
net_make_shares(struct nl_sock *sock, int index, const struct net_share *share, struct err *e)
{
	struct nl_cache *cache = NULL;
	int rc = rtnl_qdisc_alloc_cache(sock, &cache);
	uint32_t root = rc == 0 ? qdisc_root(cache, index) : 0;

	if (rc == 0 && root != 0 && root != share->root) {
		nl_cache_free(cache);
		return err_set(e, ERR_CONFLICT, "somebody has given it a queueing discipline, %x:", root >> 16);
	}
	if (rc == 0)
		rc = qdisc_make_rate(sock, index, share);
	if (rc == 0 && (root == 0 || !qdisc_is_there(cache, index, share->classes)))
		rc = qdisc_make_classes(sock, index, share);
	if (rc == 0)
		rc = qdisc_set_class(sock, index, share->classes, share->classes | NET_SHARE_ALL, INT_MAX, 0,
		                     NLM_F_CREATE | NLM_F_REPLACE);
	if (cache)
		nl_cache_free(cache);
	if (rc < 0)
		return qdisc_error(rc, e, "share an interface (the kernel's sch_tbf, sch_htb)");
	return net_set_share(sock, index, share->classes | NET_SHARE_REST, share->rest, e);
}

int
net_sweep_shares(struct nl_sock *sock, uint32_t root, int but, struct err *e)
{
	struct nl_cache *cache;
	int rc = rtnl_qdisc_alloc_cache(sock, &cache);

	if (rc < 0)
		return qdisc_error(rc, e, "list the queueing disciplines");
	for (struct nl_object *o = nl_cache_get_first(cache); rc == 0 && o; o = nl_cache_get_next(o)) {
		struct rtnl_tc *tc = TC_CAST(o);

		if (rtnl_tc_get_parent(tc) == TC_H_ROOT && rtnl_tc_get_handle(tc) == root && rtnl_tc_get_ifindex(tc) != but)
			rc = net_clear_bucket(sock, rtnl_tc_get_ifindex(tc), e);
	}
	nl_cache_free(cache);
	return rc;
}
