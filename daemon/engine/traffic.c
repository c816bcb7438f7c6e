#include "daemon/engine/traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine/firewall_table.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/fd.h"

/* How many containers' counters are made in one transaction. */
enum { TRAFFIC_CHUNK = 64 };

/* %1$s is the instance, %2$s the generation; on a table that is there it changes nothing. */
static const char traffic_sets[] = "add table inet %1$s_traffic { comment \"%2$s\"; }\n"
                                   "add set inet %1$s_traffic free4 { type ipv4_addr; flags interval; auto-merge; }\n"
                                   "add set inet %1$s_traffic free6 { type ipv6_addr; flags interval; auto-merge; }\n"
                                   "add chain inet %1$s_traffic from\n"
                                   "add chain inet %1$s_traffic to\n"
                                   "add chain inet %1$s_traffic forward { type filter hook forward priority 300; }\n"
                                   "add chain inet %1$s_traffic input { type filter hook input priority 300; }\n"
                                   "add chain inet %1$s_traffic output { type filter hook output priority 300; }\n"
                                   "flush table inet %1$s_traffic\n"
                                   "flush set inet %1$s_traffic free4\n"
                                   "flush set inet %1$s_traffic free6\n";

#define LINK_TYPES                                                                                                                 \
	"{ mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit, "                  \
	"nd-router-advert, "                                                                                                       \
	"nd-neighbor-solicit, nd-neighbor-advert, nd-redirect }"
/* An interface that isn't in a map ends its rule: nothing is counted. */
static const char traffic_rules[] = "add rule inet %1$s_traffic from ip daddr != @free4 counter name iifname map @out4_paid\n"
                                    "add rule inet %1$s_traffic from ip daddr @free4 counter name iifname map @out4_free\n"
                                    "add rule inet %1$s_traffic from ip6 daddr != @free6 counter name iifname map @out6_paid\n"
                                    "add rule inet %1$s_traffic from ip6 daddr @free6 counter name iifname map @out6_free\n"
                                    "add rule inet %1$s_traffic to ip saddr != @free4 counter name oifname map @in4_paid\n"
                                    "add rule inet %1$s_traffic to ip saddr @free4 counter name oifname map @in4_free\n"
                                    "add rule inet %1$s_traffic to ip6 saddr != @free6 counter name oifname map @in6_paid\n"
                                    "add rule inet %1$s_traffic to ip6 saddr @free6 counter name oifname map @in6_free\n"
                                    "add rule inet %1$s_traffic forward jump from\n"
                                    "add rule inet %1$s_traffic forward jump to\n"
                                    /* What keeps the link itself going is nobody's bill; it is never forwarded. */
                                    "add rule inet %1$s_traffic input icmpv6 type " LINK_TYPES " return\n"
                                    "add rule inet %1$s_traffic input jump from\n"
                                    "add rule inet %1$s_traffic output icmpv6 type " LINK_TYPES " return\n"
                                    "add rule inet %1$s_traffic output jump to\n";

static const char *
traffic_counter_name(int64_t ctid, size_t index, char name[TRAFFIC_NAME])
{
	snprintf(name, TRAFFIC_NAME, "c%" PRId64 "_%s", ctid, traffic_name(index));
	return name;
}

/* Without free networks there is nothing that those counters could count: half of them all. */
static void
traffic_put_container(struct nfnl_batch *b, const struct nfnl_table *t, const struct place *place, bool free_too)
{
	char counter[TRAFFIC_NAME];
	struct nfnl_element counted = { .counter = counter };

	nfnl_value_add_ifname(&counted.key, place->veth);
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++) {
		if (!free_too && i % TRAFFIC_CLASSES == TRAFFIC_FREE)
			continue;
		nfnl_add_counter(b, t, traffic_counter_name(place->ctid, i, counter));
		nfnl_add_element(b, t, traffic_name(i), &counted);
	}
}

struct traffic_restore {
	const struct settings *settings;
	int nfnl;
	const struct nfnl_table *table;
	struct nfnl_batch batch;
	size_t n;
};

