#include "daemon/engine/nfnl_rule.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <string.h>
#include <syslog.h>

#include "daemon/engine/nfnl_message.h"

/* Where things lie in the headers, in bytes. */
enum { RULE_SADDR4 = 12, RULE_DADDR4 = 16, RULE_SADDR6 = 8, RULE_DADDR6 = 24, RULE_DPORT = 2, RULE_TCP_FLAGS = 13 };
enum { RULE_STATE_NEW = NF_CT_STATE_BIT(IP_CT_NEW), RULE_SECONDS = 60 };

void
nfnl_add_chain(struct nfnl_batch *b, const struct nfnl_table *t, const char *chain)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	nfnl_put_text(&b->out, NFTA_CHAIN_TABLE, t->name);
	nfnl_put_text(&b->out, NFTA_CHAIN_NAME, chain);
	nfnl_end(&b->out, at);
}

void
nfnl_flush_chain(struct nfnl_batch *b, const struct nfnl_table *t, const char *chain)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_DELRULE, 0);

	nfnl_put_text(&b->out, NFTA_RULE_TABLE, t->name);
	nfnl_put_text(&b->out, NFTA_RULE_CHAIN, chain);
	nfnl_end(&b->out, at);
}

void
nfnl_delete_chain(struct nfnl_batch *b, const struct nfnl_table *t, const char *chain)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_DELCHAIN, 0);

	nfnl_put_text(&b->out, NFTA_CHAIN_TABLE, t->name);
	nfnl_put_text(&b->out, NFTA_CHAIN_NAME, chain);
	nfnl_end(&b->out, at);
}

void
nfnl_begin_rule(struct nfnl_rule *r, struct nfnl_batch *b, const struct nfnl_table *t, const char *chain)
{
	*r = (struct nfnl_rule){ .batch = b, .table = t };
	r->message = nfnl_batch_add(b, t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nfnl_put_text(&b->out, NFTA_RULE_TABLE, t->name);
	nfnl_put_text(&b->out, NFTA_RULE_CHAIN, chain);
	r->steps = nfnl_nest(&b->out, NFTA_RULE_EXPRESSIONS);
}

void
nfnl_end_rule(struct nfnl_rule *r)
{
	nfnl_close(&r->batch->out, r->steps);
	nfnl_end(&r->batch->out, r->message);
}

/* A step's name and attributes. Inside of another step it takes that one's attribute instead of a list's. */
struct nfnl_step {
	struct buf *out;
	size_t at, data;
};

static struct nfnl_step
nfnl_begin_step(struct nfnl_rule *r, uint16_t type, const char *name)
{
	struct nfnl_step step = { .out = &r->batch->out };

	step.at = nfnl_nest(step.out, type);
	nfnl_put_text(step.out, NFTA_EXPR_NAME, name);
	step.data = nfnl_nest(step.out, NFTA_EXPR_DATA);
	return step;
}

static void
nfnl_end_step(const struct nfnl_step *step)
{
	nfnl_close(step->out, step->data);
	nfnl_close(step->out, step->at);
}

static void
nfnl_put_bytes(struct buf *out, uint16_t type, const void *bytes, size_t len)
{
	size_t at = nfnl_nest(out, type);

	nfnl_put(out, NFTA_DATA_VALUE, bytes, len);
	nfnl_close(out, at);
}

void
nfnl_load_meta(struct nfnl_rule *r, enum nft_meta_keys key)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "meta");

	nfnl_put_u32(step.out, NFTA_META_DREG, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_META_KEY, key);
	nfnl_end_step(&step);
}

void
nfnl_load_payload(struct nfnl_rule *r, enum nft_payload_bases base, uint32_t offset, uint32_t len)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "payload");

	nfnl_put_u32(step.out, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_PAYLOAD_BASE, base);
	nfnl_put_u32(step.out, NFTA_PAYLOAD_OFFSET, offset);
	nfnl_put_u32(step.out, NFTA_PAYLOAD_LEN, len);
	nfnl_end_step(&step);
}

