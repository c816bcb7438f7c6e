#include "daemon/engine/net_qdisc.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <netlink/route/act/mirred.h>
#include <netlink/route/classifier.h>
#include <netlink/route/cls/u32.h>
#include <netlink/route/link.h>
#include <netlink/route/qdisc.h>
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
qdisc_make_fair(struct nl_sock *sock, int index)
{
	struct rtnl_qdisc *q = qdisc_new(index, TC_HANDLE(1, 1), TC_HANDLE(2, 0), "fq_codel");

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
	qdisc_make_fair(sock, index);
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
