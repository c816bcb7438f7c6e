#include <json-c/json.h>

#include "client/call.h"
#include "client/print.h"
#include "client/verbs.h"

static const struct opt recover_opts[] = {
	{ "dry-run", 0, NULL, "Only tell what would be taken up.", NULL },
	{ NULL },
};

static const struct view recover_view = {
	.columns = "tenant,name,ctid,source,problem",
	.names = "tenant,name,ctid,id,source,problem",
	.key = "name",
};

static void
recover_say(const struct client *c, struct json_object *report, const char *list, const char *what)
{
	struct json_object *items = json_object_object_get(report, list);

	for (size_t i = 0; i < json_object_array_length(items); i++)
		client_say(c, "%s%s", what, json_object_get_string(json_object_array_get_idx(items, i)));
}

static bool
recover_has_problem(struct json_object *items)
{
	for (size_t i = 0; i < json_object_array_length(items); i++)
		if (json_object_object_get(json_object_array_get_idx(items, i), "problem"))
			return true;
	return false;
}

static int
recover_run(struct client *c, const struct args *args, struct err *e)
{
	bool dry_run = args_has(args, "dry-run"), problem;
	struct json_object *report = NULL, *items;
	const char *copy;
	int rc;

	if (print_check(c, &recover_view, e) < 0 || call_json(c, RECOVER, NULL, dry_run ? "dry_run=1" : NULL, NULL, &report, e) < 0)
		return -1;
	items = json_object_object_get(report, "containers");
	problem = recover_has_problem(items);
	copy = json_object_get_string(json_object_object_get(report, "copy"));
	if (c->output == OUTPUT_JSON && !c->fields && !c->sort)
		rc = print_json(report, true, e);
	else
		rc = print_list(c, &recover_view, items, e);
	recover_say(c, report, "gone", "no longer there: ");
	recover_say(c, report, "notes", "");
	client_say(c, "%s %s%s", dry_run ? "would be rebuilt from" : "rebuilt from", copy ? "manifests and the copy " : "manifests",
	           copy ? copy : "");
	json_object_put(report);
	return rc < 0 ? -1 : problem;
}

const struct verb recover_verb = {
	.name = "recover",
	.args = "",
	.help = "Rebuild a lost or damaged database",
	.more = "berthd keeps containers running without its database, and asks for this. The newest copy on the pool is built "
	        "on; over it goes what the containers' manifests tell. A damaged file is put aside, not removed. SOURCE tells "
	        "where a container's configuration comes from: manifest, launch (its last start), copy, or registry: then only "
	        "name, template and addresses are known. The exit status is 1 if something is left to look at.",
	.examples = "berth recover --dry-run\n"
	            "berth recover\n"
	            "berth recover -o json",
	.options = recover_opts,
	.groups = VERB_LISTS,
	.run = recover_run,
};