void
nfnl_load_ct(struct nfnl_rule *r, enum nft_ct_keys key)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "ct");

	nfnl_put_u32(step.out, NFTA_CT_DREG, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_CT_KEY, key);
	nfnl_end_step(&step);
}

void
nfnl_mask(struct nfnl_rule *r, const void *mask, size_t len)
{
	static const char zeros[sizeof(struct in6_addr)];
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "bitwise");

	nfnl_put_u32(step.out, NFTA_BITWISE_SREG, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_BITWISE_DREG, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_BITWISE_LEN, (uint32_t)len);
	nfnl_put_bytes(step.out, NFTA_BITWISE_MASK, mask, len);
	nfnl_put_bytes(step.out, NFTA_BITWISE_XOR, zeros, len);
	nfnl_end_step(&step);
}

void
nfnl_compare(struct nfnl_rule *r, enum nft_cmp_ops op, const void *value, size_t len)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "cmp");

	nfnl_put_u32(step.out, NFTA_CMP_SREG, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_CMP_OP, op);
	nfnl_put_bytes(step.out, NFTA_CMP_DATA, value, len);
	nfnl_end_step(&step);
}

/* In family bridge a packet's family is told by its frame. */
void
nfnl_match_family(struct nfnl_rule *r, bool is6)
{
	uint16_t frame = htobe16(is6 ? ETH_P_IPV6 : ETH_P_IP);
	uint8_t family = is6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	if (r->table->family == NFPROTO_BRIDGE) {
		nfnl_load_meta(r, NFT_META_PROTOCOL);
		nfnl_compare(r, NFT_CMP_EQ, &frame, sizeof frame);
		return;
	}
	nfnl_load_meta(r, NFT_META_NFPROTO);
	nfnl_compare(r, NFT_CMP_EQ, &family, sizeof family);
}

void
nfnl_match_protocol(struct nfnl_rule *r, uint8_t protocol)
{
	nfnl_load_meta(r, NFT_META_L4PROTO);
	nfnl_compare(r, NFT_CMP_EQ, &protocol, sizeof protocol);
}

void
nfnl_match_other_protocol(struct nfnl_rule *r, uint8_t protocol)
{
	nfnl_load_meta(r, NFT_META_L4PROTO);
	nfnl_compare(r, NFT_CMP_NEQ, &protocol, sizeof protocol);
}

void
nfnl_match_ports(struct nfnl_rule *r, uint16_t first, uint16_t last)
{
	uint16_t from = htobe16(first), to = htobe16(last);

	nfnl_load_payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, RULE_DPORT, sizeof from);
	nfnl_compare(r, first == last ? NFT_CMP_EQ : NFT_CMP_GTE, &from, sizeof from);
	if (first != last)
		nfnl_compare(r, NFT_CMP_LTE, &to, sizeof to);
}

