#include "client/ip.h"

#include <json-c/json.h>

#include "client/call.h"
#include "client/print.h"
#include "schema/ip.h"

static const struct view ip_view = { .columns = "address,tenant,name,pool,since",
	                             .schemas = { &ip_holding_schema },
	                             .key = "address" };
static const struct view ip_history_view = { .columns = "address,tenant,name,container,since,until",
	                                     .schemas = { &ip_holding_schema },
	                                     .key = "container" };

const struct opt ip_opts[] = { { "pool", 0, "POOL", "Those of this pool.", "@pool" },
	                       { "container", 0, "NAME", "Those of this container.", "@container" },
	                       { NULL } };
const struct opt ip_history_opts[] = {
	{ "at", 0, "TIME", "Only who held it then: 2026-11-24T10:30:00Z, a day, or seconds since the epoch.", NULL }, { NULL }
};

static int
ip_print(struct client *c, const struct view *view, enum op_id op, const char *id, const struct buf *query, struct err *e)
{
	struct json_object *items = NULL;
	int rc;

	if (print_check(c, view, e) < 0)
		return -1;
	if (query->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (call_list(c, op, id, query->data, &items, e) < 0)
		return -1;
	rc = print_list(c, view, items, e);
	json_object_put(items);
	return rc;
}

int
ip_addresses(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };

	for (const struct opt *o = ip_opts; o->name; o++)
		call_query_add(&query, o->name, args_value(args, o->name));
	call_query_add(&query, "tenant", c->tenant);
	return ip_print(c, &ip_view, ADDRESS_LIST, NULL, &query, e);
}

int
ip_history(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };

	call_query_add(&query, "at", args_value(args, "at"));
	return ip_print(c, &ip_history_view, ADDRESS_HISTORY, args->words[0], &query, e);
}
