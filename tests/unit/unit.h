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
#include <unistd.h>

#include <cmocka.h>

#include "daemon/util/err.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The lowest free descriptor: grows when one is leaked. */
static inline int
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

#endif
