/*
 * Chains and their rules in a transaction. A rule is a list of steps on registers: something of the packet is loaded, then compared
 * or looked up, and where nothing has ended it a verdict follows. What nft(8) lists of them is what one would have written.
 */
#ifndef BERTH_NFNL_RULE_H
#define BERTH_NFNL_RULE_H

#include <linux/netfilter/nf_tables.h>

#include "daemon/engine/nfnl.h"
#include "daemon/util/prefix.h"

/* One that is there stays, with its rules. */
void nfnl_add_chain(struct nfnl_batch *b, const struct nfnl_table *t, const char *chain);
/* Its rules go. */
void nfnl_flush_chain(struct nfnl_batch *b, const struct nfnl_table *t, const char *chain);
/* Nothing may lead to it any more, and it must be there. */
void nfnl_delete_chain(struct nfnl_batch *b, const struct nfnl_table *t, const char *chain);

struct nfnl_rule {
	struct nfnl_batch *batch;
	const struct nfnl_table *table;
	size_t message, steps;
};
/* At the chain's end. */
void nfnl_begin_rule(struct nfnl_rule *r, struct nfnl_batch *b, const struct nfnl_table *t, const char *chain);
void nfnl_end_rule(struct nfnl_rule *r);

/* Steps. What is loaded lies in the first register; compared is a value in the packet's own order. */
void nfnl_load_meta(struct nfnl_rule *r, enum nft_meta_keys key);
void nfnl_load_payload(struct nfnl_rule *r, enum nft_payload_bases base, uint32_t offset, uint32_t len);
void nfnl_load_ct(struct nfnl_rule *r, enum nft_ct_keys key);
void nfnl_mask(struct nfnl_rule *r, const void *mask, size_t len);
void nfnl_compare(struct nfnl_rule *r, enum nft_cmp_ops op, const void *value, size_t len);

/* Whole conditions. */
void nfnl_match_family(struct nfnl_rule *r, bool is6);
void nfnl_match_protocol(struct nfnl_rule *r, uint8_t protocol);
void nfnl_match_other_protocol(struct nfnl_rule *r, uint8_t protocol);
/* Receiver's ports of TCP or UDP, `last` included. */
void nfnl_match_ports(struct nfnl_rule *r, uint16_t first, uint16_t last);
/* The packet's source, or where it goes. */
void nfnl_match_address(struct nfnl_rule *r, bool source, const struct prefix *p);
/* Whether it begins a connection; without state: whether it is the packet of TCP that does. */
void nfnl_match_new(struct nfnl_rule *r);
void nfnl_match_opening(struct nfnl_rule *r);

/* What is done. By the interface's name of `key`, an entry in a dynamic set; past the limit the rule goes on, or ends. */
void nfnl_end_above_rate(struct nfnl_rule *r, enum nft_meta_keys key, const char *set, uint64_t a_minute, uint32_t burst);
void nfnl_end_below_connections(struct nfnl_rule *r, enum nft_meta_keys key, const char *set, uint32_t connections);
void nfnl_count(struct nfnl_rule *r, const char *counter);
/* Into the kernel's log with level info, or, where group isn't negative, to that group of nflog. */
void nfnl_log(struct nfnl_rule *r, const char *prefix, int group);
/* NF_ACCEPT, NF_DROP, NFT_RETURN; NFT_JUMP and NFT_GOTO with a chain. */
void nfnl_verdict(struct nfnl_rule *r, int verdict, const char *chain);

#endif
