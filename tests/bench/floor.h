/* What floor.c and floor_net.c share. */
#ifndef BERTH_TESTS_FLOOR_H
#define BERTH_TESTS_FLOOR_H

#include <errno.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TABLE "bfloor"

enum { BASE = 1879048192, IDS = 65536, GROUPS_MAX = 8, COUNT_MAX = 10000 };

struct groups {
	char dir[GROUPS_MAX][256]; /* the first is the v2 one */
	size_t n;
	int v2;
	int tasks[GROUPS_MAX];
	size_t ntasks;
};

struct floor {
	const char *dir;
	const char *init;
	int count;
	int gap_ms;
	struct groups groups;
	struct nft_ctx *nft;
	int round;
	char veth[IFNAMSIZ];
	char v4[32];
	char v6[64];
};

/* A benchmark that can't do its work has no result. */
static inline void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(saved));
	_exit(1);
}

static inline int
check(int rc, const char *what)
{
	if (rc < 0)
		die("floor: %s", what);
	return rc;
}

void network_begin(struct floor *f);
void network_make(const struct floor *f, int netns, int home_net);
/* The elements alone: the pair goes with its namespace. */
void network_forget(const struct floor *f);
void network_end(struct floor *f);

#endif
