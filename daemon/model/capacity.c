#include "daemon/model/capacity.h"

#include <sys/socket.h>

#include "daemon/model/ip_pool.h"

#define ADDRESSES (&capacity_addresses_schema)

enum { CAPACITY_BITS_MAX = 48, CAPACITY_POOLS_MAX = 1 << 20 }; /* more addresses than these are endless */

static void
capacity_put_promised(struct capacity_figure *figure, const struct schema *schema, int64_t promised, int64_t running)
{
	row_put_int(schema, figure, "promised", promised);
	row_put_int(schema, figure, "running", running);
	if (record_has(schema, figure, "there"))
		row_put_int(schema, figure, "left", figure->there - promised);
}

int
capacity_add_promised(struct model *m, struct capacity *capacity, struct err *e)
{
	struct totals promised = { 0 }, running = { 0 };

	if (store_all_used(m->store, false, &promised, e) < 0 || store_all_used(m->store, true, &running, e) < 0)
		return -1;
	for (const struct field *f = capacity_schema.fields; f->name; f++) {
		const struct field *of = field_find(&totals_schema, f->name, NULL);

		record_mark(&capacity_schema, capacity, f->name, true);
		capacity_put_promised(field_object(f, capacity), f->object, *field_int(of, &promised), *field_int(of, &running));
	}
	return 0;
}

/* One source of addresses under work. */
struct capacity_source {
	struct model *m;
	store_each *each;
	void *arg;
	struct err *e;
};

/* kept_back: how many are given by number alone. */
static int
capacity_tell_source(const struct capacity_source *source, const char *name, const char *text, unsigned int length,
                     int64_t kept_back)
{
	struct capacity_addresses addresses = { 0 };
	struct address first, last;
	struct prefix prefix;
	unsigned int bits;
	int64_t held = 0;
	int rc = -1;

	if (!prefix_parse(text, &prefix) || !prefix_range(text, &first, &last))
		return 0;
	bits = (length ? length : prefix.base.family == AF_INET ? 32 : 128) - prefix.length;
	if (store_holding_count(source->m->store, &first, &last, &held, source->e) < 0)
		return -1;
	if (!row_put_text(ADDRESSES, &addresses, "name", name) || !row_put_text(ADDRESSES, &addresses, "prefix", text)) {
		err_set(source->e, ERR_INTERNAL, "out of memory");
	} else {
		row_put_int(ADDRESSES, &addresses, "promised", held);
		/* Of what gives single addresses the first isn't given, nor IPv4's last. */
		if (!length && bits > 1)
			kept_back += prefix.base.family == AF_INET ? 2 : 1;
		if (bits <= CAPACITY_BITS_MAX) {
			row_put_int(ADDRESSES, &addresses, "there", (INT64_C(1) << bits) - kept_back);
			row_put_int(ADDRESSES, &addresses, "left", addresses.there > held ? addresses.there - held : 0);
		}
		rc = source->each(source->arg, &addresses);
	}
	record_clear(ADDRESSES, &addresses);
	return rc;
}

static int
capacity_tell_pool(void *arg, const void *record)
{
	const struct ip_pool *pool = record;

	return capacity_tell_source(arg, pool->name, pool->prefix, (unsigned int)pool->length, (int64_t)pool->reserved.n);
}

int
capacity_list_addresses(struct model *m, store_each *each, void *arg, struct err *e)
{
	struct capacity_source source = { .m = m, .each = each, .arg = arg, .e = e };
	const struct settings *s = m->settings;

	/* The first host address of a private subnet is the host's. */
	if ((s->subnet4 && capacity_tell_source(&source, "subnet4", s->subnet4, 0, 1) < 0) ||
	    (s->subnet6 && capacity_tell_source(&source, "subnet6", s->subnet6, 0, 1) < 0))
		return -1;
	return store_table_list(m->store, TABLE_IP_POOL, NULL, "", CAPACITY_POOLS_MAX, capacity_tell_pool, &source, e);
}
