/*
 * Against guessing. Credentials that are wrong are counted by where they come from and by the token that they name; past a measure
 * such a caller is told to wait, and his connection ends. Only what is wrong is counted and refused, after it has been looked at:
 * who brings a right token is served, whatever others try with its id or from beside him behind the same proxy.
 */
#ifndef BERTH_API_GUARD_H
#define BERTH_API_GUARD_H

#include <stdint.h>

#include "daemon/api/route.h"

struct guard;

struct guard *guard_new(void);
void guard_free(struct guard *guard);

/* A credential was refused, as *e says; past the measure *e becomes ERR_TOO_MANY. header: what was shown, or "". */
void guard_count(struct guard *guard, const struct peer *peer, const char *header, int64_t now_ms, struct err *e);

#endif
