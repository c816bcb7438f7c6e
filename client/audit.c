#include <json-c/json.h>
#include <string.h>

#include "client/call.h"
#include "client/print.h"
#include "client/verbs.h"
#include "schema/audit.h"

static const struct view audit_view = {
	.columns = "time,actor,kind,tenant,object,status,code,count", .schemas = { &audit_schema }, .names = "seq", .key = "seq"
};

static const struct opt audit_opts[] = {
	{ "actor", 0, "ACTOR", "By this caller: uid:NUMBER, token:ID or daemon.", NULL },
	{ "kind", 0, "KIND", "Of this kind, such as container_create.", NULL },
	{ "container", 0, "NAME", "On this container.", "@container" },
	{ "since", 0, "TIME", "Not before: 2026-11-24T10:30:00Z, a day, or seconds since the epoch.", NULL },
	{ "until", 0, "TIME", "Not after.", NULL },
	{ "last", 0, "NUMBER", "So many of the newest, at most 1000; 100 where no time is given.", NULL },
	{ NULL },
};

/* The newest ones, in one page. */
static int
audit_read_last(struct client *c, const char *last, struct buf *query, struct json_object **items_out, struct err *e)
{
	struct json_object *page = NULL, *items = NULL;
	int rc;

	call_query_add(query, "limit", last);
	if (query->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	rc = call_json(c, AUDIT, NULL, query->data, NULL, &page, e);
	if (rc == 0 && json_object_object_get_ex(page, "items", &items))
		*items_out = json_object_get(items);
	else if (rc == 0)
		rc = err_set(e, ERR_INTERNAL, "The daemon's answer is no list");
	json_object_put(page);
	return rc;
}

static int
audit_list(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };
	const char *last = args_value(args, "last");
	struct json_object *items = NULL;
	int64_t number;
	int rc;

	if (args_int(args, "last", 1, 1000, &number, e) < 0)
		return -1;
	if (!last && !args_has(args, "since") && !args_has(args, "until"))
		last = "100";
	if (print_check(c, &audit_view, e) < 0)
		return -1;
	for (const struct opt *o = audit_opts; o->name; o++)
		if (strcmp(o->name, "last") != 0)
			call_query_add(&query, o->name, args_value(args, o->name));
	call_query_add(&query, "tenant", c->tenant);
	if (query.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	rc = last ? audit_read_last(c, last, &query, &items, e) : call_list(c, AUDIT, NULL, query.data, &items, e);
	if (rc < 0)
		return -1;
	rc = print_list(c, &audit_view, items, e);
	json_object_put(items);
	return rc;
}

const struct verb audit_verb = {
	.name = "audit",
	.args = "",
	.help = "Show who changed what, or would have",
	.more = "The newest first. STATUS is HTTP's: 403 was denied, 409 in conflict; a job has an entry when it was asked for "
	        "(202) and one for its end, so has a session of exec or console (101). COUNT is how many it stands for: of "
	        "refused requests that come too fast only some are written, the rest are counted. To a tenant its own part is "
	        "shown.",
	.examples = "berth audit\n"
	            "berth audit --tenant acme --since 2026-11-24\n"
	            "berth audit --kind token_create -o json",
	.options = audit_opts,
	.groups = VERB_LISTS | OPTS_TENANT,
	.run = audit_list,
};
