/* A text for each row of the tables, for what goes over all rows: unit tests and first inputs of the fuzz targets. */
#ifndef BERTH_TESTS_FIELD_TEXT_H
#define BERTH_TESTS_FIELD_TEXT_H

#include "schema/field.h"

/* One that passes the field's rule, as its value or a line of its list; NULL when none is known: add one to field_text.c. */
const char *field_text(const struct field *field);

#endif
