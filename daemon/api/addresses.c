/* Who holds which address, and who held it. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/model/container.h"
#include "daemon/model/ip_pool.h"
#include "daemon/util/json.h"
#include "schema/check.h"

static int
address_fill_pool(void *arg, const void *record)
{
	const struct ip_pool *pool = record;
	struct json_object *json = arg;
	struct prefix prefix, held;

	if (!prefix_parse(pool->prefix, &prefix) ||
	    !address_parse_held(json_object_get_string(json_object_object_get(json, "address")), &held) ||
	    !prefix_contains(&prefix, &held.base))
		return 0;
	json_put_text(json, "pool", "%s", pool->name);
	/* One that was held before lengths were noted. */
	if (record_has(&ip_pool_schema, pool, "length")) {
		char text[HELD_TEXT_MAX];

		held.length = (unsigned int)pool->length;
		json_put_text(json, "address", "%s", prefix_format_held(&held, text));
	}
	return 1;
}

/* Of the pools that he may know of. */
static struct json_object *
address_json(struct call *c, const struct ip_holding *holding)
{
	struct json_object *json = record_to_json(&ip_holding_schema, holding, false);

	if (json && !holding->network &&
	    store_table_list(c->api->model.store, TABLE_IP_POOL, c->who.tenant[0] ? c->who.tenant : NULL, "", INT64_MAX,
	                     address_fill_pool, json, &c->err) < 0) {
		json_object_put(json);
		return NULL;
	}
	return json;
}

static int
address_add_item(void *arg, const void *record)
{
	const struct ip_holding *holding = record;
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = address_json(page->c, holding);
	if (page_add(page, json, "%s %s", holding->address, holding->network ? holding->network : "") < 0)
		return -1;
	return reply_select(page->c, json);
}

static int
address_filter_pool(struct call *c, struct address *first, struct address *last)
{
	struct ip_pool pool = { 0 };
	int rc = ip_pool_find(&c->api->model, &c->who, c->query.pool, &pool, &c->err);

	if (rc == 0 && !prefix_range(pool.prefix, first, last))
		rc = err_set(&c->err, ERR_INTERNAL, "the pool '%s' has no prefix", pool.name);
	record_clear(&ip_pool_schema, &pool);
	return rc;
}

static int
address_read_page(struct call *c, char *after_text, struct page *page)
{
	struct holding_filter filter = { .limit = page->left + 1 };
	char container[UUID_SIZE], *network = strchr(after_text, ' ');
	struct address first, last;
	struct prefix after;

	if (c->query.tenant && !who_sees(&c->who, c->query.tenant))
		return 0;
	if (handler_filter_container(c, container) < 0)
		return -1;
	if (c->query.pool && address_filter_pool(c, &first, &last) < 0)
		return -1;
	if (network)
		*network++ = '\0';
	if (after_text[0] && !address_parse_held(after_text, &after))
		return err_param(&c->err, "cursor", "is none that this server gave");
	filter.tenant = c->who.tenant[0] ? c->who.tenant : c->query.tenant;
	filter.container = container[0] ? container : NULL;
	filter.after = after_text[0] ? &after.base : NULL;
	filter.after_network = network;
	filter.first = c->query.pool ? &first : NULL;
	filter.last = c->query.pool ? &last : NULL;
	return store_holding_list(c->api->model.store, &filter, address_add_item, page, &c->err);
}

struct answered
address_handle_list(struct call *c)
{
	return handler_list(c, address_read_page);
}

/* The cursor counts: a history only grows at its beginning, and slowly. */
static int
address_add_history(void *arg, const void *record)
{
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = address_json(page->c, record);
	if (page_add(page, json, "%lld", strtoll(page->last, NULL, 10) + 1) < 0)
		return -1;
	return reply_select(page->c, json);
}

struct address_whole {
	struct address *address;
};

/* What was held before lengths were noted lies in a pool of prefixes under the first address of its own. */
static int
address_find_whole(void *arg, const void *record)
{
	const struct ip_pool *pool = record;
	struct address_whole *whole = arg;
	char text[HELD_TEXT_MAX + ADDRESS_TEXT_MAX], plain[ADDRESS_TEXT_MAX];
	struct prefix prefix;

	if (!record_has(&ip_pool_schema, pool, "length") || !prefix_parse(pool->prefix, &prefix) ||
	    !prefix_contains(&prefix, whole->address))
		return 0;
	snprintf(text, sizeof text, "%s/%lld", address_format(whole->address, plain), (long long)pool->length);
	if (prefix_parse(text, &prefix))
		*whole->address = prefix.base;
	return 1;
}

static int
address_of_path(struct call *c, struct address *out, struct address *whole_out)
{
	struct address_whole whole = { whole_out };
	struct prefix held;

	if (!address_parse_held(c->arg, &held))
		return err_set(&c->err, ERR_NOT_FOUND, "'%.60s' is no address", c->arg);
	*out = *whole_out = held.base;
	return store_table_list(c->api->model.store, TABLE_IP_POOL, NULL, "", INT64_MAX, address_find_whole, &whole, &c->err);
}

static int
address_read_history(struct call *c, char *after, struct page *page)
{
	struct history_filter filter = { .has_at = record_has(c->op->query, &c->query, "at"),
		                         .at = c->query.at,
		                         .limit = page->left + 1 };
	struct address address = { 0 }, whole = { 0 };
	const char *why;

	if (address_of_path(c, &address, &whole) < 0)
		return -1;
	if (after[0] && (field_parse_int(after, &filter.skip, &why) < 0 || filter.skip < 0))
		return err_param(&c->err, "cursor", "is none that this server gave");
	snprintf(page->last, sizeof page->last, "%s", after);
	return store_holding_history(c->api->model.store, &address, &whole, &filter, address_add_history, page, &c->err);
}

struct answered
address_handle_history(struct call *c)
{
	return handler_list(c, address_read_history);
}
