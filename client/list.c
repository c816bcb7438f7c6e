#include <json-c/json.h>
#include <stdlib.h>

#include "client/call.h"
#include "client/show.h"
#include "daemon/util/fd.h"
#include "schema/container.h"

const struct view container_view_of_lists = {
	.columns = "name,state,template,cpus,memory,disk,ipv4,ipv6",
	.schemas = { &container_view_schema, &container_config_schema },
	.names = "ipv4,ipv6",
	.key = "name",
};

const struct opt list_opts[] = { { "state", 0, "STATE", "Those in this state.",
	                           "stopped running frozen crashed suspended creating starting stopping deleting" },
	                         { "template", 0, "TEMPLATE", "Those made from this template.", "@template" },
	                         { "plan", 0, "PLAN", "Those of this plan.", "@plan" },
	                         { "label", 0, "KEY[=VALUE]", "Those with this label.", NULL },
	                         { "owner", 0, "TEXT", "Those of this owner.", NULL },
	                         { "billing", 0, "TEXT", "Those of this number in the books.", NULL },
	                         { "name", 0, "NAME", "The one of this name.", "@container" },
	                         { NULL } };

int
list_containers(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };
	AUTO_FREE char *wanted = NULL;
	struct json_object *items = NULL;
	int rc;

	if (print_check(c, &container_view_of_lists, e) < 0)
		return -1;
	for (const struct opt *o = list_opts; o->name; o++)
		call_query_add(&query, o->name, args_value(args, o->name));
	call_query_add(&query, "tenant", c->tenant);
	wanted = print_wanted(c, &container_view_of_lists);
	call_query_add(&query, "fields", wanted);
	if (call_list(c, CONTAINER_LIST, query.data, &items, e) < 0)
		return -1;
	rc = print_list(c, &container_view_of_lists, items, e);
	json_object_put(items);
	return rc;
}
