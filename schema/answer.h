/*
 * What the API answers: the rows of its resources' records, and those that are put together for an answer alone. fields= and the
 * reference come from them.
 */
#ifndef BERTH_ANSWER_H
#define BERTH_ANSWER_H

#include "schema/field.h"

struct answer {
	const char *name;
	const char *help;
	const struct schema *parts[3]; /* their rows stand side by side; ends with NULL */
};

#define ANSWERS(X)                                                                                                                 \
	X(features)                                                                                                                \
	X(reference)                                                                                                               \
	X(problem)                                                                                                                 \
	X(container)                                                                                                               \
	X(limits)                                                                                                                  \
	X(template)                                                                                                                \
	X(network)                                                                                                                 \
	X(ip_pool)                                                                                                                 \
	X(address)                                                                                                                 \
	X(usage)                                                                                                                   \
	X(tenant)                                                                                                                  \
	X(plan) X(token) X(operation) X(event) X(webhook) X(audit) X(doctor) X(capacity) X(recovery) X(which)
#define X(name) extern const struct answer name##_answer;
ANSWERS(X)
#undef X

/* A field that is shown, by its name; those of a FIELD_FLAT object are the answer's own. NULL: there is none. */
const struct field *answer_field(const struct answer *answer, const char *name);

#endif