static int
traffic_restore_one(const struct place *place, void *arg, struct err *e)
{
	struct traffic_restore *r = arg;

	traffic_put_container(&r->batch, r->table, place, r->settings->traffic_free.n > 0);
	return ++r->n % TRAFFIC_CHUNK == 0 ? nfnl_commit(r->nfnl, &r->batch, e) : 0;
}

static int
traffic_restore(const struct settings *s, int nfnl, const struct nfnl_table *table, struct err *e)
{
	struct traffic_restore restore = { .settings = s, .nfnl = nfnl, .table = table };
	int64_t high = 0;
	int rc = registry_file_scan(s, &high, traffic_restore_one, &restore, e);

	if (rc == 0)
		rc = nfnl_commit(nfnl, &restore.batch, e);
	nfnl_batch_clear(&restore.batch);
	return rc;
}

int
traffic_make(const struct settings *s, struct err *e)
{
	char generation[UUID_SIZE], name[TRAFFIC_NAME];
	const struct nfnl_table t = traffic_table(s->instance, name);
	AUTO_BUF struct buf out = { 0 };
	AUTO_CLOSE int nfnl = -1;

	uuid_make(generation);
	buf_addf(&out, traffic_sets, s->instance, generation);
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++)
		buf_addf(&out, "add map inet %s_traffic %s { type ifname : counter; }\n", s->instance, traffic_name(i));
	buf_addf(&out, traffic_rules, s->instance);
	for (size_t i = 0; i < s->traffic_free.n; i++)
		buf_addf(&out, "add element inet %s_traffic free%c { %s }\n", s->instance,
		         strchr(s->traffic_free.v[i], ':') ? '6' : '4', s->traffic_free.v[i]);
	if (firewall_run_text(&out, e) < 0 || nfnl_open(&nfnl, e) < 0)
		return -1;
	return traffic_restore(s, nfnl, &t, e);
}

int
traffic_cleanup(const char *instance, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	buf_addf(&out, "add table inet %1$s_traffic\ndelete table inet %1$s_traffic\n", instance);
	return firewall_run_text(&out, e);
}

int
traffic_add(const struct settings *s, const struct place *place, struct err *e)
{
	char name[TRAFFIC_NAME], generation[UUID_SIZE];
	const struct nfnl_table t = traffic_table(s->instance, name);
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	AUTO_CLOSE int nfnl = -1;

	if (nfnl_open(&nfnl, e) < 0)
		return -1;
	traffic_put_container(&batch, &t, place, s->traffic_free.n > 0);
	if (nfnl_commit(nfnl, &batch, e) == 0)
		return 0;
	if (nfnl_read_comment(nfnl, &t, generation, sizeof generation, NULL) != 0)
		return -1;
	/* Somebody flushed the ruleset. The container is registered, so this is its counters' making too. */
	err_clear(e);
	return traffic_make(s, e);
}

/* Deleting what isn't there would undo the whole transaction: each is added first. */
int
traffic_forget(const struct settings *s, int64_t ctid, struct err *e)
{
	char name[TRAFFIC_NAME], generation[UUID_SIZE], counter[TRAFFIC_NAME], veth[32];
	const struct nfnl_table t = traffic_table(s->instance, name);
	struct place place = { .ctid = ctid, .veth = veth };
	struct nfnl_element counted = { .chain = NULL };
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	AUTO_CLOSE int nfnl = -1;
	int rc;

	snprintf(veth, sizeof veth, "%s%" PRId64, s->instance, ctid);
	if (nfnl_open(&nfnl, e) < 0)
		return -1;
	rc = nfnl_read_comment(nfnl, &t, generation, sizeof generation, e);
	if (rc <= 0)
		return rc;
	nfnl_value_add_ifname(&counted.key, veth);
	traffic_put_container(&batch, &t, &place, true);
	for (size_t i = 0; i < TRAFFIC_COUNTERS; i++) {
		nfnl_delete_element(&batch, &t, traffic_name(i), &counted);
		nfnl_delete_counter(&batch, &t, traffic_counter_name(ctid, i, counter));
	}
	return nfnl_commit(nfnl, &batch, e);
}
