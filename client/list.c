#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/show.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"
#include "schema/container.h"
#include "schema/tenant.h"

#define LIST_VIEW(KEY, STATE)                                                                                                      \
	{                                                                                                                          \
		.columns = KEY "," STATE ",template,cpus,memory,disk,ipv4,ipv6",                                                   \
		.schemas = { &container_view_schema, &container_config_schema }, .names = "ipv4,ipv6", .key = KEY                  \
	}

const struct view container_view_of_lists = LIST_VIEW("name", "state");

/*
 * Names are a tenant's own: they are told apart where there is more than the host's default one. What runs another's template is
 * told where there is such a one, to people: a program's columns don't come and go with it.
 */
static const struct view list_of_rescued = LIST_VIEW("name", "state,rescue"), list_of_tenants = LIST_VIEW("tenant,name", "state"),
                         list_of_all = LIST_VIEW("tenant,name", "state,rescue");

static bool
list_has_tenants(struct json_object *items)
{
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		const char *tenant = call_text(json_object_array_get_idx(items, i), "tenant");

		if (tenant && strcmp(tenant, TENANT_DEFAULT) != 0)
			return true;
	}
	return false;
}

static bool
list_has_rescued(const struct client *c, struct json_object *items)
{
	for (size_t i = 0; c->output == OUTPUT_TABLE && i < json_object_array_length(items); i++)
		if (call_text(json_object_array_get_idx(items, i), "rescue"))
			return true;
	return false;
}

/* With -q, which prints the view's key, it is the name alone, in full by then. */
static const struct view *
list_choose_view(const struct client *c, struct json_object *items, bool tenants)
{
	bool rescued = list_has_rescued(c, items);

	if (c->quiet)
		return &container_view_of_lists;
	if (tenants)
		return rescued ? &list_of_all : &list_of_tenants;
	return rescued ? &list_of_rescued : &container_view_of_lists;
}

/* So that what -q prints can be given to another verb. */
static void
list_name_in_full(struct json_object *items)
{
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i);
		const char *tenant = call_text(item, "tenant"), *name = call_text(item, "name");
		AUTO_BUF struct buf full = { 0 };

		if (!tenant || !name || strcmp(tenant, TENANT_DEFAULT) == 0)
			continue;
		buf_addf(&full, "%s:%s", tenant, name);
		if (!full.failed)
			json_object_object_add(item, "name", json_object_new_string(full.data));
	}
}

static const struct opt list_opts[] = {
	{ "state", 0, "STATE", "Those in this state.",
	  "stopped running frozen crashed suspended creating starting stopping deleting" },
	{ "template", 0, "TEMPLATE", "Those made from this template.", "@template" },
	{ "plan", 0, "PLAN", "Those of this plan.", "@plan" },
	{ "label", 0, "KEY[=VALUE]", "Those with this label.", NULL },
	{ "owner", 0, "TEXT", "Those of this owner.", NULL },
	{ "billing", 0, "TEXT", "Those of this number in the books.", NULL },
	{ "name", 0, "NAME", "The one of this name.", "@container" },
	{ NULL },
};

static int
list_containers(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };
	AUTO_FREE char *wanted = NULL;
	struct json_object *items = NULL;
	bool tenants;
	int rc;

	if (print_check(c, &container_view_of_lists, e) < 0)
		return -1;
	for (const struct opt *o = list_opts; o->name; o++)
		call_query_add(&query, o->name, args_value(args, o->name));
	call_query_add(&query, "tenant", c->tenant);
	wanted = print_wanted(c, &list_of_all);
	call_query_add(&query, "fields", wanted);
	if (call_list(c, CONTAINER_LIST, NULL, query.data, &items, e) < 0)
		return -1;
	/* A tenant's own token is shown the tenant's alone. */
	tenants = list_has_tenants(items) && !getenv("BERTH_TOKEN");
	if (tenants && c->quiet)
		list_name_in_full(items);
	rc = print_list(c, list_choose_view(c, items, tenants), items, e);
	json_object_put(items);
	return rc;
}

const struct verb list_verb = {
	.name = "list",
	.args = "",
	.help = "List containers",
	.more = "With -q the names alone. Sizes are exact bytes in json and csv.",
	.examples = "berth list --sort -memory\n"
	            "berth list --fields name,state,ipv4 -o csv --no-header\n"
	            "berth list --state running -q",
	.options = list_opts,
	.groups = VERB_LISTS | OPTS_TENANT,
	.run = list_containers,
};
