#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/plot.h"
#include "client/print.h"
#include "client/verbs.h"
#include "schema/check.h"
#include "schema/usage.h"

static const struct opt usage_opts[] = {
	{ "from", 0, "TIME",
	  "Since then; the month's beginning when left out. 2026-11-24T10:30:00Z, a day, or seconds since the epoch.", NULL },
	{ "to", 0, "TIME", "Until then; now when left out.", NULL },
	{ "by", 0, "PERIOD", "A row each minute, hour, day or month.", "minute hour day month" },
	{ "group", 0, "WHAT", "A row a container, or all of a tenant's or a plan's together.", "container tenant plan" },
	{ "plan", 0, "PLAN", "Of this plan alone.", "@plan" },
	{ "plot", 0, NULL, "Draw a chart of each of --fields over that time; cpu and memory when left out.", NULL },
	{ NULL },
};

/* What tells a row from the others comes first. */
static void
usage_columns(const struct args *args, const char *group, char *out, size_t size)
{
	static const char figures[] = "cpu,memory,memory_peak,disk,traffic_in,traffic_out,traffic_free";

	snprintf(out, size, "%s%s,%s", args_has(args, "by") ? "start," : "",
	         strcmp(group, "plan") == 0     ? "plan,containers"
	         : strcmp(group, "tenant") == 0 ? "tenant,containers"
	                                        : "tenant,name",
	         figures);
}

/* Of somebody that is gone the name may be another's now: his UUID tells. */
static int
usage_query(const struct client *c, const struct args *args, struct buf *query, struct err *e)
{
	AUTO_BUF struct buf named = { 0 };

	/* Times and periods of a chart are its own. */
	for (const struct opt *o = usage_opts; o->name && !args_has(args, "plot"); o++)
		call_query_add(query, o->name, args_value(args, o->name));
	call_query_add(query, "tenant", c->tenant);
	if (args->nwords == 0)
		return 0;
	if (c->tenant && !strchr(args->words[0], ':') && check_uuid(args->words[0]))
		buf_addf(&named, "%s:", c->tenant);
	buf_addf(&named, "%s", args->words[0]);
	call_query_add(query, "container", named.data);
	return named.failed ? err_set(e, ERR_INTERNAL, "out of memory") : 0;
}

static int
usage_run(struct client *c, const struct args *args, struct err *e)
{
	const char *group = args_value(args, "group");
	struct json_object *items = NULL;
	AUTO_BUF struct buf query = { 0 };
	char columns[160];
	const struct view view = { .columns = columns, .schemas = { &usage_schema, &usage_sums_schema }, .key = "name" };
	int rc;

	usage_columns(args, group ? group : "container", columns, sizeof columns);
	if (print_check(c, &view, e) < 0 || usage_query(c, args, &query, e) < 0)
		return -1;
	if (query.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (args_has(args, "plot"))
		return plot_usage(c, args, &view, query.data ? query.data : "", e);
	if (call_list(c, USAGE_LIST, NULL, query.data, &items, e) < 0)
		return -1;
	rc = print_list(c, &view, items, e);
	json_object_put(items);
	return rc;
}

const struct verb usage_verb = {
	.name = "usage",
	.args = "[NAME]",
	.help = "Tell what containers used: CPU, memory, disk, traffic",
	.more = "NAME may be the UUID of one that is gone. CPU is in seconds of CPU time. Traffic in and out is what is paid, of "
	        "both families; that with the "
	        "host's free networks is apart. Memory is the average while it ran, of disk space of all the time. --fields and "
	        "json have every figure that is kept. Times are UTC's.",
	.examples = "berth usage\n"
	            "berth usage web1 --by day --from 2026-11-01\n"
	            "berth usage web1 --plot --fields memory,traffic_out --from 2026-11-01\n"
	            "berth usage --group tenant --from 2026-10-01 --to 2026-11-01 -o csv",
	.options = usage_opts,
	.groups = VERB_LISTS | OPTS_TENANT,
	.max = 1,
	.words = "@container",
	.run = usage_run,
};
