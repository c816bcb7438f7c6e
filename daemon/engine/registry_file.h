/* STATE_DIR/registry: a file a container (root, 0600), its identity as the engine gave it; `high`, the highest CTID ever given;
 * `isolated`. */
#ifndef BERTH_REGISTRY_FILE_H
#define BERTH_REGISTRY_FILE_H

#include "schema/spec.h"

/* Durable; raises `high` where the place's number is higher. */
int registry_file_write(const struct settings *s, const struct place *place, struct err *e);
/* Absent is success. */
int registry_file_remove(const struct settings *s, const char *id, struct err *e);

/* `isolated`: numbers of the host's networks that keep tenants apart. Durable; there is none: no network does. */
int registry_file_write_isolated(const struct settings *s, const struct strv *networks, struct err *e);
int registry_file_read_isolated(const struct settings *s, struct strv *networks_out, struct err *e);

/* Calls take() for each entry; an unreadable one is logged and left alone. *high_out is raised to `high`. */
typedef int registry_file_take(const struct place *place, void *arg, struct err *e);
int registry_file_scan(const struct settings *s, int64_t *high_out, registry_file_take *take, void *arg, struct err *e);

#endif
