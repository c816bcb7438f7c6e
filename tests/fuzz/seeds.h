/* First inputs of the fuzz targets, made from the tables: each operation, field, parameter and message is in them, also a new one.
 */
#ifndef BERTH_FUZZ_SEEDS_H
#define BERTH_FUZZ_SEEDS_H

#include <stddef.h>
#include <stdint.h>

#include "schema/field.h"

typedef void seed_take(void *arg, const void *data, size_t len);
/* Those of a target ("http", "api", "json", "protocol"); none of another. */
void seeds_each(const char *target, seed_take *take, void *arg);

/* What the json target reads: a body's or file's schema, by its number; NULL past the last. */
const struct schema *seed_schema(size_t i);

/* Who calls, by the first byte of the api target's inputs. */
struct seed_caller {
	uint32_t uid;
	const char *role; /* "admin", "": nobody that the host knows */
	const char *tenant;
};
enum { SEED_CALLERS = 6 };
extern const struct seed_caller seed_callers[SEED_CALLERS];

#endif
