#include "client/firewall.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/lines.h"
#include "client/print.h"

static const struct view firewall_view = { .columns = "by,number,rule", .names = "by,number,rule", .key = "rule" };

static const char operator_help[] = "Among the operator's rules, which come before the container's own.";
const struct opt firewall_add_opts[] = { { "at", 0, "NUMBER", "Its place among the rules; the last one when left out.", NULL },
	                                 { "operator", 0, NULL, operator_help, NULL },
	                                 { NULL } };
const struct opt firewall_delete_opts[] = { { "operator", 0, NULL, operator_help, NULL }, { NULL } };

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

int
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

int
firewall_add(struct client *c, const struct args *args, struct err *e)
{
	return lines_add(c, args, firewall_field(args), e);
}

int
firewall_delete(struct client *c, const struct args *args, struct err *e)
{
	return lines_delete(c, args, firewall_field(args), e);
}
