/* What every unit test includes first: cmocka's needs, and small helpers. */
#ifndef BERTH_TESTS_UNIT_H
#define BERTH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/util/err.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline bool
err_names(const struct err *e, const char *name)
{
	for (size_t i = 0; i < e->nparams; i++)
		if (strcmp(e->params[i].name, name) == 0)
			return true;
	return false;
}

#endif
