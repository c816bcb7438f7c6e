#include "daemon/engine/nfnl_set.h"

#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/nfnl_message.h"

enum { NFNL_WORD = 4 };

static size_t
nfnl_in_words(size_t len)
{
	return (len + NFNL_WORD - 1) / NFNL_WORD * NFNL_WORD;
}

size_t
nfnl_value_len(const struct nfnl_value *v)
{
	return v->parts > 1 ? nfnl_in_words(v->len) : v->len;
}

void
nfnl_value_add(struct nfnl_value *v, const void *data, size_t len)
{
	size_t at = nfnl_in_words(v->len);

	/* No set has a longer key: the kernel refuses it for its length. */
	if (len > sizeof v->bytes - at)
		return;
	memcpy(v->bytes + at, data, len);
	v->len = at + len;
	v->parts++;
}

void
nfnl_value_add_ifname(struct nfnl_value *v, const char *ifname)
{
	char padded[IFNAMSIZ] = "";

	memcpy(padded, ifname, strnlen(ifname, sizeof padded - 1));
	nfnl_value_add(v, padded, sizeof padded);
}

void
nfnl_value_add_mark(struct nfnl_value *v, uint32_t mark)
{
	nfnl_value_add(v, &mark, sizeof mark);
}

void
nfnl_value_add_ordered_mark(struct nfnl_value *v, uint32_t mark)
{
	mark = htobe32(mark);
	nfnl_value_add(v, &mark, sizeof mark);
}

void
nfnl_value_add_protocol(struct nfnl_value *v, uint8_t protocol)
{
	nfnl_value_add(v, &protocol, sizeof protocol);
}

void
nfnl_value_add_port(struct nfnl_value *v, uint16_t port)
{
	port = htobe16(port);
	nfnl_value_add(v, &port, sizeof port);
}

void
nfnl_value_add_address(struct nfnl_value *v, const struct address *a)
{
	nfnl_value_add(v, a->bytes, a->family == AF_INET6 ? 16 : 4);
}

/* With the bits past its length all the same. */
static void
nfnl_value_add_end(struct nfnl_value *v, const struct prefix *p, bool ones)
{
	struct address a = p->base;
	unsigned int bits = a.family == AF_INET6 ? 128 : 32;

	for (unsigned int bit = p->length; bit < bits; bit++) {
		unsigned int mask = 0x80u >> bit % 8;

		a.bytes[bit / 8] = (unsigned char)(ones ? a.bytes[bit / 8] | mask : a.bytes[bit / 8] & ~mask);
	}
	nfnl_value_add_address(v, &a);
}

void
nfnl_value_add_first(struct nfnl_value *v, const struct prefix *p)
{
	nfnl_value_add_end(v, p, false);
}

void
nfnl_value_add_last(struct nfnl_value *v, const struct prefix *p)
{
	nfnl_value_add_end(v, p, true);
}

static void
nfnl_put_value(struct buf *out, uint16_t type, const struct nfnl_value *v)
{
	size_t at = nfnl_nest(out, type);

	nfnl_put(out, NFTA_DATA_VALUE, v->bytes, nfnl_value_len(v));
	nfnl_close(out, at);
}

static void
nfnl_put_jump(struct buf *out, const char *chain)
{
	size_t data = nfnl_nest(out, NFTA_SET_ELEM_DATA), verdict = nfnl_nest(out, NFTA_DATA_VERDICT);

	nfnl_put_u32(out, NFTA_VERDICT_CODE, (uint32_t)NFT_JUMP);
	nfnl_put_text(out, NFTA_VERDICT_CHAIN, chain);
	nfnl_close(out, verdict);
	nfnl_close(out, data);
}

static void
nfnl_put_element(struct buf *out, const struct nfnl_element *element, bool data)
{
	size_t list = nfnl_nest(out, NFTA_SET_ELEM_LIST_ELEMENTS), at = nfnl_nest(out, NFTA_LIST_ELEM);

	nfnl_put_value(out, NFTA_SET_ELEM_KEY, &element->key);
	if (element->last.len > 0)
		nfnl_put_value(out, NFTA_SET_ELEM_KEY_END, &element->last);
	if (data && element->data.len > 0)
		nfnl_put_value(out, NFTA_SET_ELEM_DATA, &element->data);
	if (data && element->chain)
		nfnl_put_jump(out, element->chain);
	if (data && element->counter)
		nfnl_put_text(out, NFTA_SET_ELEM_OBJREF, element->counter);
	nfnl_close(out, at);
	nfnl_close(out, list);
}

static void
nfnl_put_set(struct buf *out, const struct nfnl_table *t, const char *set)
{
	nfnl_put_text(out, NFTA_SET_ELEM_LIST_TABLE, t->name);
	nfnl_put_text(out, NFTA_SET_ELEM_LIST_SET, set);
}

void
nfnl_add_element(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_NEWSETELEM, NLM_F_CREATE);

	nfnl_put_set(&b->out, t, set);
	nfnl_put_element(&b->out, element, true);
	nfnl_end(&b->out, at);
}

void
nfnl_delete_element(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_DELSETELEM, 0);

	nfnl_put_set(&b->out, t, set);
	nfnl_put_element(&b->out, element, false);
	nfnl_end(&b->out, at);
}

void
nfnl_drop_element(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element)
{
	nfnl_add_element(b, t, set, element);
	nfnl_delete_element(b, t, set, element);
}

void
nfnl_flush_set(struct nfnl_batch *b, const struct nfnl_table *t, const char *set)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_DELSETELEM, 0);

	nfnl_put_set(&b->out, t, set);
	nfnl_end(&b->out, at);
}

static void
nfnl_put_counter(struct buf *out, const struct nfnl_table *t, const char *name)
{
	nfnl_put_text(out, NFTA_OBJ_TABLE, t->name);
	nfnl_put_text(out, NFTA_OBJ_NAME, name);
	nfnl_put_u32(out, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
}

void
nfnl_add_counter(struct nfnl_batch *b, const struct nfnl_table *t, const char *name)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_NEWOBJ, NLM_F_CREATE), data;

	nfnl_put_counter(&b->out, t, name);
	data = nfnl_nest(&b->out, NFTA_OBJ_DATA);
	nfnl_put_u64(&b->out, NFTA_COUNTER_BYTES, 0);
	nfnl_put_u64(&b->out, NFTA_COUNTER_PACKETS, 0);
	nfnl_close(&b->out, data);
	nfnl_end(&b->out, at);
}

void
nfnl_delete_counter(struct nfnl_batch *b, const struct nfnl_table *t, const char *name)
{
	size_t at = nfnl_batch_add(b, t, NFT_MSG_DELOBJ, 0);

	nfnl_put_counter(&b->out, t, name);
	nfnl_end(&b->out, at);
}
