#include "daemon/engine/nic_isolation.h"

#include <inttypes.h>
#include <stdint.h>

#include "daemon/engine/nfnl.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/log.h"
#include "schema/field.h"
#include "schema/network.h"

#define BOUNCED "0x62657274" /* no network's number */

const char nic_isolation_sets[] = "add map bridge %1$s tenants { type ifname : mark; }\n"
                                  "add set bridge %1$s tenant_ports { type ifname . mark; }\n"
                                  "add set bridge %1$s isolated { type mark; }\n";

/* Of two networks on one bridge one is enough. */
const char nic_isolation_rules[] =
        "add chain bridge %1$s apart\n"
        "add rule bridge %1$s apart meta mark set iifname map @tenants\n"
        "add rule bridge %1$s apart oifname . meta mark @tenant_ports meta mark set 0 accept\n"
        "add rule bridge %1$s apart meta mark set 0\n"
        "add rule bridge %1$s apart iifname @ports oifname @ports counter name refused drop\n"
        "add chain bridge %1$s bounced\n"
        "add rule bridge %1$s bounced meta mark set oifname map @network meta mark @isolated counter name refused drop\n"
        "add rule bridge %1$s bounced meta mark set 0\n";

const char nic_isolation_hooks[] =
        "add chain bridge %1$s isolation { type filter hook forward priority -200; }\n"
        "flush chain bridge %1$s isolation\n"
        "add rule bridge %1$s isolation iifname != \"%1$s*\" accept\n"
        "add rule bridge %1$s isolation oifname != \"%1$s*\" accept\n"
        "add rule bridge %1$s isolation meta mark set iifname map @network meta mark @isolated goto apart\n"
        "add rule bridge %1$s isolation meta mark set oifname map @network meta mark @isolated goto apart\n"
        "add rule bridge %1$s isolation meta mark set 0\n"
        "add chain bridge %1$s output { type filter hook output priority 0; }\n"
        "flush chain bridge %1$s output\n"
        "add rule bridge %1$s output meta mark " BOUNCED " jump bounced\n";

const char nic_isolation_inet[] = "add set inet %1$s bounced { type ether_addr . ifname . ifname; }\n"
                                  "add rule inet %1$s forward ether saddr . iifname . oifname @bounced meta mark set " BOUNCED "\n";

static int
isolation_parse(const char *text, int64_t *number_out, struct err *e)
{
	const char *why;

	if (field_parse_int(text, number_out, &why) == 0 && *number_out >= 1 && *number_out <= INT32_MAX)
		return 0;
	return err_set(e, ERR_BAD_REQUEST, "'%.20s' is no network's number", text);
}

int
nic_isolation_put_known(struct buf *out, const struct settings *s, struct err *e)
{
	AUTO_STRV struct strv networks = { 0 };
	int64_t number;

	if (registry_file_read_isolated(s, &networks, e) < 0)
		return -1;
	buf_addf(out, "flush set bridge %s isolated\n", s->instance);
	for (size_t i = 0; i < networks.n; i++) {
		if (isolation_parse(networks.v[i], &number, e) < 0)
			return -1;
		buf_addf(out, "add element bridge %s isolated { %" PRId64 " }\n", s->instance, number);
	}
	return 0;
}

/* 0 also where there is no table: its making puts them there. */
static int
isolation_apply(const struct settings *s, const uint32_t *numbers, size_t n, struct err *e)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, s->instance };
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	int nfnl, there;

	nfnl_flush_set(&batch, &t, "isolated");
	for (size_t i = 0; i < n; i++) {
		struct nfnl_element element = { .chain = NULL };

		nfnl_value_add_mark(&element.key, numbers[i]);
		nfnl_add_element(&batch, &t, "isolated", &element);
	}
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	there = nfnl_find_chain(nfnl, &t, "apart", e);
	return there <= 0 ? there : nfnl_run(&batch, e);
}

int
nic_isolation_set(const struct settings *s, const struct strv *networks, struct err *e)
{
	uint32_t numbers[NETWORKS_MAX];
	int64_t number;

	if (networks->n > NETWORKS_MAX)
		return err_set(e, ERR_BAD_REQUEST, "%zu networks are more than there can be", networks->n);
	/* Nothing is written that the next making of the table can't read. */
	for (size_t i = 0; i < networks->n; i++) {
		if (isolation_parse(networks->v[i], &number, e) < 0)
			return -1;
		numbers[i] = (uint32_t)number;
	}
	/* The file first: a table that is made meanwhile has it. */
	if (registry_file_write_isolated(s, networks, e) < 0)
		return -1;
	return isolation_apply(s, numbers, networks->n, e);
}

int
nic_isolation_take(const struct settings *s, const struct isolation *isolation, struct err *e)
{
	struct err failed = { 0 };

	if (nic_isolation_set(s, &isolation->networks, &failed) == 0)
		return 0;
	if (failed.kind == ERR_BAD_REQUEST) {
		*e = failed;
		return -1;
	}
	log_err(&failed, "keep tenants apart on networks");
	return 0;
}
