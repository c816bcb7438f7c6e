#include "daemon/engine/firewall_table.h"

#include <inttypes.h>
#include <nftables/libnftables.h>
#include <string.h>

#include "daemon/engine/nfnl_rule.h"
#include "daemon/engine/nfnl_set.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/fd.h"

enum { TABLE_COMMENT = 32 };

/* dry: the kernel looks at it, and does nothing. */
static int
table_run(const struct buf *commands, bool dry, struct err *e)
{
	struct nft_ctx *nft = commands->failed ? NULL : nft_ctx_new(NFT_CTX_DEFAULT);
	const char *message;
	int rc;

	if (!nft)
		return err_set(e, ERR_INTERNAL, "out of memory");
	nft_ctx_set_dry_run(nft, dry);
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	rc = nft_run_cmd_from_buffer(nft, commands->data);
	message = rc ? nft_ctx_get_error_buffer(nft) : NULL;
	if (rc)
		err_set(e, ERR_INTERNAL, "nftables: %.200s", message && *message ? message : "the kernel refused the rules");
	nft_ctx_free(nft);
	return rc ? -1 : 0;
}

int
firewall_run_text(const struct buf *commands, struct err *e)
{
	return table_run(commands, false, e);
}

bool
firewall_would_take(const struct buf *commands)
{
	return table_run(commands, true, NULL) == 0;
}

static const char *
table_family(const struct nfnl_table *t)
{
	return t->family == NFPROTO_ARP ? "arp" : t->family == NFPROTO_BRIDGE ? "bridge" : "inet";
}

/* Says which kinds of sets there are: the kernel may take one of another kind for the same. */
static void
table_comment(const char *text, char out[TABLE_COMMENT])
{
	uint64_t hash = 0xcbf29ce484222325;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "add set ", 8) != 0 && strncmp(line, "add map ", 8) != 0)
			continue;
		for (const char *c = line; *c && *c != '\n'; c++)
			hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	}
	snprintf(out, TABLE_COMMENT, "sets %016" PRIx64, hash);
}

static bool
table_text_has(const char *text, const struct nfnl_table *t, const char *chain)
{
	AUTO_BUF struct buf line = { 0 };

	buf_addf(&line, "add chain %s %s %s", table_family(t), t->name, chain);
	for (const char *at = line.failed ? NULL : strstr(text, line.data); at; at = strstr(at + line.len, line.data))
		if (at[line.len] == ' ' || at[line.len] == '\n')
			return true;
	return false;
}

static bool
table_chain_is_containers(const struct firewall_table *t, const char *chain)
{
	return t->is_containers && t->is_containers(chain);
}

/* Rules go, and chains that nobody knows any more. */
static int
table_put_emptying(const struct firewall_tables *tables, const struct firewall_table *t, int nfnl, struct buf *out, struct err *e)
{
	AUTO_STRV struct strv chains = { 0 };
	const char *family = table_family(&t->table), *name = t->table.name;

	if (nfnl_read_chains(nfnl, &t->table, &chains, e) < 0)
		return -1;
	for (size_t i = 0; i < chains.n; i++)
		if (!table_chain_is_containers(t, chains.v[i]))
			buf_addf(out, "flush chain %s %s %s\n", family, name, chains.v[i]);
	for (size_t i = 0; i < chains.n; i++)
		if (!table_chain_is_containers(t, chains.v[i]) && !table_text_has(tables->text, &t->table, chains.v[i]))
			buf_addf(out, "delete chain %s %s %s\n", family, name, chains.v[i]);
	return 0;
}

/* The tables are there, with sets of the same kinds. */
static int
table_renew(const struct firewall_tables *tables, int nfnl, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	for (size_t i = 0; i < tables->n; i++)
		if (table_put_emptying(tables, &tables->v[i], nfnl, &out, e) < 0)
			return -1;
	buf_addf(&out, "%s", tables->text);
	return firewall_run_text(&out, e);
}

struct table_scan {
	const struct firewall_tables *tables;
	struct nfnl_batch *batch;
	struct strv *interfaces;
};

static int
table_take_interfaces(const struct place *place, void *arg, struct err *e)
{
	const struct table_scan *scan = arg;

	return scan->tables->interfaces(scan->tables->settings, place, scan->interfaces, e);
}

static int
table_put_place(const struct place *place, void *arg, struct err *e)
{
	const struct table_scan *scan = arg;

	return scan->tables->put(scan->batch, scan->tables->settings, place, e);
}

static void
table_put_gate(const struct nfnl_table *t, const char *hook, const char *side, const struct strv *interfaces, struct buf *out)
{
	const char *family = table_family(t);

	buf_addf(out, "add chain %1$s %2$s gate_%3$s { type filter hook %3$s priority -320; }\n", family, t->name, hook);
	buf_addf(out, "add rule %s %s gate_%s %s { ", family, t->name, hook, side);
	for (size_t i = 0; i < interfaces->n; i++)
		buf_addf(out, "%s\"%s\"", i > 0 ? ", " : "", interfaces->v[i]);
	buf_addf(out, " } drop\n");
}

