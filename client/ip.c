#include <json-c/json.h>

#include "client/call.h"
#include "client/print.h"
#include "client/table.h"
#include "client/verbs.h"
#include "schema/ip.h"

static const struct view ip_view = { .columns = "address,tenant,name,pool,network,since",
	                             .schemas = { &ip_holding_schema },
	                             .key = "address" };
static const struct view ip_history_view = { .columns = "address,tenant,name,container,network,since,until",
	                                     .schemas = { &ip_holding_schema },
	                                     .key = "container" };

static const struct opt ip_opts[] = {
	{ "pool", 0, "POOL", "Those of this pool.", "@pool" },
	{ "container", 0, "NAME", "Those of this container.", "@container" },
	{ NULL },
};
static const struct opt ip_history_opts[] = {
	{ "at", 0, "TIME", "Only who held it then: 2026-11-24T10:30:00Z, a day, or seconds since the epoch.", NULL },
	{ NULL },
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

static int
ip_addresses(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };

	for (const struct opt *o = ip_opts; o->name; o++)
		call_query_add(&query, o->name, args_value(args, o->name));
	call_query_add(&query, "tenant", c->tenant);
	return ip_print(c, &ip_view, ADDRESS_LIST, NULL, &query, e);
}

const struct verb ip_list_verb = {
	.name = "ip list",
	.args = "",
	.help = "List the addresses that containers hold",
	.examples = "berth ip list\n"
	            "berth ip list --pool public --sort name",
	.options = ip_opts,
	.groups = VERB_LISTS | OPTS_TENANT,
	.run = ip_addresses,
};

static int
ip_history(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };

	call_query_add(&query, "at", args_value(args, "at"));
	return ip_print(c, &ip_history_view, ADDRESS_HISTORY, args->words[0], &query, e);
}

const struct verb ip_history_verb = {
	.name = "ip history",
	.args = "ADDRESS",
	.help = "Tell who holds an address, and who held it",
	.more = "It is kept for 400 days, also of containers, pools and networks that are gone. Within a prefix each address is "
	        "its holder's; "
	        "static addresses on networks of the host's are told as well, leased ones are the DHCP server's to know; whose one "
	        "is now, berth which tells.",
	.examples = "berth ip history 203.0.113.7\n"
	            "berth ip history 203.0.113.7 --at 2026-11-24T10:30:00Z",
	.options = ip_history_opts,
	.groups = VERB_LISTS,
	.min = 1,
	.max = 1,
	.run = ip_history,
};

static const struct table ips = {
	.noun = "ip",
	.list = IP_POOL_LIST,
	.show = IP_POOL_SHOW,
	.create = IP_POOL_CREATE,
	.set = IP_POOL_SET,
	.delete = IP_POOL_DELETE,
	.view = {
		.columns = "name,prefix,used,automatic,rest,tenants,description",
		.schemas = { &ip_pool_schema },
		.names = "used",
		.key = "name",
	},
};
TABLE_VERBS(ip, &ips)

const struct verb ip_pools_verb = {
	.name = "ip pools",
	.args = "",
	.help = "List pools of addresses",
	.examples = "berth ip pools",
	.groups = VERB_LISTS,
	.run = ip_list,
};

const struct verb ip_show_verb = {
	.name = "ip show",
	.args = "POOL",
	.help = "Show a pool of addresses",
	.examples = "berth ip show public",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@pool",
	.run = ip_show,
};

const struct verb ip_create_verb = {
	.name = "ip create",
	.args = "POOL --prefix PREFIX",
	.help = "Create a pool of addresses",
	.more = "A container gets an address of it by the pool's name: --ip POOL.",
	.examples = "berth ip create public --prefix 203.0.113.0/26 --reserved 203.0.113.1 --tenants acme --rest 86400",
	.groups = OPTS_OUTPUT,
	.schema = &ip_pool_schema,
	.flags = FIELD_CREATE,
	.skip = "name",
	.min = 1,
	.max = 1,
	.run = ip_create,
};

const struct verb ip_set_verb = {
	.name = "ip set",
	.args = "POOL KEY=VALUE…",
	.help = "Change a pool of addresses",
	.more = "What containers hold stays theirs.",
	.examples = "berth ip set public tenants=acme,globex automatic=yes",
	.schema = &ip_pool_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@pool",
	.run = ip_set,
};

const struct verb ip_delete_verb = {
	.name = "ip delete",
	.args = "POOL…",
	.help = "Delete pools of addresses",
	.more = "What containers hold stays theirs.",
	.examples = "berth ip delete public",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@pool",
	.run = ip_delete,
};
