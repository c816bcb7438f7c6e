#include "daemon/engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/volume_backend.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

enum { MANIFEST_MAX = 1 << 20 };

const struct volume_backend *
volume_backend_get(const char *name, struct err *e)
{
	static const struct volume_backend *const backends[] = { &volume_btrfs, &volume_prjquota, &volume_dir };

	for (size_t i = 0; name && i < sizeof backends / sizeof *backends; i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	err_set(e, ERR_INTERNAL, "there is no storage backend '%s'", name ? name : "");
	return NULL;
}

int
volume_open_fs(int volume_fd, int *fd_out, struct err *e)
{
	int fd = openat(volume_fd, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open the volume's data");
	*fd_out = fd;
	return 0;
}

int
volume_sync_pool(int pool_fd, struct err *e)
{
	return fsync(pool_fd) < 0 ? err_sys(e, "sync the pool") : 0;
}

static int
volume_open_pool(const struct spec *spec, int *fd_out, struct err *e)
{
	int fd = open(spec->settings.pool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open the pool '%s'", spec->settings.pool_dir);
	*fd_out = fd;
	return 0;
}

/* POOL_DIR/<uuid>: 1 there, 0 absent, -1 error. */
static int
volume_open_dir(const struct spec *spec, int pool_fd, int *fd_out, struct err *e)
{
	int fd = openat(pool_fd, spec->place.id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, "open volume %s", spec->place.id);
	*fd_out = fd;
	return 1;
}

static int
volume_need_dir(const struct spec *spec, int *fd_out, struct err *e)
{
	AUTO_CLOSE int pool = -1;
	int rc;

	if (volume_open_pool(spec, &pool, e) < 0)
		return -1;
	rc = volume_open_dir(spec, pool, fd_out, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "The container's volume is not in the pool");
	return rc < 0 ? -1 : 0;
}

/* 1 read, 0 there is none, -1 error. */
static int
volume_read_manifest(int volume_fd, struct json_object **json_out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct json_object *json;

	if (fd_read_file(volume_fd, "manifest", MANIFEST_MAX, &text, NULL, e) < 0)
		return errno == ENOENT ? 0 : -1;
	json = json_tokener_parse(text);
	if (!json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		return err_set(e, ERR_INTERNAL, "the volume's manifest is damaged");
	}
	*json_out = json;
	return 1;
}

/* 1 it is the container's own and whole, 0 left over from a create that was cut short, -1 somebody else's. */
static int
volume_is_own(const struct spec *spec, int volume_fd, struct err *e)
{
	struct json_object *json = NULL, *place, *ctid;
	int rc = volume_read_manifest(volume_fd, &json, e);

	if (rc <= 0)
		return rc;
	if (!json_object_object_get_ex(json, "place", &place) || !json_object_object_get_ex(place, "ctid", &ctid) ||
	    json_object_get_int64(ctid) != spec->place.ctid)
		rc = err_set(e, ERR_CONFLICT, "There is a volume with the id %s already, of another container", spec->place.id);
	json_object_put(json);
	return rc;
}

static int
volume_fill(const struct spec *spec, const struct volume_backend *backend, int pool_fd, int volume_fd, struct err *e)
{
	AUTO_CLOSE int fs = -1;

	if (backend->destroy(pool_fd, volume_fd, e) < 0 || backend->create(spec, volume_fd, e) < 0 ||
	    volume_open_fs(volume_fd, &fs, e) < 0)
		return -1;
	if (mkdirat(fs, "upper", 0755) < 0 || mkdirat(fs, "work", 0700) < 0)
		return err_sys(e, "make the volume's directories");
	FAULT("volume.subvolume");
	return backend->set_limit(volume_fd, spec->config.disk, e);
}

int
volume_create(const struct spec *spec, struct err *e)
{
	const struct volume_backend *backend = volume_backend_get(spec->layout.storage, e);
	AUTO_CLOSE int pool = -1, dir = -1;
	int rc;

	if (!backend || volume_open_pool(spec, &pool, e) < 0)
		return -1;
	if (mkdirat(pool, spec->place.id, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make volume %s", spec->place.id);
	rc = volume_open_dir(spec, pool, &dir, e);
	if (rc <= 0)
		return rc < 0 ? -1 : err_set(e, ERR_INTERNAL, "volume %s vanished", spec->place.id);
	FAULT("volume.directory");
	rc = volume_is_own(spec, dir, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (volume_fill(spec, backend, pool, dir, e) == 0)
		return 0;
	backend->destroy(pool, dir, NULL);
	unlinkat(pool, spec->place.id, AT_REMOVEDIR);
	return -1;
}

int
volume_set_quota(const struct spec *spec, struct err *e)
{
	const struct volume_backend *backend = volume_backend_get(spec->layout.storage, e);
	struct volume_usage usage;
	char used[24], limit[24];
	AUTO_CLOSE int dir = -1;

	if (!backend || volume_need_dir(spec, &dir, e) < 0 || backend->read(dir, &usage, e) < 0)
		return -1;
	if (usage.used > spec->config.disk)
		return err_set(e, ERR_CONFLICT, "The container's disk holds %s: the limit can't become %s",
		               field_size_text((usage.used + (1 << 20) - 1) >> 20 << 20, used, sizeof used),
		               field_size_text(spec->config.disk, limit, sizeof limit));
	if (backend->has_room && backend->has_room(dir, spec->config.disk, e) < 0)
		return -1;
	return backend->set_limit(dir, spec->config.disk, e);
}

int
volume_force_quota(const struct spec *spec, int64_t bytes, struct err *e)
{
	const struct volume_backend *backend = volume_backend_get(spec->layout.storage, e);
	AUTO_CLOSE int dir = -1;

	if (!backend || volume_need_dir(spec, &dir, e) < 0)
		return -1;
	return backend->set_limit(dir, bytes, e);
}

int
volume_delete(const struct spec *spec, struct err *e)
{
	const struct volume_backend *backend = volume_backend_get(spec->layout.storage, e);
	AUTO_CLOSE int pool = -1, dir = -1;
	int rc;

	if (!backend || volume_open_pool(spec, &pool, e) < 0)
		return -1;
	rc = volume_open_dir(spec, pool, &dir, e);
	/* The manifest last: until then it is known whose this is. */
	if (rc < 0 || (rc == 1 && backend->destroy(pool, dir, e) < 0))
		return -1;
	FAULT("volume.emptied");
	if (rc == 1 && fd_remove_tree(pool, spec->place.id, e) < 0)
		return -1;
	FAULT("volume.removed");
	/* The registry entry goes next: nobody would know of a volume that a power cut brings back. */
	return backend->commit(pool, e);
}

int
volume_read(const struct spec *spec, struct volume_usage *usage_out, struct err *e)
{
	const struct volume_backend *backend = volume_backend_get(spec->layout.storage, e);
	AUTO_CLOSE int dir = -1;

	if (!backend || volume_need_dir(spec, &dir, e) < 0)
		return -1;
	return backend->read(dir, usage_out, e);
}

static struct json_object *
volume_manifest(const struct spec *spec, int64_t revision)
{
	struct json_object *json = json_object_new_object(), *place = record_to_json(&place_schema, &spec->place, true),
	                   *config = record_to_json(&container_config_schema, &spec->config, true);

	if (!json || !place || !config) {
		json_object_put(json);
		json_object_put(place);
		json_object_put(config);
		return NULL;
	}
	json_object_object_add(json, "version", json_object_new_int(1));
	json_object_object_add(json, "revision", json_object_new_int64(revision));
	json_object_object_add(json, "place", place);
	json_object_object_add(json, "config", config);
	return json;
}

int
volume_write_manifest(const struct spec *spec, bool durable, struct err *e)
{
	struct json_object *json = NULL, *revision;
	AUTO_CLOSE int dir = -1;
	int64_t last = 0;
	const char *text;
	int rc;

	if (volume_need_dir(spec, &dir, e) < 0)
		return -1;
	/* A damaged one is replaced: the request is the truth. */
	if (volume_read_manifest(dir, &json, NULL) == 1 && json_object_object_get_ex(json, "revision", &revision))
		last = json_object_get_int64(revision);
	json_object_put(json);
	json = volume_manifest(spec, last + 1);
	text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	rc = text ? fd_replace_file(dir, "manifest", text, strlen(text), 0600, durable, e)
	          : err_set(e, ERR_INTERNAL, "out of memory");
	json_object_put(json);
	return rc;
}

int
volume_sync(const struct spec *spec, struct err *e)
{
	AUTO_CLOSE int dir = -1;

	if (volume_need_dir(spec, &dir, e) < 0)
		return -1;
	return syncfs(dir) < 0 ? err_sys(e, "sync the volume") : 0;
}

static void
volume_manifest_problem(struct manifest *m, const char *text)
{
	m->problem = strdup(text);
	record_mark(&manifest_schema, m, "problem", m->problem != NULL);
}

static void
volume_take_manifest(struct manifest *m, struct json_object *json)
{
	struct json_object *place = json_object_object_get(json, "place"), *config = json_object_object_get(json, "config");
	struct err wrong = { 0 };

	if (json_object_get_int64(json_object_object_get(place, "ctid")) != m->place.ctid)
		volume_manifest_problem(m, "its manifest is of another container");
	else if (!config || record_from_file_json(&container_config_schema, config, &m->config, &wrong) < 0 ||
	         record_check(&container_config_schema, &m->config, true, &wrong) < 0)
		volume_manifest_problem(m, "its manifest is damaged");
	if (m->problem) {
		record_clear(&container_config_schema, &m->config);
		return;
	}
	m->revision = json_object_get_int64(json_object_object_get(json, "revision"));
	record_mark(&manifest_schema, m, "config", true);
	record_mark(&manifest_schema, m, "revision", m->revision >= 0);
}

int
volume_load_manifest(const struct settings *s, struct manifest *out, struct err *e)
{
	AUTO_CLOSE int pool = open(s->pool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int dir = -1;
	struct json_object *json = NULL;
	struct statx st;
	int rc;

	if (pool < 0)
		return err_sys(e, "open the pool '%s'", s->pool_dir);
	dir = openat(pool, out->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) {
		volume_manifest_problem(out, errno == ENOENT ? "its volume is gone" : "its volume can't be opened");
		return 0;
	}
	if (statx(dir, "", AT_EMPTY_PATH, STATX_BTIME | STATX_MTIME, &st) == 0) {
		out->created_at = st.stx_mask & STATX_BTIME ? st.stx_btime.tv_sec : st.stx_mtime.tv_sec;
		record_mark(&manifest_schema, out, "created_at", true);
	}
	rc = volume_read_manifest(dir, &json, NULL);
	if (rc == 0)
		volume_manifest_problem(out, "it has no manifest: its creation was cut short, or the manifest is lost");
	else if (rc < 0)
		volume_manifest_problem(out, "its manifest is damaged");
	else
		volume_take_manifest(out, json);
	json_object_put(json);
	return 0;
}
