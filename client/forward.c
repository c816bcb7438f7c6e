#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/lines.h"
#include "client/operation.h"
#include "client/print.h"
#include "client/verbs.h"
#include "schema/container.h"
#include "schema/forward.h"

static const struct view forward_view = { .columns = "protocol,port,on,tenant,name,to,number",
	                                  .schemas = { &container_config_schema },
	                                  .names = "protocol,port,on,to,number",
	                                  .key = "name" };

static const struct opt forward_list_opts[] = {
	{ "container", 0, "NAME", "Those of this container.", "@container" },
	{ NULL },
};

static void
forward_put_ports(struct json_object *row, const char *name, const struct port_range *range)
{
	char text[16];

	if (range->first == range->last)
		snprintf(text, sizeof text, "%u", range->first);
	else
		snprintf(text, sizeof text, "%u-%u", range->first, range->last);
	json_object_object_add(row, name, json_object_new_string(text));
}

static void
forward_take_rows(struct json_object *container, struct json_object *items)
{
	struct json_object *lines = lines_copy(container, "forwards");

	for (size_t i = 0; i < json_object_array_length(lines); i++) {
		struct json_object *row = json_object_new_object();
		char why[RULE_WHY_MAX], on[ADDRESS_TEXT_MAX];
		const char *name = call_text(container, "name"), *tenant = call_text(container, "tenant");
		struct forward f;

		if (!forward_parse(json_object_get_string(json_object_array_get_idx(lines, i)), &f, why)) {
			json_object_put(row);
			continue;
		}
		json_object_object_add(row, "protocol", json_object_new_string(f.protocol == RULE_TCP ? "tcp" : "udp"));
		forward_put_ports(row, "port", &f.from);
		if (f.on.family != 0)
			json_object_object_add(row, "on", json_object_new_string(address_format(&f.on, on)));
		json_object_object_add(row, "tenant", json_object_new_string(tenant ? tenant : ""));
		json_object_object_add(row, "name", json_object_new_string(name ? name : ""));
		forward_put_ports(row, "to", &f.to);
		json_object_object_add(row, "number", json_object_new_int64((int64_t)i + 1));
		json_object_array_add(items, row);
	}
	json_object_put(lines);
}

static int
forward_of_all(struct client *c, struct json_object *items, struct err *e)
{
	struct json_object *containers = NULL;
	AUTO_BUF struct buf query = { 0 };

	buf_addf(&query, "fields=name,tenant,forwards");
	call_query_add(&query, "tenant", c->tenant);
	if (query.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (call_list(c, CONTAINER_LIST, NULL, query.data, &containers, e) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(containers); i++)
		forward_take_rows(json_object_array_get_idx(containers, i), items);
	json_object_put(containers);
	return 0;
}

static int
forward_of_one(struct client *c, const char *name, struct json_object *items, struct err *e)
{
	struct json_object *container = NULL;
	AUTO_BUF struct buf id = { 0 };

	if (lines_fetch(c, name, "name,tenant,forwards", &id, &container, e) < 0)
		return -1;
	forward_take_rows(container, items);
	json_object_put(container);
	return 0;
}

static int
forward_list(struct client *c, const struct args *args, struct err *e)
{
	const char *name = args_value(args, "container");
	struct json_object *items;
	int rc;

	if (print_check(c, &forward_view, e) < 0)
		return -1;
	items = json_object_new_array();
	rc = name ? forward_of_one(c, name, items, e) : forward_of_all(c, items, e);
	if (rc == 0)
		rc = print_list(c, &forward_view, items, e);
	json_object_put(items);
	return rc;
}

const struct verb forward_list_verb = {
	.name = "forward list",
	.args = "",
	.help = "List the ports of the host that are forwarded to containers",
	.more = "ON is the address of the host that it is for; all of them where it names none.",
	.examples = "berth forward list\n"
	            "berth forward list --container web1",
	.options = forward_list_opts,
	.groups = VERB_LISTS | OPTS_TENANT,
	.run = forward_list,
};

static int
forward_add(struct client *c, const struct args *args, struct err *e)
{
	return lines_add(c, args, "forwards", e);
}

const struct verb forward_add_verb = {
	.name = "forward add",
	.args = "NAME FORWARD…",
	.help = "Forward ports of the host to a container",
	.more = "FORWARD is 'tcp|udp PORT[-PORT] [to PORT[-PORT]] [on ADDRESS]': the ports of the host, those of the container "
	        "where they differ, and the address of the host where it isn't for all of them. It goes to the container's "
	        "first address of each family.",
	.examples = "berth forward add web1 tcp 2222 to 22\n"
	            "berth forward add web1 udp 5000-5009\n"
	            "berth forward add web1 tcp 443 on 203.0.113.1",
	.groups = OPTS_WAIT | OPTS_TENANT,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@container",
	.run = forward_add,
};

static int
forward_delete(struct client *c, const struct args *args, struct err *e)
{
	return lines_delete(c, args, "forwards", e);
}

const struct verb forward_delete_verb = {
	.name = "forward delete",
	.args = "NAME NUMBER|FORWARD…",
	.help = "Take forwarded ports back",
	.more = "Connections through it that exist go on until they end; new ones don't come.",
	.examples = "berth forward delete web1 1\n"
	            "berth forward delete web1 tcp 2222 to 22",
	.groups = OPTS_WAIT | OPTS_TENANT,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@container",
	.run = forward_delete,
};
