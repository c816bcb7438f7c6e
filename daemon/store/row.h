/*
 * Records as rows: a column bears its field's name. Secrets, what is never kept, and embedded objects are no columns. A field that
 * isn't given is NULL; a list is a JSON array.
 */
#ifndef BERTH_ROW_H
#define BERTH_ROW_H

#include <sqlite3.h>

#include "schema/field.h"

struct store;

bool row_is_column(const struct field *field);
int row_columns(const struct schema *schema);

/* "a", "b", …: each name after prefix, the first after `lead`. */
void row_names(const struct schema *schema, const char *lead, const char *prefix, struct buf *out);
/* ?first, ?first+1, … */
void row_holes(const struct schema *schema, const char *lead, int first, struct buf *out);
/* "a" = ?first, … */
void row_assignments(const struct schema *schema, const char *lead, int first, struct buf *out);

/* Both return the number after the last parameter or column used, or -1 when out of memory. */
int row_bind(sqlite3_stmt *stmt, int first, const struct schema *schema, const void *record);
int row_read(sqlite3_stmt *stmt, int first, const struct schema *schema, void *record);
/* The one row whose key is ?1. 1 found, 0 absent, -1 error. */
int row_find(struct store *s, const char *sql, const char *key, const struct schema *schema, void *record, struct err *e);

/* For rows that the daemon fills in itself; an unknown name aborts. put_text with NULL takes the field away. false: out of memory.
 */
bool row_put_text(const struct schema *schema, void *record, const char *name, const char *text);
void row_put_int(const struct schema *schema, void *record, const char *name, int64_t value);

#endif
