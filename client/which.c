#include "client/which.h"

#include <ctype.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/print.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"
#include "schema/check.h"
#include "schema/container.h"

static const struct view which_view = {
	.columns = "name,tenant,ctid,id",
	.schemas = { &container_view_schema, &container_config_schema },
	.names = "container,kind",
	.key = "name",
};

static bool
which_is_mac(const char *text)
{
	for (size_t i = 0; i < 17; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return text[17] == '\0';
}

const char *
which_kind(const char *text, int64_t pid_max, const char **value_out)
{
	static const char *const kinds[] = { "pid", "uid", "address", "mac", "veth" };
	const char *colon = strchr(text, ':'), *why = NULL;
	int64_t number;

	for (size_t i = 0; colon && i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i]) == (size_t)(colon - text) && strncmp(text, kinds[i], (size_t)(colon - text)) == 0) {
			*value_out = colon + 1;
			return kinds[i];
		}
	*value_out = text;
	if (*text && text[strspn(text, "0123456789")] == '\0')
		return field_parse_int(text, &number, &why) == 0 && number >= 65536 && number > pid_max ? "uid" : "pid";
	if (which_is_mac(text))
		return "mac";
	if (!check_address(text))
		return "address";
	return *text && strlen(text) <= 15 && !strpbrk(text, ":/ ") ? "veth" : NULL;
}

static int64_t
which_pid_max(void)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/pid_max", 64, &text, &len, NULL) < 0)
		return 4194304;
	return strtoll(text, NULL, 10);
}

static int
which_show(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf query = { 0 };
	struct json_object *items, *answer = NULL;
	const char *value, *kind = which_kind(args->words[0], which_pid_max(), &value);
	int rc;

	if (!kind || !*value)
		return args_usage(e, "'%s' is no pid, uid, address, MAC or interface; pid:N and uid:N tell numbers apart",
		                  args->words[0]);
	if (print_check(c, &which_view, e) < 0)
		return -1;
	call_query_add(&query, kind, value);
	if (query.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (call_json(c, WHICH, NULL, query.data, NULL, &answer, e) < 0)
		return -1;
	if (c->output != OUTPUT_TABLE) {
		rc = print_object(c, &which_view, answer, e);
		json_object_put(answer);
		return rc;
	}
	items = json_object_new_array();
	json_object_array_add(items, answer);
	rc = print_list(c, &which_view, items, e);
	json_object_put(items);
	return rc;
}

const struct verb which_verb = {
	.name = "which",
	.args = "PID|UID|IP|MAC|VETH",
	.help = "Which container a pid, uid, address, MAC or veth belongs to",
	.more = "A number is a pid, or a uid when it is too great for a pid: pid:N and uid:N say it.",
	.examples = "berth which 4711\n"
	            "berth which uid:1879113728\n"
	            "berth which 10.66.0.10 -q\n"
	            "berth which berth101",
	.groups = VERB_LISTS,
	.min = 1,
	.max = 1,
	.run = which_show,
};
