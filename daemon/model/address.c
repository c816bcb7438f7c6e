#include "daemon/model/address.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/model/ip_pool.h"
#include "schema/check.h"

/* Where addresses come from: a private subnet of the host, or a pool. */
struct address_source {
	struct prefix prefix;
	const struct strv *reserved; /* or NULL */
	int64_t rest;                /* seconds */
	unsigned int length;         /* of what it gives: an address's, or a prefix's */
};

struct address_search {
	struct model *m;
	const struct address_source *source;
	uint64_t n;
	struct address candidate;
	bool full;
};

static bool
address_in(const char *text, const struct address *address)
{
	struct prefix prefix;

	return prefix_parse(text, &prefix) && prefix_contains(&prefix, address) && !prefix_is_reserved(&prefix, address);
}

/* The first host address of a private subnet may be the host's. */
static bool
address_is_hosts(const char *subnet, const struct address *address)
{
	struct prefix prefix;
	struct address first;

	return prefix_parse(subnet, &prefix) && prefix_nth(&prefix, 1, &first) && address_equal(&first, address);
}

static unsigned int
address_length(const struct address *a)
{
	return a->family == AF_INET ? 32 : 128;
}

static bool
address_gives_prefixes(const struct address_source *source)
{
	return source->length < address_length(&source->prefix.base);
}

/* Never given unless by number. */
static bool
address_is_kept_back(const struct address_search *search)
{
	const struct settings *s = search->m->settings;
	const struct address *a = &search->candidate;
	char text[ADDRESS_TEXT_MAX];

	return (!address_gives_prefixes(search->source) && prefix_is_reserved(&search->source->prefix, a)) ||
	       address_is_hosts(s->subnet4, a) || address_is_hosts(s->subnet6, a) ||
	       (search->source->reserved && strv_contains(search->source->reserved, address_format(a, text)));
}

static void
address_advance(struct address_search *search)
{
	do
		search->full = !prefix_nth_part(&search->source->prefix, search->source->length, search->n++, &search->candidate);
	while (!search->full && address_is_kept_back(search));
}

/* Rows come in order: the first that isn't the candidate leaves a gap. */
static int
address_skip_held(void *arg, const void *record)
{
	struct address_search *search = arg;

	/* One that is kept back, and held since before it was. */
	if (!search->full &&
	    memcmp(((const struct address *)record)->bytes, search->candidate.bytes, sizeof search->candidate.bytes) < 0)
		return 0;
	if (search->full || !address_equal(record, &search->candidate))
		return 1;
	address_advance(search);
	return 0;
}

/* 1 found, 0: there is none, -1 error. */
static int
address_lowest_free(struct model *m, const char *container, const struct address_source *source, struct address *out, struct err *e)
{
	struct address_search search = { .m = m, .source = source };
	struct address last;

	address_advance(&search);
	memset(&last, 0xff, sizeof last);
	last.family = source->prefix.base.family;
	if (!search.full && store_address_range(m->store, &search.candidate, &last, container, model_now() - source->rest,
	                                        address_skip_held, &search, e) < 0)
		return -1;
	*out = search.candidate;
	return !search.full;
}

static bool
address_is_givable(const struct settings *s, const struct prefix *p)
{
	const struct address *a = &p->base;
	struct prefix given;

	/* Of a prefix the first address is as good as any. */
	for (size_t i = 0; i < s->addresses.n; i++)
		if (p->length < address_length(a)
		            ? prefix_parse(s->addresses.v[i], &given) && given.length <= p->length && prefix_contains(&given, a)
		            : address_in(s->addresses.v[i], a))
			return true;
	if (p->length < address_length(a))
		return prefix_parse(s->subnet6, &given) && given.length <= p->length && prefix_contains(&given, a);
	return (address_in(s->subnet4, a) || address_in(s->subnet6, a)) && !address_is_hosts(s->subnet4, a) &&
	       !address_is_hosts(s->subnet6, a);
}

/* A prefix is written down by its first address: what lies in a pool of prefixes is given whole, and nothing else. */
static int
address_take(struct model *m, const char *container, const struct address *address, unsigned int length, struct strv *out,
             struct err *e)
{
	const struct prefix held = { .base = *address, .length = length };
	char text[HELD_TEXT_MAX], holder[37];
	int rc = store_address_holder(m->store, address, holder, e);