/* Whole bytes are loaded alone, bits of one are masked. */
void
nfnl_match_address(struct nfnl_rule *r, bool source, const struct prefix *p)
{
	bool is6 = p->base.family == AF_INET6;
	size_t whole = is6 ? sizeof(struct in6_addr) : sizeof(struct in_addr), len = p->length % 8 ? whole : p->length / 8;
	unsigned char mask[sizeof(struct in6_addr)] = { 0 };

	nfnl_match_family(r, is6);
	if (len == 0)
		return;
	nfnl_load_payload(r, NFT_PAYLOAD_NETWORK_HEADER,
	                  source ? (is6 ? RULE_SADDR6 : RULE_SADDR4) : (is6 ? RULE_DADDR6 : RULE_DADDR4), (uint32_t)len);
	for (unsigned int bit = 0; bit < p->length; bit++)
		mask[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	if (p->length % 8)
		nfnl_mask(r, mask, len);
	nfnl_compare(r, NFT_CMP_EQ, p->base.bytes, len);
}

void
nfnl_match_new(struct nfnl_rule *r)
{
	static const uint32_t bit = RULE_STATE_NEW, none;

	nfnl_load_ct(r, NFT_CT_STATE);
	nfnl_mask(r, &bit, sizeof bit);
	nfnl_compare(r, NFT_CMP_NEQ, &none, sizeof none);
}

void
nfnl_match_opening(struct nfnl_rule *r)
{
	static const uint8_t both = TH_SYN | TH_ACK, syn = TH_SYN;

	nfnl_load_payload(r, NFT_PAYLOAD_TRANSPORT_HEADER, RULE_TCP_FLAGS, sizeof both);
	nfnl_mask(r, &both, sizeof both);
	nfnl_compare(r, NFT_CMP_EQ, &syn, sizeof syn);
}

/* An entry for the first register, where there is none yet; what stands inside is the entry's own. */
static struct nfnl_step
nfnl_begin_entry(struct nfnl_rule *r, enum nft_meta_keys key, const char *set)
{
	struct nfnl_step step;

	nfnl_load_meta(r, key);
	step = nfnl_begin_step(r, NFTA_LIST_ELEM, "dynset");
	nfnl_put_u32(step.out, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	nfnl_put_u32(step.out, NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nfnl_put_text(step.out, NFTA_DYNSET_SET_NAME, set);
	return step;
}

void
nfnl_end_above_rate(struct nfnl_rule *r, enum nft_meta_keys key, const char *set, uint64_t a_minute, uint32_t burst)
{
	struct nfnl_step entry = nfnl_begin_entry(r, key, set), limit = nfnl_begin_step(r, NFTA_DYNSET_EXPR, "limit");

	nfnl_put_u64(limit.out, NFTA_LIMIT_RATE, a_minute);
	nfnl_put_u64(limit.out, NFTA_LIMIT_UNIT, RULE_SECONDS);
	nfnl_put_u32(limit.out, NFTA_LIMIT_BURST, burst);
	nfnl_put_u32(limit.out, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nfnl_put_u32(limit.out, NFTA_LIMIT_FLAGS, 0);
	nfnl_end_step(&limit);
	nfnl_end_step(&entry);
}

void
nfnl_end_below_connections(struct nfnl_rule *r, enum nft_meta_keys key, const char *set, uint32_t connections)
{
	struct nfnl_step entry = nfnl_begin_entry(r, key, set), count = nfnl_begin_step(r, NFTA_DYNSET_EXPR, "connlimit");

	nfnl_put_u32(count.out, NFTA_CONNLIMIT_COUNT, connections);
	nfnl_put_u32(count.out, NFTA_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
	nfnl_end_step(&count);
	nfnl_end_step(&entry);
}

void
nfnl_count(struct nfnl_rule *r, const char *counter)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "objref");

	nfnl_put_u32(step.out, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	nfnl_put_text(step.out, NFTA_OBJREF_IMM_NAME, counter);
	nfnl_end_step(&step);
}

void
nfnl_log(struct nfnl_rule *r, const char *prefix, int group)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "log");

	nfnl_put_text(step.out, NFTA_LOG_PREFIX, prefix);
	if (group >= 0)
		nfnl_put_u16(step.out, NFTA_LOG_GROUP, (uint16_t)group);
	else
		nfnl_put_u32(step.out, NFTA_LOG_LEVEL, LOG_INFO);
	nfnl_end_step(&step);
}

void
nfnl_verdict(struct nfnl_rule *r, int verdict, const char *chain)
{
	struct nfnl_step step = nfnl_begin_step(r, NFTA_LIST_ELEM, "immediate");
	size_t data, code;

	nfnl_put_u32(step.out, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nfnl_nest(step.out, NFTA_IMMEDIATE_DATA);
	code = nfnl_nest(step.out, NFTA_DATA_VERDICT);
	nfnl_put_u32(step.out, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		nfnl_put_text(step.out, NFTA_VERDICT_CHAIN, chain);
	nfnl_close(step.out, code);
	nfnl_close(step.out, data);
	nfnl_end_step(&step);
}
