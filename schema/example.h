/* One request an operation, as the reference shows it. In this order they tell a story that a test plays. */
#ifndef BERTH_EXAMPLE_H
#define BERTH_EXAMPLE_H

#include <stddef.h>

#include "schema/ops.h"

struct example {
	enum op_id op;
	const char *arg;   /* for {id}; $OPERATION, $TOKEN and $WEBHOOK: the last one's id */
	const char *query; /* or "" */
	const char *body;  /* JSON, or NULL */
	int status;        /* of the answer */
};

extern const struct example examples[];
extern const size_t examples_count;

#endif
