/* Elements of named sets and maps, and named counters, in a transaction. What is added and is there already stays as it is. */
#ifndef BERTH_NFNL_SET_H
#define BERTH_NFNL_SET_H

#include "daemon/engine/nfnl.h"
#include "daemon/util/prefix.h"

/* A key, or a map's data, as the kernel compares it: each part of a concatenation fills whole words, one alone has its own length.
 */
enum { NFNL_VALUE_MAX = 64 };
struct nfnl_value {
	unsigned char bytes[NFNL_VALUE_MAX]; /* those past the end are 0 */
	size_t len, parts;
};
size_t nfnl_value_len(const struct nfnl_value *v);
void nfnl_value_add(struct nfnl_value *v, const void *data, size_t len);
void nfnl_value_add_ifname(struct nfnl_value *v, const char *ifname);
/* A mark or a class, in the host's order, as packets carry it; big-endian where the set is one of intervals. */
void nfnl_value_add_mark(struct nfnl_value *v, uint32_t mark);
void nfnl_value_add_ordered_mark(struct nfnl_value *v, uint32_t mark);
void nfnl_value_add_protocol(struct nfnl_value *v, uint8_t protocol);
void nfnl_value_add_port(struct nfnl_value *v, uint16_t port);
void nfnl_value_add_address(struct nfnl_value *v, const struct address *a);
/* The first address of a prefix, and the last. */
void nfnl_value_add_first(struct nfnl_value *v, const struct prefix *p);
void nfnl_value_add_last(struct nfnl_value *v, const struct prefix *p);

struct nfnl_element {
	struct nfnl_value key;
	struct nfnl_value last; /* of an interval, inclusive; empty where the set isn't one of intervals */
	/* A map's: at most one of these. */
	struct nfnl_value data;
	const char *chain; /* that is jumped to */
	const char *counter;
};
void nfnl_add_element(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element);
/* One that isn't there undoes the whole transaction. */
void nfnl_delete_element(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element);
/* Whether it is there or not. */
void nfnl_drop_element(struct nfnl_batch *b, const struct nfnl_table *t, const char *set, const struct nfnl_element *element);
/* All elements go. */
void nfnl_flush_set(struct nfnl_batch *b, const struct nfnl_table *t, const char *set);

void nfnl_add_counter(struct nfnl_batch *b, const struct nfnl_table *t, const char *name);
void nfnl_delete_counter(struct nfnl_batch *b, const struct nfnl_table *t, const char *name);

#endif
