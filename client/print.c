#include "client/print.h"

#include <errno.h>
#include <json-c/json.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/clean.h"
#include "daemon/util/fd.h"

enum { COLUMNS_MAX = 64 };

/* A comma-separated list of names, split in place. */
struct names {
	char *text;
	const char *v[COLUMNS_MAX];
	size_t n;
};

static void
names_clear(struct names *names)
{
	free(names->text);
}
#define AUTO_NAMES __attribute__((cleanup(names_clear)))

static bool
names_split(struct names *names, const char *text)
{
	char *save = NULL;

	names->n = 0;
	names->text = strdup(text ? text : "");
	if (!names->text)
		return false;
	for (char *c = names->text; *c; c++)
		if (*c == '-' && c > names->text && c[-1] != ',')
			*c = '_';
	for (char *word = strtok_r(names->text, ",", &save); word && names->n < COLUMNS_MAX; word = strtok_r(NULL, ",", &save))
		names->v[names->n++] = word;
	return true;
}

/* Of an object's field the name is OBJECT.FIELD. */
static const struct field *
print_schema_field(const struct schema *schema, const char *name)
{
	const char *dot = strchr(name, '.');
	const struct field *f;
	char outer[64];

	if (!dot) {
		f = field_find(schema, name, NULL);
		return f && f->type != FIELD_OBJECT && !(f->flags & (FIELD_SECRET | FIELD_INTERNAL)) ? f : NULL;
	}
	snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
	f = field_find(schema, outer, NULL);
	return f && f->type == FIELD_OBJECT ? print_schema_field(f->object, dot + 1) : NULL;
}

const struct field *
print_field(const struct view *view, const char *name)
{
	const struct field *f = NULL;

	for (size_t i = 0; !f && i < sizeof view->schemas / sizeof *view->schemas && view->schemas[i]; i++)
		f = print_schema_field(view->schemas[i], name);
	return f;
}

static bool
view_has(const struct view *view, const struct names *more, const char *name)
{
	for (size_t i = 0; i < more->n; i++)
		if (strcmp(more->v[i], name) == 0)
			return true;
	return print_field(view, name) != NULL;
}

static int
view_check_names(const struct view *view, const char *option, const char *text, struct err *e)
{
	AUTO_NAMES struct names names = { 0 }, more = { 0 };

	if (!names_split(&names, text) || !names_split(&more, view->names))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (names.n == 0)
		return args_usage(e, "%s names no field", option);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i] + (names.v[i][0] == '-'), *best = NULL;
		size_t distance = 0;

		if (view_has(view, &more, name))
			continue;
		for (size_t j = 0; j < more.n; j++)
			args_nearest(name, more.v[j], &best, &distance);
		for (size_t j = 0; j < 3 && view->schemas[j]; j++)
			for (const struct field *f = view->schemas[j]->fields; f->name; f++)
				args_nearest(name, f->name, &best, &distance);
		if (best)
			return args_usage(e, "%s: there is no field '%s'. Did you mean '%s'?", option, name, best);
		return args_usage(e, "%s: there is no field '%s'", option, name);
	}
	return 0;
}

int
print_check(const struct client *c, const struct view *view, struct err *e)
{
	if (c->fields && view_check_names(view, "--fields", c->fields, e) < 0)
		return -1;
	return c->sort ? view_check_names(view, "--sort", c->sort, e) : 0;
}

/* ipv4 and ipv6 are the client's own: the addresses of one family of `ip`. */
static bool
print_is_family(const char *name)
{
	return strcmp(name, "ipv4") == 0 || strcmp(name, "ipv6") == 0;
}

static void
wanted_add(struct buf *out, const char *name)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(name, "."), print_is_family(name) ? "ip" : name);
	if (!opt_is_listed(out->data, wanted))
		buf_addf(out, "%s%s", out->len > 0 ? "," : "", wanted);
}

/* -q shows the names alone, where no fields and no format were asked for. */
static const char *
print_columns(const struct client *c, const struct view *view)
{
	if (c->fields)
		return c->fields;
	return c->quiet && c->output == OUTPUT_TABLE ? view->key : view->columns;
}

char *
print_wanted(const struct client *c, const struct view *view)
{
	AUTO_NAMES struct names fields = { 0 }, sort = { 0 };
	struct buf out = { 0 };

	if (c->output == OUTPUT_JSON && !c->fields)
		return NULL;
	if (!names_split(&fields, print_columns(c, view)) || !names_split(&sort, c->sort))
		return NULL;
	for (size_t i = 0; i < fields.n; i++)
		wanted_add(&out, fields.v[i]);
	for (size_t i = 0; i < sort.n; i++)
		wanted_add(&out, sort.v[i] + (sort.v[i][0] == '-'));
	return out.data;
}

