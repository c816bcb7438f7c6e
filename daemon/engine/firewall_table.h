/*
 * nft tables in two parts. What is the same for all containers is text in nft's own language, made at the daemon's start, or after
 * somebody has flushed it. What a container has in them are elements and chains, put there one container at a time by nfnl.
 *
 * Making the first part again leaves the second where it is, and so each container's packets are checked at every moment. Only
 * where that can't be, since there is no such table or its sets are of another kind, do containers get nothing through until theirs
 * is back.
 */
#ifndef BERTH_FIREWALL_TABLE_H
#define BERTH_FIREWALL_TABLE_H

#include "daemon/engine/nfnl.h"
#include "schema/spec.h"

/*
 * Some kernels lead what is bridged through the rules for what is routed (br_netfilter). What goes from one of Berth's own bridges
 * to another isn't tracked, and routed ones' rules have no use for it. %1$s is the instance.
 */
#define FIREWALL_BRIDGED "ct state untracked iifname \"%1$s-*\" oifname \"%1$s-*\" accept"

struct firewall_table {
	struct nfnl_table table;
	const char *const *sets;                  /* whose elements are containers', to a NULL */
	bool (*is_containers)(const char *chain); /* NULL: no chain is */
};

struct firewall_tables {
	const struct settings *settings;
	const struct firewall_table *v;
	size_t n;
	/* Adds sets, chains and rules to tables that are there, or to fresh ones. */
	const char *text;
	/* What a container has: its elements and chains; and its interfaces, which are shut out meanwhile. */
	int (*put)(struct nfnl_batch *b, const struct settings *s, const struct place *place, struct err *e);
	int (*interfaces)(const struct settings *s, const struct place *place, struct strv *out, struct err *e);
};
/* With what every registered container has. */
int firewall_tables_make(const struct firewall_tables *tables, struct err *e);
/* Whether the table has that chain, and nobody was killed while he made it; where that can't be asked, it is. */
bool firewall_table_is_whole(const struct nfnl_table *t, const char *chain);

/* nft's own language, one transaction. It costs by the number of all rules and sets of the host. */
int firewall_run_text(const struct buf *commands, struct err *e);
/* Whether it would succeed. */
bool firewall_would_take(const struct buf *commands);

#endif
