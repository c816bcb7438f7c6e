/* Results on standard output: a list as table, JSON or CSV. */
#ifndef BERTH_PRINT_H
#define BERTH_PRINT_H

#include "client/client.h"
#include "schema/field.h"

struct json_object;

/* What a list's rows may show. */
struct view {
	const char *columns;             /* shown when --fields is left out, joined by commas */
	const struct schema *schemas[3]; /* names and types of fields; NULL at the end */
	const char *names;               /* further fields, joined by commas; may be NULL */
	const char *key;                 /* what -q shows */
};

/* 0, or -1 when --fields or --sort name a field that the view doesn't have (exit 2, the nearest is named). */
int print_check(const struct client *c, const struct view *view, struct err *e);
/* The `fields` that a request for this view needs, or NULL for all: NAME,NAME. The caller frees it. */
char *print_wanted(const struct client *c, const struct view *view);
/* items is sorted in place. */
int print_list(const struct client *c, const struct view *view, struct json_object *items, struct err *e);
/* One object: as a page of its fields, as a JSON object, or as a CSV line. */
int print_object(const struct client *c, const struct view *view, struct json_object *item, struct err *e);
int print_json(struct json_object *json, bool pretty, struct err *e);

/* One value as text. human: sizes with units, lists with commas, "-" for none; else as in CSV. */
void print_value(const struct view *view, struct json_object *item, const char *field, bool human, struct buf *out);
/* The row of that name in one of the view's schemas, or NULL. */
const struct field *print_field(const struct view *view, const char *name);
/* A column's title: IPv4, MEMORY. */
void print_title(const char *field, char *out, size_t size);
/* "512M", "1.5G", "300B". */
void print_size(int64_t bytes, struct buf *out);
/* One CSV cell, quoted where needed (RFC 4180). */
void print_csv_cell(const char *text, struct buf *out);

/* Adds to out; false when standard output can't be written. */
bool print_flush(struct buf *out);

#endif
