/*
 * Volumes: POOL_DIR/<uuid>/ holds `fs`, in it `upper` and `work`, and `manifest`. A backend is a row of functions; the one in
 * use is spec->layout.storage.
 */
#ifndef BERTH_VOLUME_H
#define BERTH_VOLUME_H

#include "schema/protocol.h"

struct volume_usage {
	int64_t effective; /* bytes, -1: none */
	int64_t used;      /* bytes */
};

/* Mounts the pool (making the loop file and its file system the first time), chooses the backend: layout->storage, pool_device.
 * Idempotent. */
int volume_host_setup(const struct settings *s, struct layout *layout, struct err *e);
/* Unmounts it and detaches the loop device; with `destroy` the loop file goes too. ERR_CONFLICT while it is in use. */
int volume_host_cleanup(const struct settings *s, bool destroy, struct err *e);

/* The pool's size and what of it is unused, in bytes. */
int volume_host_room(const struct settings *s, int64_t *bytes_out, int64_t *free_out, struct err *e);

/* Makes it with its quota. Exists already: success when it is this container's own. */
int volume_create(const struct spec *spec, struct err *e);
/* ERR_CONFLICT where it holds more already. */
int volume_set_quota(const struct spec *spec, struct err *e);
/* So many bytes instead, whatever it holds: lent for a while, or taken back. */
int volume_force_quota(const struct spec *spec, int64_t bytes, struct err *e);
/* Removes it with all it holds, its quota group too. Absent is success. */
int volume_delete(const struct spec *spec, struct err *e);
int volume_read(const struct spec *spec, struct volume_usage *usage_out, struct err *e);

/* Writes POOL_DIR/<uuid>/manifest from the spec: place and config, with a revision that grows. Durable, or by a later
 * volume_sync(). */
int volume_write_manifest(const struct spec *spec, bool durable, struct err *e);
/* What that tells, into a record whose place is the registry's: config, revision, created_at; or problem. */
int volume_load_manifest(const struct settings *s, struct manifest *out, struct err *e);
/* All of the volume is on disk. */
int volume_sync(const struct spec *spec, struct err *e);

#endif