void
print_size(int64_t bytes, struct buf *out)
{
	static const char units[] = "BKMGTP";
	size_t unit = 0;
	double value = (double)bytes;

	while (value >= 1024 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	/* 1023.97M would be shown as 1024.0M. */
	if (value >= 1023.95 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (unit == 0 || value == (double)(int64_t)value)
		buf_addf(out, "%lld%c", (long long)value, units[unit]);
	else
		buf_addf(out, "%.1f%c", value, units[unit]);
}

static void
print_list_value(struct json_object *list, const char *field, bool human, struct buf *out)
{
	bool family = print_is_family(field), v6 = strcmp(field, "ipv6") == 0;
	size_t start = out->len;

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(list, i));

		if (!text || (family && (strchr(text, ':') != NULL) != v6))
			continue;
		if (out->len > start)
			buf_addf(out, human ? "," : " ");
		clean_text(text, out);
	}
}

/* The value as it lies in the item; NULL for null and for none. */
static struct json_object *
print_get(struct json_object *item, const char *field)
{
	struct json_object *value = NULL;
	const char *dot = strchr(field, '.');
	char name[64];

	if (!json_object_is_type(item, json_type_object))
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(field, "."), print_is_family(field) ? "ip" : field);
	json_object_object_get_ex(item, name, &value);
	return dot ? print_get(value, dot + 1) : value;
}

void
print_value(const struct view *view, struct json_object *item, const char *field, bool human, struct buf *out)
{
	struct json_object *value = print_get(item, field);
	const struct field *row = print_field(view, field);
	size_t start = out->len;

	if (json_object_is_type(value, json_type_array))
		print_list_value(value, field, human, out);
	else if (human && row && row->type == FIELD_SIZE && json_object_is_type(value, json_type_int))
		print_size(json_object_get_int64(value), out);
	else if (human && json_object_is_type(value, json_type_boolean))
		buf_addf(out, "%s", json_object_get_boolean(value) ? "yes" : "no");
	else if (json_object_is_type(value, json_type_object))
		clean_text(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), out);
	else if (value)
		clean_text(json_object_get_string(value), out);
	if (out->len == start)
		buf_addf(out, "%s", human ? "-" : "");
}

/* Sorting: numbers by value, texts so that web2 comes before web10, what is absent first. */
static int
print_compare_values(struct json_object *a, struct json_object *b)
{
	bool numbers = (json_object_is_type(a, json_type_int) || json_object_is_type(a, json_type_double)) &&
	               (json_object_is_type(b, json_type_int) || json_object_is_type(b, json_type_double));
	const char *x, *y;

	if (!a || !b)
		return (a != NULL) - (b != NULL);
	if (numbers) {
		double d = json_object_get_double(a) - json_object_get_double(b);

		return (d > 0) - (d < 0);
	}
	x = json_object_get_string(a);
	y = json_object_get_string(b);
	return strverscmp(x ? x : "", y ? y : "");
}

static int
print_compare(const void *a, const void *b, void *arg)
{
	struct json_object *const *x = a, *const *y = b;
	const struct names *keys = arg;

	for (size_t i = 0; i < keys->n; i++) {
		bool down = keys->v[i][0] == '-';
		const char *key = keys->v[i] + down;
		int order = print_compare_values(print_get(*x, key), print_get(*y, key));

		if (order != 0)
			return down ? -order : order;
	}
	return 0;
}

static int
print_sort(const struct client *c, struct json_object *items, struct err *e)
{
	AUTO_NAMES struct names keys = { 0 };
	size_t n = json_object_array_length(items);
	AUTO_FREE struct json_object **order = calloc(n + 1, sizeof *order);

	if (!order || !names_split(&keys, c->sort))
		return err_set(e, ERR_INTERNAL, "out of memory");
	for (size_t i = 0; i < n; i++)
		order[i] = json_object_get(json_object_array_get_idx(items, i));
	qsort_r(order, n, sizeof *order, print_compare, &keys);
	for (size_t i = 0; i < n; i++)
		json_object_array_put_idx(items, i, order[i]);
	return 0;
}

bool
print_flush(struct buf *out)
{
	bool ok = !out->failed && fd_write_all(STDOUT_FILENO, out->data ? out->data : "", out->len) == 0;

	buf_clear(out);
	return ok;
}

