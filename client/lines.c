#include "client/lines.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/operation.h"

int
lines_fetch(struct client *c, const char *name, const char *fields, struct buf *id, struct json_object **container_out,
            struct err *e)
{
	AUTO_BUF struct buf query = { 0 };

	client_container(c, name, id);
	buf_addf(&query, "fields=revision,%s", fields);
	if (id->failed || query.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return call_json(c, CONTAINER_SHOW, id->data, query.data, NULL, container_out, e);
}

struct json_object *
lines_copy(struct json_object *container, const char *field)
{
	struct json_object *list = json_object_object_get(container, field), *copy = json_object_new_array();

	for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
		json_object_array_add(copy, json_object_get(json_object_array_get_idx(list, i)));
	return copy;
}

/* Only if nobody has changed the container meanwhile: a list is replaced whole. */
static int
lines_send(struct client *c, const struct args *args, const char *field, const char *id, struct json_object *container,
           struct json_object *rules, struct err *e)
{
	struct json_object *body = json_object_new_object();
	char match[64];
	int rc;

	json_object_object_add(body, field, json_object_get(rules));
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
lines_join(const struct args *args, struct buf *out, struct err *e)
{
	for (size_t i = 1; i < args->nwords; i++)
		buf_addf(out, "%s%s", i > 1 ? " " : "", args->words[i]);
	return out->failed ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

static void
lines_insert(struct json_object **rules, const char *rule, size_t at)
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
lines_add(struct client *c, const struct args *args, const char *field, struct err *e)
{
	struct json_object *container = NULL, *rules;
	AUTO_BUF struct buf id = { 0 }, rule = { 0 };
	int64_t at = INT64_MAX;
	size_t n;
	int rc;

	if (lines_join(args, &rule, e) < 0 || args_int(args, "at", 1, 1000, &at, e) < 0 ||
	    lines_fetch(c, args->words[0], field, &id, &container, e) < 0)
		return -1;
	rules = lines_copy(container, field);
	n = json_object_array_length(rules);
	if (at != INT64_MAX && at > (int64_t)n + 1)
		rc = args_usage(e, "--at %lld must be from 1 to %zu", (long long)at, n + 1);
	else
		rc = 0;
	lines_insert(&rules, rule.data, at <= (int64_t)n ? (size_t)at - 1 : n);
	if (rc == 0)
		rc = lines_send(c, args, field, id.data, container, rules, e);
	json_object_put(rules);
	json_object_put(container);
	return rc;
}

/* By its number, or as it is written. */
static int
lines_take_out(struct json_object *rules, const char *text, struct err *e)
{
	size_t n = json_object_array_length(rules);
	const char *why = NULL;
	int64_t number;

	if (field_parse_int(text, &number, &why) == 0) {
		if (number < 1 || number > (int64_t)n)
			return err_set(e, ERR_NOT_FOUND, "There is no number %lld: it has %zu of them", (long long)number, n);
		json_object_array_del_idx(rules, (size_t)number - 1, 1);
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(rules, i)), text) == 0) {
			json_object_array_del_idx(rules, i, 1);
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "It has no '%.100s': give it as it is listed, or its number", text);
}

int
lines_delete(struct client *c, const struct args *args, const char *field, struct err *e)
{
	struct json_object *container = NULL, *rules;
	AUTO_BUF struct buf id = { 0 }, rule = { 0 };
	int rc;

	if (lines_join(args, &rule, e) < 0 || lines_fetch(c, args->words[0], field, &id, &container, e) < 0)
		return -1;
	rules = lines_copy(container, field);
	rc = lines_take_out(rules, rule.data, e);
	if (rc == 0)
		rc = lines_send(c, args, field, id.data, container, rules, e);
	json_object_put(rules);
	json_object_put(container);
	return rc;
}
