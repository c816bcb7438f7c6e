/*
 * The host's uplink, shared among containers by weight when it is full: what they send by it takes turns, each as many bytes as its
 * weight says, and what one leaves the others have. The host's own packets are one such sender. What arrives isn't shared: it has
 * passed the narrow place before it is seen. Without the option `uplink` no interface is touched.
 */
#ifndef BERTH_UPLINK_H
#define BERTH_UPLINK_H

#include "schema/spec.h"

/* Makes it, with the shares of containers that run; gives back one that the options don't name any more. */
int uplink_make(const struct settings *s, struct err *e);
int uplink_cleanup(const char *instance, struct err *e);

/* Makes the container's share, or changes it. */
int uplink_set(const struct settings *s, const struct place *place, int64_t weight, struct err *e);
/* Absent is success. */
int uplink_clear(const struct settings *s, const struct place *place, struct err *e);

/* The class of the container's packets, as tc and nft know it: MAJOR << 16 | MINOR. 0: it has none. */
uint32_t uplink_class(const struct settings *s, const struct place *place);

#endif