static int
print_out(struct buf *out, struct err *e)
{
	if (out->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	return print_flush(out) ? 0 : err_sys(e, "write standard output");
}

/* json-c leaves DEL and the C1 controls as they are; inside its texts they can be escaped without changing the value. */
static void
print_json_text(const char *text, struct buf *out)
{
	const unsigned char *c = (const unsigned char *)text, *from = c;

	for (; *c; c++) {
		bool c1 = c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;

		if (!c1 && *c != 0x7f)
			continue;
		buf_add(out, from, (size_t)(c - from));
		buf_addf(out, "\\u%04x", c1 ? c[1] : c[0]);
		c += c1;
		from = c + 1;
	}
	buf_add(out, from, (size_t)(c - from));
}

int
print_json(struct json_object *json, bool pretty, struct err *e)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE | (pretty ? JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN);
	const char *text = json_object_to_json_string_ext(json, flags);
	struct buf out = { 0 };

	if (!text)
		return err_set(e, ERR_INTERNAL, "out of memory");
	print_json_text(text, &out);
	buf_addf(&out, "\n");
	return print_out(&out, e);
}

/* A new reference to the value; of ipv4 and ipv6 those addresses alone. */
static struct json_object *
print_json_value(struct json_object *item, const char *field)
{
	struct json_object *value = print_get(item, field), *array;

	if (!print_is_family(field) || !json_object_is_type(value, json_type_array))
		return json_object_get(value);
	array = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		struct json_object *address = json_object_array_get_idx(value, i);
		const char *text = json_object_get_string(address);

		if (text && (strchr(text, ':') != NULL) == (strcmp(field, "ipv6") == 0))
			json_object_array_add(array, json_object_get(address));
	}
	return array;
}

static int
print_list_json(const struct names *fields, bool chosen, struct json_object *items, struct err *e)
{
	struct json_object *array;
	int rc;

	if (!chosen)
		return print_json(items, true, e);
	array = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *item = json_object_array_get_idx(items, i), *row = json_object_new_object();

		for (size_t j = 0; j < fields->n; j++)
			json_object_object_add(row, fields->v[j], print_json_value(item, fields->v[j]));
		json_object_array_add(array, row);
	}
	rc = print_json(array, true, e);
	json_object_put(array);
	return rc;
}

void
print_csv_cell(const char *text, struct buf *out)
{
	if (!strpbrk(text, ",\"") && *text != ' ') {
		buf_addf(out, "%s", text);
		return;
	}
	buf_add(out, "\"", 1);
	for (; *text; text++)
		buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	buf_add(out, "\"", 1);
}

static int
print_list_csv(const struct client *c, const struct view *view, const struct names *fields, struct json_object *items,
               struct err *e)
{
	struct buf out = { 0 };

	for (size_t j = 0; j < fields->n && !c->no_header; j++)
		buf_addf(&out, "%s%s", fields->v[j], j + 1 < fields->n ? "," : "\r\n");
	for (size_t i = 0; i < json_object_array_length(items); i++)
		for (size_t j = 0; j < fields->n; j++) {
			AUTO_BUF struct buf cell = { 0 };

			print_value(view, json_object_array_get_idx(items, i), fields->v[j], false, &cell);
			print_csv_cell(cell.data ? cell.data : "", &out);
			buf_addf(&out, "%s", j + 1 < fields->n ? "," : "\r\n");
		}
	return print_out(&out, e);
}

/* Numbers stand right; on a narrow terminal the texts that may be long give way, on lines of their own. What somebody copies, such
   as an id or an address, stays in one piece. */
static int
print_column_flags(const struct view *view, const char *name)
{
	static const char longish[] = "dns,ssh_keys,exit,description,init,text,error,result";
	const struct field *row = print_field(view, name);

	if (row && (row->type == FIELD_INT || row->type == FIELD_SIZE || row->type == FIELD_MILLI))
		return SCOLS_FL_RIGHT;
	return opt_is_listed(longish, name) ? SCOLS_FL_WRAP : 0;
}

void
print_title(const char *field, char *out, size_t size)
{
	size_t i = 0;

	for (; field[i] && i + 1 < size; i++)
		out[i] = field[i] >= 'a' && field[i] <= 'z' ? (char)(field[i] - 'a' + 'A') : field[i];
	out[i] = '\0';
	if (print_is_family(field))
		out[2] = 'v';
}

