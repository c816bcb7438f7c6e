/*
 * The kernel's packet filter, spoken to directly. libnftables reads every chain, set and object of the host before it adds one
 * element; what happens at a container's start, and every few seconds, must not grow with the number of the others.
 *
 * Here are the socket, transactions and reading; what goes into a transaction: nfnl_set.h, nfnl_rule.h.
 */
#ifndef BERTH_NFNL_H
#define BERTH_NFNL_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/* The families' numbers and verdicts; after netinet/in.h, whose definitions it would else make itself. */
#include <linux/netfilter.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"
#include "daemon/util/strv.h"

struct nlmsghdr;

struct nfnl_table {
	uint8_t family; /* NFPROTO_INET, NFPROTO_ARP, NFPROTO_BRIDGE */
	const char *name;
};

int nfnl_open(int *fd_out, struct err *e);
/*
 * The process's own, open until its end: the kernel lets whoever closes one wait, 10 ms and more, until all that anybody has
 * removed is freed.
 */
int nfnl_get(int *fd_out, struct err *e);

/* A transaction in the making: all of it or nothing. Zeroed to begin with. */
struct nfnl_batch {
	struct buf out;
	uint32_t seq;
	size_t last; /* where the last message begins */
};
void nfnl_batch_clear(struct nfnl_batch *b);
#define AUTO_BATCH __attribute__((cleanup(nfnl_batch_clear)))

/* Begins a message of a type of enum nf_tables_msg_types; nfnl_end() ends it. For nfnl*.c alone. */
size_t nfnl_batch_add(struct nfnl_batch *b, const struct nfnl_table *table, uint16_t type, uint16_t flags);
/* Carries it out; it stays as it is. -1 with errno. */
int nfnl_send(int fd, struct nfnl_batch *b, struct err *e);
/* The same through the process's own socket. */
int nfnl_run(struct nfnl_batch *b, struct err *e);
/* Carries it out and empties it. */
int nfnl_commit(int fd, struct nfnl_batch *b, struct err *e);

/* Sends a question, and calls take() for each message that answers it, until it returns 0. -1 with errno. */
typedef int nfnl_take(const struct nlmsghdr *message, void *arg);
int nfnl_ask(int fd, const struct buf *question, nfnl_take *take, void *arg);

/* The table's comment, "" where it has none. 1 found, 0 there is no such table. */
int nfnl_read_comment(int fd, const struct nfnl_table *table, char *comment_out, size_t size, struct err *e);
/* All of the table's chains, instead of what the list holds; of a table that isn't there none. */
int nfnl_read_chains(int fd, const struct nfnl_table *table, struct strv *names_out, struct err *e);
/* 1 it is there, 0 it isn't, or not the table. */
int nfnl_find_chain(int fd, const struct nfnl_table *table, const char *chain, struct err *e);

/* All counters of a table in one dump. 1: it was changed meanwhile, and what was given may lack some. */
typedef void nfnl_take_counter(void *arg, const char *name, uint64_t bytes, uint64_t packets);
int nfnl_read_counters(int fd, const struct nfnl_table *table, nfnl_take_counter *take, void *arg, struct err *e);
/* 1 it is there, 0 it isn't, or not the table. */
int nfnl_find_counter(int fd, const struct nfnl_table *table, const char *name, struct err *e);

/* The elements of a set, some maybe twice. Times in milliseconds, 0: it has none. 1 it is there, 0 it isn't, or not the table. */
struct nfnl_found {
	const void *key;
	size_t len;
	uint64_t timeout_ms, expires_ms;
};
typedef void nfnl_take_element(void *arg, const struct nfnl_found *element);
int nfnl_read_elements(int fd, const struct nfnl_table *table, const char *set, nfnl_take_element *take, void *arg, struct err *e);

#endif
