/* Records of any table, filled with values that its rows take, for tests that go over every row of every table. */
#ifndef BERTH_TESTS_RECORDS_H
#define BERTH_TESTS_RECORDS_H

#include "schema/field.h"

/* Every table that there is; ends with NULL. */
extern const struct schema *const all_schemas[];

/* A text that the row takes; fails the test when none is known. */
const char *records_text(const struct field *field);
/* Gives the field a right value: the least one or, with max, the greatest. */
void records_fill_field(const struct schema *schema, size_t i, void *record, bool max);
/* Gives all fields one, nested records too. */
void records_fill(const struct schema *schema, void *record, bool max);
void *records_new(const struct schema *schema);
void records_free(const struct schema *schema, void *record);
/* Whether every given field is equal. */
bool records_equal(const struct schema *schema, const void *a, const void *b);

#endif
