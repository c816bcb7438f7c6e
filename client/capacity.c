#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/print.h"
#include "client/verbs.h"
#include "schema/capacity.h"

/* Each row has its own unit. */
static const struct view capacity_view = {
	.columns = "resource,total,there,promised,running,left,free",
	.names = "resource,total,there,promised,running,left,free",
	.key = "resource",
};

static const char *const capacity_columns[] = { "total", "there", "promised", "running", "left", "free" };

/* As people read it: 512M; below 0 as well. */
static struct json_object *
capacity_text(struct json_object *value, enum field_type type, bool human)
{
	int64_t bytes = json_object_get_int64(value);
	AUTO_BUF struct buf text = { 0 };

	if (!value || !human || type != FIELD_SIZE)
		return json_object_get(value);
	if (bytes < 0)
		buf_addf(&text, "-");
	print_size(bytes < 0 ? -bytes : bytes, &text);
	return json_object_new_string(text.failed ? "" : text.data);
}

static void
capacity_add_row(struct json_object *rows, const char *resource, struct json_object *figures, enum field_type type, bool human)
{
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "resource", json_object_new_string(resource));
	for (size_t i = 0; i < sizeof capacity_columns / sizeof *capacity_columns; i++)
		json_object_object_add(row, capacity_columns[i],
		                       capacity_text(json_object_object_get(figures, capacity_columns[i]), type, human));
	json_object_array_add(rows, row);
}

static struct json_object *
capacity_rows(struct json_object *answer, bool human)
{
	struct json_object *rows = json_object_new_array(), *addresses = json_object_object_get(answer, "addresses");

	for (const struct field *f = capacity_schema.fields; f->name; f++)
		capacity_add_row(rows, f->name, json_object_object_get(answer, f->name), f->object->fields[0].type, human);
	if (!json_object_is_type(addresses, json_type_array))
		return rows;
	for (size_t i = 0; i < json_object_array_length(addresses); i++) {
		struct json_object *item = json_object_array_get_idx(addresses, i);
		const char *name = call_text(item, "name");
		char resource[64];

		snprintf(resource, sizeof resource, "addresses %s", name ? name : "");
		capacity_add_row(rows, resource, item, FIELD_INT, human);
	}
	return rows;
}

static int
capacity_show(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *answer = NULL, *rows;
	int rc;

	if (print_check(c, &capacity_view, e) < 0 || call_json(c, CAPACITY, NULL, NULL, NULL, &answer, e) < 0)
		return -1;
	if (c->output == OUTPUT_JSON && !c->fields) {
		rc = print_json(answer, true, e);
	} else {
		rows = capacity_rows(answer, c->output == OUTPUT_TABLE);
		rc = print_list(c, &capacity_view, rows, e);
		json_object_put(rows);
	}
	json_object_put(answer);
	return rc;
}

const struct verb capacity_verb = {
	.name = "capacity",
	.args = "",
	.help = "What the host has, beside what was promised of it to containers",
	.more = "THERE is what all containers together may have, without the host's reserve; PROMISED are their sizes together, "
	        "RUNNING of those that run. LEFT is THERE without PROMISED: below 0 more is promised than is there. FREE is what "
	        "isn't in use at the moment. '-' is what nobody knows, or what is endless.",
	.examples = "berth capacity\n"
	            "berth capacity -o json",
	.groups = VERB_LISTS,
	.run = capacity_show,
};
