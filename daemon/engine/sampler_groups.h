/* Containers' control groups, kept open from one pass to the next: a read of an open file costs a fifth of a path's look-up. */
#ifndef BERTH_SAMPLER_GROUPS_H
#define BERTH_SAMPLER_GROUPS_H

#include "schema/sample.h"
#include "schema/spec.h"

struct groups;

/* files_max: how many descriptors may be kept; the groups beyond are opened for each pass. settings and layout are borrowed. */
struct groups *groups_new(const struct settings *s, const struct layout *layout, size_t files_max, struct err *e);
void groups_free(struct groups *g);

/* Fills epoch and the values of the control groups; one that isn't running has epoch 0 and nothing known. */
void groups_read(struct groups *g, struct sample *sample);
/* After each pass: what was read in no pass since the last call is closed. */
void groups_sweep(struct groups *g);

#endif
