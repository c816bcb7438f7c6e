#include "client/firewall.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/operation.h"
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

static int
firewall_fetch(struct client *c, const char *name, struct buf *id, struct json_object **container_out, struct err *e)
{
	client_container(c, name, id);
	if (id->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return call_json(c, CONTAINER_SHOW, id->data, "fields=revision,firewall,firewall_operator,blocked_ports", NULL,
	                 container_out, e);
}

/* A copy of the list, which the caller puts; empty where there is none. */
static struct json_object *
firewall_copy(struct json_object *container, const char *field)
{
	struct json_object *list = json_object_object_get(container, field), *copy = json_object_new_array();

	for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
		json_object_array_add(copy, json_object_get(json_object_array_get_idx(list, i)));
	return copy;
}

static void
firewall_take_rows(struct json_object *container, size_t list, struct json_object *items)
{
	struct json_object *rules = firewall_copy(container, firewall_lists[list].field);

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

	if (print_check(c, &firewall_view, e) < 0 || firewall_fetch(c, args->words[0], &id, &container, e) < 0)
		return -1;
	items = json_object_new_array();
	for (size_t i = 0; i < sizeof firewall_lists / sizeof *firewall_lists; i++)
		firewall_take_rows(container, i, items);
	rc = print_list(c, &firewall_view, items, e);
	json_object_put(items);
	json_object_put(container);
	return rc;
}

/* Only if nobody has changed the container meanwhile: a list is replaced whole. */
static int
firewall_send(struct client *c, const struct args *args, const char *id, struct json_object *container, struct json_object *rules,
              struct err *e)
{
	struct json_object *body = json_object_new_object();
	char match[64];
	int rc;

	json_object_object_add(body, firewall_field(args), json_object_get(rules));
	snprintf(match, sizeof match, "If-Match: \"%lld\"", (long long)call_int(container, "revision", 0));
	c->match = match;
	rc = operation_run(c, CONTAINER_SET, id, NULL, body, args->words[0], NULL, e);
	c->match = NULL;
	json_object_put(body);
	if (rc == 0 && c->wait)
		client_say(c, "%s: changed", args->words[0]);
	return rc;
}

/* Words from the second on, as they were typed or as one. */
static int
firewall_join(const struct args *args, struct buf *out, struct err *e)
{
	for (size_t i = 1; i < args->nwords; i++)
		buf_addf(out, "%s%s", i > 1 ? " " : "", args->words[i]);
	return out->failed ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

static void
firewall_insert(struct json_object **rules, const char *rule, size_t at)
{
	struct json_object *longer = json_object_new_array();
	size_t n = json_object_array_length(*rules);

	for (size_t i = 0; i <= n; i++) {
		if (i == at)
			json_object_array_add(longer, json_object_new_string(rule));
		if (i < n)
			json_object_array_add(longer, json_object_get(json_object_array_get_idx(*rules, i)));
	}
	json_object_put(*rules);
	*rules = longer;
}

int
firewall_add(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *container = NULL, *rules;
	AUTO_BUF struct buf id = { 0 }, rule = { 0 };
	int64_t at = INT64_MAX;
	size_t n;
	int rc;

	if (firewall_join(args, &rule, e) < 0 || args_int(args, "at", 1, 1000, &at, e) < 0 ||
	    firewall_fetch(c, args->words[0], &id, &container, e) < 0)
		return -1;
	rules = firewall_copy(container, firewall_field(args));
	n = json_object_array_length(rules);
	firewall_insert(&rules, rule.data, at <= (int64_t)n ? (size_t)at - 1 : n);
	rc = firewall_send(c, args, id.data, container, rules, e);
	json_object_put(rules);
	json_object_put(container);
	return rc;
}

/* By its number, or as it is written. */
static int
firewall_take_out(struct json_object *rules, const char *text, struct err *e)
{
	size_t n = json_object_array_length(rules);
	const char *why = NULL;
	int64_t number;

	if (field_parse_int(text, &number, &why) == 0) {
		if (number < 1 || number > (int64_t)n)
			return err_set(e, ERR_NOT_FOUND, "There is no rule %lld: there are %zu", (long long)number, n);
		json_object_array_del_idx(rules, (size_t)number - 1, 1);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(rules, i)), text) == 0) {
			json_object_array_del_idx(rules, i, 1);
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "There is no rule '%.100s'", text);
}

int
firewall_delete(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *container = NULL, *rules;
	AUTO_BUF struct buf id = { 0 }, rule = { 0 };
	int rc;

	if (firewall_join(args, &rule, e) < 0 || firewall_fetch(c, args->words[0], &id, &container, e) < 0)
		return -1;
	rules = firewall_copy(container, firewall_field(args));
	rc = firewall_take_out(rules, rule.data, e);
	if (rc == 0)
		rc = firewall_send(c, args, id.data, container, rules, e);
	json_object_put(rules);
	json_object_put(container);
	return rc;
}
