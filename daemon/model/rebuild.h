/*
 * A lost or damaged database is put together again: the newest copy that is sound, and over it what the engine's registry and
 * the containers' manifests tell. Everything happens in memory until rebuild_save().
 */
#ifndef BERTH_MODEL_REBUILD_H
#define BERTH_MODEL_REBUILD_H

#include "daemon/model/model.h"

struct json_object;
struct rebuild;

/* NULL when out of memory. */
struct rebuild *rebuild_new(const struct settings *settings);
void rebuild_free(struct rebuild *r);

/* Copies come before containers, the newest first: the first that is sound is built on. Reads fd from its start. */
int rebuild_take_copy(struct rebuild *r, const char *name, int fd, struct err *e);
/* running: whether the engine has it so, which is then what is wanted of one that no copy knows. */
int rebuild_take_container(struct rebuild *r, const struct manifest *manifest, bool running, struct err *e);

/*
 * All have been told: what is registered no more goes, what was under way in the copy has failed. The report is the caller's:
 * "copy", "containers" (name, tenant, ctid, id, source, problem), "gone", "notes".
 */
int rebuild_finish(struct rebuild *r, struct json_object **report_out, struct err *e);
/* As a new file, on disk when this returns. */
int rebuild_save(const struct rebuild *r, const char *path, struct err *e);

#endif