	prefix_format_held(&held, text);
	if (rc < 0)
		return -1;
	if (strv_contains(out, text))
		return err_param(e, "ip", "%s is given twice", text);
	if (rc == 1 && strcmp(holder, container) != 0) {
		err_set(e, ERR_CONFLICT, "The address %s is another container's: choose one that is free, or auto", text);
		return err_code(e, "address_taken");
	}
	if (rc == 0 && store_address_add(m->store, &held, container, e) < 0)
		return -1;
	return strv_add(out, text) ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

/* All that there are, read once. */
struct address_pools {
	struct ip_pool *v;
	size_t n;
};

static void
address_pools_clear(struct address_pools *pools)
{
	for (size_t i = 0; i < pools->n; i++)
		record_clear(&ip_pool_schema, &pools->v[i]);
	free(pools->v);
}
#define AUTO_POOLS __attribute__((cleanup(address_pools_clear)))

static int
address_add_pool(void *arg, const void *record)
{
	struct address_pools *pools = arg;
	struct ip_pool *v = reallocarray(pools->v, pools->n + 1, sizeof *v);

	if (!v)
		return -1;
	pools->v = v;
	memset(&v[pools->n], 0, sizeof *v);
	return record_copy(&ip_pool_schema, &v[pools->n++], record) ? 0 : -1;
}

static bool
address_pool_source(const struct ip_pool *pool, struct address_source *out)
{
	*out = (struct address_source){ .reserved = &pool->reserved, .rest = pool->rest };
	if (!prefix_parse(pool->prefix, &out->prefix))
		return false;
	out->length = record_has(&ip_pool_schema, pool, "length") ? (unsigned int)pool->length : address_length(&out->prefix.base);
	return true;
}

/* What is asked for: for whom, of what there is. */
struct address_order {
	struct model *m;
	const struct who *who;
	const char *container, *tenant;
	const struct strv *held; /* or NULL */
	const struct address_pools *pools;
	struct strv out;
};

/* In a pool of prefixes it is one of them whole, else a single address. */
static int
address_check_whole(const struct address_order *order, const char *text, const struct prefix *chosen, struct err *e)
{
	unsigned int length = address_length(&chosen->base);
	const char *name = NULL;

	for (size_t i = 0; i < order->pools->n; i++) {
		struct address_source source;

		if (address_pool_source(&order->pools->v[i], &source) && prefix_contains(&source.prefix, &chosen->base)) {
			length = source.length;
			name = order->pools->v[i].name;
		}
	}
	if (chosen->length == length)
		return 0;
	if (length < address_length(&chosen->base))
		return err_param(e, "ip", "%s: the pool %s gives whole prefixes of length %u", text, name, length);
	return err_param(e, "ip", "%s: a whole prefix is of a pool with a 'length'", text);
}

static int
address_take_chosen(struct address_order *order, const char *text, struct err *e)
{
	const struct settings *s = order->m->settings;
	struct prefix chosen;

	if (!address_parse_held(text, &chosen))
		return err_param(e, "ip", "'%s' is no address, nor a prefix without host bits", text);
	if (address_check_whole(order, text, &chosen, e) < 0)
		return -1;
	if (!address_is_givable(s, &chosen))
		return err_param(e, "ip", "%s lies in none of this host's prefixes (%s, %s, or 'addresses' in its configuration)",
		                 text, s->subnet4, s->subnet6);
	return address_take(order->m, order->container, &chosen.base, chosen.length, &order->out, e);
}

/* 1 taken, 0: the source has none. What it holds of the source already comes first. */
static int
address_take_from(struct address_order *order, const struct address_source *source, struct err *e)
{
	struct address address;
	struct prefix held;
	int rc;

	for (size_t i = 0; order->held && i < order->held->n; i++)
		if (address_parse_held(order->held->v[i], &held) && held.length == source->length &&
		    prefix_contains(&source->prefix, &held.base) && !strv_contains(&order->out, order->held->v[i]))
			return address_take(order->m, order->container, &held.base, held.length, &order->out, e) < 0 ? -1 : 1;
	rc = address_lowest_free(order->m, order->container, source, &address, e);
	if (rc == 1)
		rc = address_take(order->m, order->container, &address, source->length, &order->out, e) < 0 ? -1 : 1;
	return rc;
}

static int
address_take_automatic(struct address_order *order, int family, struct err *e)
{
	const char *subnet = family == AF_INET ? order->m->settings->subnet4 : order->m->settings->subnet6;
	struct address_source source;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < order->pools->n; i++) {
		const struct ip_pool *pool = &order->pools->v[i];

