/*
 * The kernel's packet filter, spoken to directly. libnftables reads every chain, set and object of the host before it adds one
 * element; what happens at a container's start, and every few seconds, must not grow with the number of the others.
 */
#ifndef BERTH_NFNL_H
#define BERTH_NFNL_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"

struct nlmsghdr;
struct nlattr;

int nfnl_open(int *fd_out, struct err *e);

/* A transaction in the making: all of it or nothing. Zeroed to begin with. */
struct nfnl_batch {
	struct buf out;
	uint32_t seq;
	size_t last; /* where the last message begins */
};
void nfnl_batch_clear(struct nfnl_batch *b);
#define AUTO_BATCH __attribute__((cleanup(nfnl_batch_clear)))

/* Table names are those of family inet. What is there already stays as it is. */
void nfnl_add_counter(struct nfnl_batch *b, const char *table, const char *name);
void nfnl_delete_counter(struct nfnl_batch *b, const char *table, const char *name);
/* In a map `type ifname : counter`. */
void nfnl_add_counted(struct nfnl_batch *b, const char *table, const char *map, const char *ifname, const char *counter);
void nfnl_delete_counted(struct nfnl_batch *b, const char *table, const char *map, const char *ifname);
/* Carries it out and empties it. -1 with errno. */
int nfnl_commit(int fd, struct nfnl_batch *b, struct err *e);

/* The table's comment, "" where it has none. 1 found, 0 there is no such table. */
int nfnl_read_comment(int fd, const char *table, char *comment_out, size_t size, struct err *e);

/* All counters of a table in one dump. 1: it was changed meanwhile, and what was given may lack some. */
typedef void nfnl_take_counter(void *arg, const char *name, uint64_t bytes, uint64_t packets);
int nfnl_read_counters(int fd, const char *table, nfnl_take_counter *take, void *arg, struct err *e);

#endif
