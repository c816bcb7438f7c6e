#include <json-c/json.h>
#include <stdio.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/verbs.h"
#include "config.h"

static void
version_print(struct json_object *features)
{
	AUTO_BUF struct buf text = { 0 };
	const char *version = call_text(features, "version");

	clean_text(version ? version : "?", &text);
	printf("berthd %s\n", text.failed ? "?" : text.data);
}

/* The client's own is told also where the daemon can't be reached: then that is an error. */
static int
version_show(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *features = NULL, *json;
	int rc = call_json(c, FEATURES, NULL, NULL, NULL, &features, e);

	if (c->output == OUTPUT_JSON) {
		struct err written = { 0 };

		json = json_object_new_object();
		json_object_object_add(json, "client", json_object_new_string(PACKAGE_VERSION));
		json_object_object_add(json, "daemon", features);
		print_json(json, true, &written);
		json_object_put(json);
		return rc;
	}
	printf("berth %s\n", PACKAGE_VERSION);
	if (rc == 0)
		version_print(features);
	json_object_put(features);
	return rc;
}

const struct verb version_verb = {
	.name = "version",
	.args = "",
	.help = "Show the versions of client and daemon",
	.examples = "berth version",
	.groups = OPTS_OUTPUT,
	.run = version_show,
};