static int
print_fill_table(struct libscols_table *table, const struct view *view, const struct names *fields, struct json_object *items)
{
	for (size_t j = 0; j < fields->n; j++) {
		char title[64];

		print_title(fields->v[j], title, sizeof title);
		if (!scols_table_new_column(table, title, 0, print_column_flags(view, fields->v[j])))
			return -1;
	}
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		for (size_t j = 0; j < fields->n; j++) {
			AUTO_BUF struct buf cell = { 0 };

			print_value(view, json_object_array_get_idx(items, i), fields->v[j], true, &cell);
			if (!line || cell.failed || scols_line_set_data(line, j, cell.data) != 0)
				return -1;
		}
	}
	return 0;
}

static int
print_list_table(const struct client *c, const struct view *view, const struct names *fields, struct json_object *items,
                 struct err *e)
{
	struct libscols_table *table;
	int rc = -1;

	if (json_object_array_length(items) == 0)
		return 0;
	setlocale(LC_CTYPE, "");
	table = scols_new_table();
	if (table && print_fill_table(table, view, fields, items) == 0) {
		scols_table_enable_noheadings(table, c->no_header || c->quiet);
		scols_table_enable_noencoding(table, 1);
		rc = scols_print_table(table);
	}
	scols_unref_table(table);
	if (rc < 0)
		return err_set(e, ERR_INTERNAL, "Can't print the table");
	return fflush(stdout) == 0 ? 0 : err_sys(e, "write standard output");
}

int
print_list(const struct client *c, const struct view *view, struct json_object *items, struct err *e)
{
	AUTO_NAMES struct names fields = { 0 };

	if (!names_split(&fields, print_columns(c, view)))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (c->sort && print_sort(c, items, e) < 0)
		return -1;
	switch (c->output) {
	case OUTPUT_JSON:
		return print_list_json(&fields, c->fields != NULL, items, e);
	case OUTPUT_CSV:
		return print_list_csv(c, view, &fields, items, e);
	case OUTPUT_TABLE:
		break;
	}
	return print_list_table(c, view, &fields, items, e);
}

/* All fields of the object when none were chosen. */
static int
print_object_csv(const struct client *c, const struct view *view, struct names *fields, struct json_object *item, struct err *e)
{
	struct json_object *items = json_object_new_array();
	int rc;

	if (fields->n == 0) {
		json_object_object_foreach(item, name,
		                           value) if (fields->n < COLUMNS_MAX && !json_object_is_type(value, json_type_object))
		        fields->v[fields->n++] = name;
	}
	json_object_array_add(items, json_object_get(item));
	rc = print_list_csv(c, view, fields, items, e);
	json_object_put(items);
	return rc;
}

static void
print_object_row(const struct view *view, struct json_object *item, const char *name, struct buf *out)
{
	AUTO_BUF struct buf value = { 0 };

	print_value(view, item, name, true, &value);
	clean_text(name, out);
	for (size_t len = strlen(name); len < 16; len++)
		buf_add(out, " ", 1);
	buf_addf(out, " %s\n", value.data ? value.data : "");
}

static void
print_object_rows(const struct view *view, struct json_object *item, struct json_object *part, const char *prefix, struct buf *out)
{
	json_object_object_foreach(part, key, value)
	{
		bool inner = json_object_is_type(value, json_type_object) && !*prefix;
		char name[128];

		snprintf(name, sizeof name, "%s%s%s", prefix, key, inner ? "." : "");
		if (inner)
			print_object_rows(view, item, value, name, out);
		else if (value)
			print_object_row(view, item, name, out);
	}
}

static int
print_object_page(const struct view *view, const struct names *fields, struct json_object *item, struct err *e)
{
	struct buf out = { 0 };

	for (size_t j = 0; j < fields->n; j++)
		print_object_row(view, item, fields->v[j], &out);
	if (fields->n == 0)
		print_object_rows(view, item, item, "", &out);
	return print_out(&out, e);
}

int
print_object(const struct client *c, const struct view *view, struct json_object *item, struct err *e)
{
	AUTO_NAMES struct names fields = { 0 };
	struct json_object *row;
	int rc;

	if (print_check(c, view, e) < 0)
		return -1;
	if (!json_object_is_type(item, json_type_object) || !names_split(&fields, c->fields ? c->fields : ""))
		return err_set(e, ERR_INTERNAL, "The daemon's answer is no object");
	if (c->output == OUTPUT_TABLE)
		return print_object_page(view, &fields, item, e);
	if (c->output == OUTPUT_JSON && !c->fields)
		return print_json(item, true, e);
	if (c->output == OUTPUT_CSV)
		return print_object_csv(c, view, &fields, item, e);
	row = json_object_new_object();
	for (size_t j = 0; j < fields.n; j++)
		json_object_object_add(row, fields.v[j], print_json_value(item, fields.v[j]));
	rc = print_json(row, true, e);
	json_object_put(row);
	return rc;
}