/* Nothing comes from these interfaces, and nothing goes to them. The text doesn't know these chains: it takes them away. */
static void
table_put_gates(const struct nfnl_table *t, const struct strv *interfaces, struct buf *out)
{
	bool arp = t->family == NFPROTO_ARP;

	if (interfaces->n == 0)
		return;
	table_put_gate(t, arp ? "input" : "prerouting", "iifname", interfaces, out);
	table_put_gate(t, arp ? "output" : "postrouting", "oifname", interfaces, out);
}

bool
firewall_table_is_whole(const struct nfnl_table *t, const char *chain)
{
	const char *gate = t->family == NFPROTO_ARP ? "gate_input" : "gate_prerouting";
	int nfnl;

	if (nfnl_get(&nfnl, NULL) < 0)
		return true;
	return nfnl_find_chain(nfnl, t, chain, NULL) != 0 && nfnl_find_chain(nfnl, t, gate, NULL) != 1;
}

static int
table_begin(const struct firewall_tables *tables, const struct strv *interfaces, const char *comment, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };

	/* An earlier half of it, or somebody's own of that name: remade whole. */
	for (size_t i = 0; i < tables->n; i++) {
		const struct nfnl_table *t = &tables->v[i].table;
		const char *family = table_family(t);

		buf_addf(&out, "add table %1$s %2$s\ndelete table %1$s %2$s\nadd table %1$s %2$s { comment \"%3$s\"; }\n", family,
		         t->name, comment);
	}
	buf_addf(&out, "%s", tables->text);
	for (size_t i = 0; i < tables->n; i++)
		table_put_gates(&tables->v[i].table, interfaces, &out);
	return firewall_run_text(&out, e);
}

/* Whatever is a container's goes. */
static int
table_put_nothing(const struct firewall_table *t, int nfnl, struct nfnl_batch *b, struct err *e)
{
	AUTO_STRV struct strv chains = { 0 };

	if (nfnl_read_chains(nfnl, &t->table, &chains, e) < 0)
		return -1;
	for (const char *const *set = t->sets; *set; set++)
		nfnl_flush_set(b, &t->table, *set);
	for (size_t i = 0; i < chains.n; i++) {
		if (!table_chain_is_containers(t, chains.v[i]))
			continue;
		nfnl_flush_chain(b, &t->table, chains.v[i]);
		nfnl_delete_chain(b, &t->table, chains.v[i]);
	}
	return 0;
}

/* Every registered container's part instead of whatever there is, in one transaction. */
static int
table_fill(const struct firewall_tables *tables, int nfnl, struct err *e)
{
	AUTO_BATCH struct nfnl_batch batch = { 0 };
	struct table_scan scan = { .tables = tables, .batch = &batch };
	int64_t high = 0;

	for (size_t i = 0; i < tables->n; i++)
		if (table_put_nothing(&tables->v[i], nfnl, &batch, e) < 0)
			return -1;
	if (registry_file_scan(tables->settings, &high, table_put_place, &scan, e) < 0)
		return -1;
	return nfnl_commit(nfnl, &batch, e);
}

static bool
table_is_alike(const struct firewall_tables *tables, int nfnl, const char *comment)
{
	char found[TABLE_COMMENT];

	for (size_t i = 0; i < tables->n; i++)
		if (nfnl_read_comment(nfnl, &tables->v[i].table, found, sizeof found, NULL) != 1 || strcmp(found, comment) != 0)
			return false;
	return true;
}

int
firewall_tables_make(const struct firewall_tables *tables, struct err *e)
{
	AUTO_STRV struct strv interfaces = { 0 };
	struct table_scan scan = { .tables = tables, .interfaces = &interfaces };
	char comment[TABLE_COMMENT];
	int nfnl;
	int64_t high = 0;

	table_comment(tables->text, comment);
	if (nfnl_get(&nfnl, e) < 0)
		return -1;
	/* The rules last: whatever a process that was killed left there stays shut until all is in its place. */
	if (table_is_alike(tables, nfnl, comment) && table_fill(tables, nfnl, NULL) == 0 && table_renew(tables, nfnl, NULL) == 0)
		return 0;
	if (registry_file_scan(tables->settings, &high, table_take_interfaces, &scan, e) < 0)
		return -1;
	if (table_begin(tables, &interfaces, comment, e) < 0 || table_fill(tables, nfnl, e) < 0)
		return -1;
	return interfaces.n > 0 ? table_renew(tables, nfnl, e) : 0;
}