		if (pool->automatic && ip_pool_is_granted(pool, order->tenant) && address_pool_source(pool, &source) &&
		    source.prefix.base.family == family)
			rc = address_take_from(order, &source, e);
	}
	source = (struct address_source){ 0 };
	if (rc == 0 && !prefix_parse(subnet, &source.prefix))
		return err_set(e, ERR_INTERNAL, "'%s' is no prefix", subnet);
	source.length = address_length(&source.prefix.base);
	if (rc == 0)
		rc = address_take_from(order, &source, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	err_set(e, ERR_NO_SPACE, "The subnet %s has no free address left", subnet);
	return err_code(e, "addresses_exhausted");
}

/* By name the host's roles give from any; a tenant is told of none that isn't granted to it. */
static int
address_take_of_pool(struct address_order *order, const char *name, struct err *e)
{
	const struct ip_pool *pool = NULL;
	struct address_source source;
	int rc;

	for (size_t i = 0; i < order->pools->n; i++)
		if (strcmp(order->pools->v[i].name, name) == 0)
			pool = &order->pools->v[i];
	if (!pool || (role_is_tenants(order->who->role) && !ip_pool_is_granted(pool, order->tenant)) ||
	    !address_pool_source(pool, &source))
		return err_param(e, "ip", "there is no pool '%.60s'", name);
	rc = address_take_from(order, &source, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	err_set(e, ERR_NO_SPACE, "The pool %s has no free address left", name);
	return err_code(e, "addresses_exhausted");
}

static bool
address_wants_auto(const char *word, int family)
{
	return strcmp(word, "auto") == 0 || strcmp(word, family == AF_INET ? "auto4" : "auto6") == 0;
}

static int
address_take_word(struct address_order *order, const char *word, struct err *e)
{
	bool four = address_wants_auto(word, AF_INET), six = address_wants_auto(word, AF_INET6);

	if (!four && !six)
		return address_take_of_pool(order, word, e);
	if (four && address_take_automatic(order, AF_INET, e) < 0)
		return -1;
	return six ? address_take_automatic(order, AF_INET6, e) : 0;
}

static int
address_fill_order(struct address_order *order, const struct strv *ip, struct err *e)
{
	int rc = 0;

	/* Chosen ones first, lest another takes what is asked for by number. */
	for (size_t i = 0; i < ip->n; i++)
		if (check_name(ip->v[i]) && address_take_chosen(order, ip->v[i], e) < 0)
			rc = -1;
	for (size_t i = 0; rc == 0 && i < ip->n; i++)
		if (!check_name(ip->v[i]))
			rc = address_take_word(order, ip->v[i], e);
	if (rc == 0 && order->out.n > 16)
		rc = err_param(e, "ip", "has more than 16 addresses");
	return rc;
}

int
address_assign(struct model *m, const struct who *who, const char *container, struct container_config *config,
               const struct strv *held, struct err *e)
{
	AUTO_POOLS struct address_pools pools = { 0 };
	struct address_order order = {
		.m = m, .who = who, .container = container, .tenant = config->tenant, .held = held, .pools = &pools
	};

	if (store_table_list(m->store, TABLE_IP_POOL, NULL, "", INT64_MAX, address_add_pool, &pools, e) < 0)
		return err_is_set(e) ? -1 : err_set(e, ERR_INTERNAL, "out of memory");
	if (address_fill_order(&order, &config->ip, e) < 0) {
		strv_clear(&order.out);
		return -1;
	}
	strv_clear(&config->ip);
	config->ip = order.out;
	record_mark(&container_config_schema, config, "ip", true);
	return 0;
}

struct address_release {
	struct model *model;
	const struct strv *kept;
	struct strv gone;
};

static int
address_note_gone(void *arg, const void *record)
{
	struct address_release *release = arg;
	char text[ADDRESS_TEXT_MAX];
	struct prefix kept;

	for (size_t i = 0; i < release->kept->n; i++)
		if (address_parse_held(release->kept->v[i], &kept) && address_equal(&kept.base, record))
			return 0;
	address_format(record, text);
	return strv_add(&release->gone, text) ? 0 : -1;
}

int
address_release_others(struct model *m, const char *container, const struct strv *kept, struct err *e)
{
	struct address_release release = { .model = m, .kept = kept };
	struct address address;
	int rc = store_address_of(m->store, container, address_note_gone, &release, e);

	for (size_t i = 0; rc == 0 && i < release.gone.n; i++)
		if (address_parse(release.gone.v[i], &address))
			rc = store_address_remove(m->store, &address, container, e);
	strv_clear(&release.gone);
	return rc;
}
