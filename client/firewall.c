#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/lines.h"
#include "client/print.h"
#include "client/verbs.h"

static const struct view firewall_view = { .columns = "by,number,rule", .names = "by,number,rule", .key = "rule" };

static const char operator_help[] = "Among the operator's rules, which come before the container's own.";
static const struct opt firewall_add_opts[] = {
	{ "at", 0, "NUMBER", "Its place among the rules; the last one when left out.", NULL },
	{ "operator", 0, NULL, operator_help, NULL },
	{ NULL },
};
static const struct opt firewall_delete_opts[] = {
	{ "operator", 0, NULL, operator_help, NULL },
	{ NULL },
};

/* In the order in which they are asked. */
static const struct {
	const char *field, *by, *before;
} firewall_lists[] = {
	{ "firewall_operator", "operator", "" },
	{ "blocked_ports", "blocked", "reject out " },
	{ "firewall", "container", "" },
};

static const char *
firewall_field(const struct args *args)
{
	return args_has(args, "operator") ? "firewall_operator" : "firewall";
}

static void
firewall_take_rows(struct json_object *container, size_t list, struct json_object *items)
{
	struct json_object *rules = lines_copy(container, firewall_lists[list].field);

	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		const char *rule = json_object_get_string(json_object_array_get_idx(rules, i));
		struct json_object *row = json_object_new_object();
		bool both = firewall_lists[list].before[0] && rule[0] >= '0' && rule[0] <= '9';
		char text[256];

		snprintf(text, sizeof text, "%s%s%s", firewall_lists[list].before, both ? "any " : "", rule);
		json_object_object_add(row, "by", json_object_new_string(firewall_lists[list].by));
		json_object_object_add(row, "number", json_object_new_int64((int64_t)i + 1));
		json_object_object_add(row, "rule", json_object_new_string(text));
		json_object_array_add(items, row);
	}
	json_object_put(rules);
}

static int
firewall_list(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *container = NULL, *items;
	AUTO_BUF struct buf id = { 0 };
	int rc;

	if (print_check(c, &firewall_view, e) < 0 ||
	    lines_fetch(c, args->words[0], "firewall,firewall_operator,blocked_ports", &id, &container, e) < 0)
		return -1;
	items = json_object_new_array();
	for (size_t i = 0; i < sizeof firewall_lists / sizeof *firewall_lists; i++)
		firewall_take_rows(container, i, items);
	rc = print_list(c, &firewall_view, items, e);
	json_object_put(items);
	json_object_put(container);
	return rc;
}

const struct verb firewall_list_verb = {
	.name = "firewall list",
	.args = "NAME",
	.help = "List the rules of a container's firewall, in the order in which they are asked",
	.more = "The first that fits decides. BY is whose rule it is; blocked ports come from the plan, or the operator.",
	.examples = "berth firewall list web1",
	.groups = VERB_LISTS | OPTS_TENANT,
	.min = 1,
	.max = 1,
	.words = "@container",
	.run = firewall_list,
};

static int
firewall_add(struct client *c, const struct args *args, struct err *e)
{
	return lines_add(c, args, firewall_field(args), e);
}

const struct verb firewall_add_verb = {
	.name = "firewall add",
	.args = "NAME RULE…",
	.help = "Add a rule to a container's firewall",
	.more = "RULE is 'allow|deny|reject in|out [tcp|udp|icmp|icmpv6|any [PORT[-PORT]]] [from|to ADDRESS[/LENGTH]] [log]', "
	        "or 'default in|out allow|deny|reject [log]' for what no rule fits. Ports are the receiver's. Replies to what "
	        "was let through pass. A rule holds for connections that exist as well: what it refuses ends.",
	.examples = "berth firewall add web1 allow in tcp 22 from 203.0.113.0/24\n"
	            "berth firewall add web1 default in deny log\n"
	            "berth firewall add web1 --operator --at 1 deny out udp 123",
	.options = firewall_add_opts,
	.groups = OPTS_WAIT | OPTS_TENANT,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@container",
	.run = firewall_add,
};

static int
firewall_delete(struct client *c, const struct args *args, struct err *e)
{
	return lines_delete(c, args, firewall_field(args), e);
}

const struct verb firewall_delete_verb = {
	.name = "firewall delete",
	.args = "NAME NUMBER|RULE…",
	.help = "Delete a rule of a container's firewall",
	.examples = "berth firewall delete web1 2\n"
	            "berth firewall delete web1 allow in tcp 22",
	.options = firewall_delete_opts,
	.groups = OPTS_WAIT | OPTS_TENANT,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@container",
	.run = firewall_delete,
};
