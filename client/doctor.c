#include <json-c/json.h>
#include <string.h>

#include "client/clean.h"
#include "client/operation.h"
#include "client/print.h"
#include "client/verbs.h"

static const struct opt doctor_opts[] = {
	{ "fix", 0, NULL, "Put right what is safe to first: kernel settings, leftovers.", NULL },
	{ "all", 0, NULL, "Show what is well, too.", NULL },
	{ NULL },
};

static const struct view doctor_view = {
	.columns = "severity,check,text,remedy",
	.names = "severity,check,text,remedy,fixable,fixed",
	.key = "check",
};

static bool
doctor_is(struct json_object *item, const char *severity)
{
	const char *text = call_text(item, "severity");

	return text && strcmp(text, severity) == 0;
}

static bool
doctor_was_fixed(struct json_object *item)
{
	return json_object_get_boolean(json_object_object_get(item, "fixed"));
}

/* For people: a finding, and below it what to do. */
static void
doctor_add(struct json_object *item, struct buf *out)
{
	const char *text = call_text(item, "text"), *remedy = call_text(item, "remedy");

	buf_addf(out, "%-8s ", doctor_was_fixed(item) ? "fixed" : call_text(item, "severity"));
	clean_text(text ? text : "", out);
	buf_addf(out, remedy ? "\n         do: " : "\n");
	if (!remedy)
		return;
	clean_text(remedy, out);
	buf_addf(out, "\n");
}

static int
doctor_print(struct client *c, struct json_object *items, bool all, struct err *e)
{
	struct buf out = { 0 };
	size_t well = 0, n = json_object_array_length(items);

	if (c->output != OUTPUT_TABLE || c->fields || c->sort || c->quiet)
		return print_list(c, &doctor_view, items, e);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(items, i);

		if (doctor_is(item, "ok") && !doctor_was_fixed(item))
			well++;
		if (all || !doctor_is(item, "ok") || doctor_was_fixed(item))
			doctor_add(item, &out);
	}
	buf_addf(&out, "%zu of %zu checks are well.\n", well, n);
	return print_flush(&out) ? 0 : err_set(e, ERR_INTERNAL, "Can't write standard output");
}

static int
doctor_ask(struct client *c, bool fix, struct json_object **answer_out, struct err *e)
{
	struct json_object *end = NULL;
	int rc;

	if (!fix)
		return call_json(c, DOCTOR, NULL, NULL, NULL, answer_out, e);
	rc = operation_run(c, DOCTOR_FIX, NULL, NULL, NULL, "doctor", &end, e);
	if (rc == 0 && end)
		*answer_out = json_object_get(json_object_object_get(end, "result"));
	json_object_put(end);
	return rc;
}

static int
doctor_show(struct client *c, const struct args *args, struct err *e)
{
	bool all = args_has(args, "all"), problem = false;
	struct json_object *answer = NULL, *items;
	int rc;

	if (print_check(c, &doctor_view, e) < 0 || doctor_ask(c, args_has(args, "fix"), &answer, e) < 0)
		return -1;
	items = json_object_object_get(answer, "items");
	if (!json_object_is_type(items, json_type_array)) {
		json_object_put(answer);
		return err_set(e, ERR_INTERNAL, "The daemon's answer has no findings");
	}
	for (size_t i = 0; i < json_object_array_length(items); i++)
		problem |= doctor_is(json_object_array_get_idx(items, i), "problem");
	rc = doctor_print(c, items, all, e);
	json_object_put(answer);
	return rc < 0 ? -1 : problem;
}

const struct verb doctor_verb = {
	.name = "doctor",
	.args = "",
	.help = "Check the host, and what was left on it",
	.more = "Tells what to do about each thing it finds. The exit status is 1 while there is a problem.",
	.examples = "berth doctor\n"
	            "berth doctor --fix\n"
	            "berth doctor -o json",
	.options = doctor_opts,
	.groups = VERB_LISTS,
	.run = doctor_show,
};
