#include "client/show.h"

#include <json-c/json.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"
#include "schema/container.h"

/* A person's page: the head tells what it is and how it is, then what was chosen. */
static const char *const show_sections[][2] = {
	{ "Container", "name,tenant,id,ctid,state,desired,suspended,suspended_by,suspended_at,exit,exited_at,started_at,restarts,"
	               "rescue,pid,id_base,storage,created_at,revision" },
	{ "Configuration",
	  "plan,owner,billing,labels,template,hostname,ip,dns,ssh_keys,memory,swap,cpus,cpu_weight,pids,disk,io_"
	  "weight,io_read,io_write,"
	  "onboot,boot_priority,boot_delay,net,firewall_operator,blocked_ports,firewall,connections,forwards,traffic,"
	  "traffic_80,traffic_100,rate_in,"
	  "rate_out,rate_burst,throttled,net_weight" },
};

static const char *const limit_columns[] = { "configured", "effective", "used", "peak", "hits", "pressure" };
enum { LIMIT_COLUMNS = sizeof limit_columns / sizeof *limit_columns };

/* A key is a long line; its end names it. */
static void
show_keys(struct json_object *container, struct buf *out)
{
	struct json_object *keys = NULL;
	size_t n;

	json_object_object_get_ex(container, "ssh_keys", &keys);
	n = json_object_is_type(keys, json_type_array) ? json_object_array_length(keys) : 0;
	buf_addf(out, n == 0 ? "-" : n == 1 ? "%zu key" : "%zu keys", n);
}

static int
show_section(struct json_object *container, const char *title, const char *fields)
{
	AUTO_FREE char *copy = strdup(fields);
	char *save = NULL;

	if (!copy)
		return -1;
	printf("%s\n", title);
	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		AUTO_BUF struct buf value = { 0 };

		if (!json_object_object_get_ex(container, name, NULL))
			continue;
		if (strcmp(name, "ssh_keys") == 0)
			show_keys(container, &value);
		else
			print_value(&container_view_of_lists, container, name, true, &value);
		if (strcmp(name, "storage") == 0 && !value.failed && strcmp(value.data, "dir") == 0)
			buf_addf(&value, " (disk space is not limited)");
		printf("  %-14s%s\n", name, value.failed ? "" : value.data);
	}
	return 0;
}

/* The view by which a limit's numbers are shown: a size where its field is one. */
static void
show_limit_cell(const char *limit, struct json_object *row, const char *column, struct buf *out)
{
	const struct field *field = print_field(&container_view_of_lists, limit);
	struct json_object *value = NULL;

	json_object_object_get_ex(row, column, &value);
	if (field && field->type == FIELD_SIZE && strcmp(column, "hits") != 0 && strcmp(column, "pressure") != 0 &&
	    json_object_is_type(value, json_type_int))
		print_size(json_object_get_int64(value), out);
	else
		print_value(&container_view_of_lists, row, column, true, out);
	/* Beside a number of CPUs a time would be taken for one. */
	if (strcmp(limit, "cpus") == 0 && strcmp(column, "used") == 0 && value)
		buf_addf(out, "s");
}

static int
show_fill_limits(struct libscols_table *table, struct json_object *limits)
{
	scols_table_new_column(table, "LIMIT", 0, 0);
	for (size_t j = 0; j < LIMIT_COLUMNS; j++) {
		char title[16];

		print_title(limit_columns[j], title, sizeof title);
		if (!scols_table_new_column(table, title, 0, SCOLS_FL_RIGHT))
			return -1;
	}
	json_object_object_foreach(limits, name, row)
	{
		struct libscols_line *line;
		AUTO_BUF struct buf label = { 0 };

		if (!json_object_is_type(row, json_type_object))
			continue;
		line = scols_table_new_line(table, NULL);
		clean_text(name, &label);
		if (!line || label.failed || scols_line_set_data(line, 0, label.data) != 0)
			return -1;
		for (size_t j = 0; j < LIMIT_COLUMNS; j++) {
			AUTO_BUF struct buf cell = { 0 };

			show_limit_cell(name, row, limit_columns[j], &cell);
			if (cell.failed || scols_line_set_data(line, j + 1, cell.data) != 0)
				return -1;
		}
	}
	return 0;
}

static int
show_limits(struct json_object *limits)
{
	struct libscols_table *table = scols_new_table();
	int rc = -1;

	setlocale(LC_CTYPE, "");
	if (table && show_fill_limits(table, limits) == 0) {
		scols_table_enable_noencoding(table, 1);
		rc = scols_print_table(table);
	}
	scols_unref_table(table);
	return rc;
}

static int
show_page(struct json_object *container, struct json_object *limits, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof show_sections / sizeof *show_sections; i++) {
		if (show_section(container, show_sections[i][0], show_sections[i][1]) < 0)
			return err_set(e, ERR_INTERNAL, "out of memory");
		puts("");
	}
	if (json_object_is_type(limits, json_type_object) && json_object_object_length(limits) > 0)
		rc = show_limits(limits);
	if (rc < 0)
		return err_set(e, ERR_INTERNAL, "Can't print the table");
	return fflush(stdout) == 0 ? 0 : err_sys(e, "write standard output");
}

static int
show_container(struct client *c, const struct args *args, struct err *e)
{
	struct json_object *container = NULL, *limits = NULL;
	AUTO_BUF struct buf id = { 0 };
	struct err unread = { 0 };
	bool some = c->fields || c->output == OUTPUT_CSV;
	int rc;

	client_container(c, args->words[0], &id);
	if (id.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (print_check(c, &container_view_of_lists, e) < 0 || call_json(c, CONTAINER_SHOW, id.data, NULL, NULL, &container, e) < 0)
		return -1;
	/* Whatever is wrong with its limits, the rest is shown; one that is being made or deleted has none. */
	if (!some && call_json(c, CONTAINER_LIMITS, id.data, NULL, NULL, &limits, &unread) < 0 && unread.kind == ERR_CONFLICT)
		err_clear(&unread);
	if (limits && c->output == OUTPUT_JSON)
		json_object_object_add(container, "limits", json_object_get(limits));
	rc = some || c->output == OUTPUT_JSON ? print_object(c, &container_view_of_lists, container, e)
	                                      : show_page(container, limits, e);
	json_object_put(container);
	json_object_put(limits);
	if (rc < 0 || !err_is_set(&unread))
		return rc;
	*e = unread;
	return err_wrap(e, "limits");
}

const struct verb show_verb = {
	.name = "show",
	.args = "NAME",
	.help = "Show a container, its limits and what it uses",
	.more = "NAME is a name, tenant:name, UUID or CTID, here as everywhere. With json, limits are in the member 'limits'. "
	        "USED and PEAK are since the start; of cpus USED is seconds of CPU time, of io_read and io_write bytes in all. "
	        "HITS "
	        "is how often the limit held something back, PRESSURE the share of the last minute, in percent, in which something "
	        "inside waited. '-' is what the kernel doesn't tell; of a limit whose help says so 0 is none.",
	.examples = "berth show web1\n"
	            "berth show web1 -o json\n"
	            "berth show web1 --fields state,exit",
	.groups = OPTS_OUTPUT | OPTS_TENANT,
	.min = 1,
	.max = 1,
	.words = "@container",
	.run = show_container,
};
