/*
 * What one container's packets are judged by, beyond what is so for all: two chains of its own, reached through maps from its
 * interface's name, so that a packet's way doesn't grow with the number of containers. All that nft is told of a rule is printed
 * from numbers.
 *
 * Replies pass. Every packet of the side that opened a connection is judged, also of one that exists: a stricter policy ends it.
 */
#ifndef BERTH_FIREWALL_POLICY_H
#define BERTH_FIREWALL_POLICY_H

#include "daemon/util/buf.h"
#include "schema/spec.h"

/* Adds the commands for what all share, to a table inet `instance` that has just been made. */
void firewall_policy_begin(struct buf *out, const char *instance);
/* The container's chains become those of `place`. `old` is what was so far, or NULL: unknown. */
void firewall_policy_put(struct buf *out, const struct settings *s, const struct place *old, const struct place *place);
void firewall_policy_drop(struct buf *out, const char *instance, const struct place *place);

#endif
