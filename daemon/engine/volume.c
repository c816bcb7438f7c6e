#include "daemon/engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/volume_backend.h"
#include "daemon/util/fd.h"

static const struct volume_backend *const backends[] = { &volume_btrfs, &volume_dir };

static const struct volume_backend *
volume_backend(const struct spec *spec)
{
	for (size_t i = 0; spec->layout.storage && i < sizeof backends / sizeof *backends; i++)
		if (strcmp(backends[i]->name, spec->layout.storage) == 0)
			return backends[i];
	return NULL;
}

/* 1 opened, 0 it isn't there, -1 error. */
static int
volume_open_dir(const struct spec *spec, int *fd_out, struct err *e)
{
	char path[SPEC_PATH_MAX];
	int fd = open(spec_volume_dir(spec, path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	*fd_out = fd;
	return 1;
}

static int
volume_need_dir(const struct spec *spec, const struct volume_backend **backend_out, int *fd_out, struct err *e)
{
	int rc = volume_open_dir(spec, fd_out, e);

	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "The volume of container %s is gone", spec->place.id);
	if (rc < 0)
		return -1;
	*backend_out = volume_backend(spec);
	return *backend_out ? 0 : err_set(e, ERR_INTERNAL, "unknown storage backend '%s'", spec->layout.storage);
}

/* The tree's root belongs to id 0 on disk and may be entered by all inside. */
static int
volume_make_layers(int dir_fd, struct err *e)
{
	AUTO_CLOSE int fs = openat(dir_fd, "fs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fs < 0)
		return err_sys(e, "open the volume");
	if ((mkdirat(fs, "upper", 0755) < 0 && errno != EEXIST) || (mkdirat(fs, "work", 0755) < 0 && errno != EEXIST))
		return err_sys(e, "make the volume's layers");
	return 0;
}

int
volume_create(const struct spec *spec, struct err *e)
{
	const struct volume_backend *backend;
	char path[SPEC_PATH_MAX];
	AUTO_CLOSE int fd = -1;

	if (mkdir(spec_volume_dir(spec, path), 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make '%s'", path);
	if (volume_need_dir(spec, &backend, &fd, e) < 0 || backend->create(fd, spec->config.disk, e) < 0)
		return -1;
	return volume_make_layers(fd, e);
}

int
volume_set_quota(const struct spec *spec, struct err *e)
{
	const struct volume_backend *backend;
	AUTO_CLOSE int fd = -1;

	return volume_need_dir(spec, &backend, &fd, e) < 0 ? -1 : backend->set_quota(fd, spec->config.disk, e);
}

int
volume_read(const struct spec *spec, struct volume_usage *usage_out, struct err *e)
{
	const struct volume_backend *backend;
	AUTO_CLOSE int fd = -1;

	return volume_need_dir(spec, &backend, &fd, e) < 0 ? -1 : backend->read(fd, usage_out, e);
}

int
volume_open(const struct spec *spec, int *fd_out, struct err *e)
{
	const struct volume_backend *backend;
	AUTO_CLOSE int fd = -1;
	int fs;

	if (volume_need_dir(spec, &backend, &fd, e) < 0)
		return -1;
	fs = openat(fd, "fs", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fs < 0)
		return err_sys(e, "open the volume");
	*fd_out = fs;
	return 0;
}

int
volume_delete(const struct spec *spec, struct err *e)
{
	const struct volume_backend *backend;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int pool = -1;

	if (volume_open_dir(spec, &fd, e) <= 0)
		return fd < 0 && err_is_set(e) ? -1 : 0;
	if (volume_need_dir(spec, &backend, &fd, e) < 0 || backend->delete(fd, e) < 0)
		return -1;
	pool = open(spec->settings.pool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pool < 0)
		return err_sys(e, "open '%s'", spec->settings.pool_dir);
	return fd_remove_tree(pool, spec->place.id, e);
}

static int64_t
volume_manifest_revision(int fd)
{
	AUTO_FREE char *text = NULL;
	struct json_object *json, *revision;
	int64_t last = 0;

	if (fd_read_file(fd, "manifest", 1 << 20, &text, NULL, NULL) < 0)
		return 0;
	json = json_tokener_parse(text);
	if (json && json_object_object_get_ex(json, "revision", &revision))
		last = json_object_get_int64(revision);
	json_object_put(json);
	return last;
}

int
volume_write_manifest(const struct spec *spec, struct err *e)
{
	struct json_object *json = json_object_new_object();
	AUTO_CLOSE int fd = -1;
	const char *text;
	int rc = -1;

	if (volume_open_dir(spec, &fd, e) <= 0) {
		if (!err_is_set(e))
			err_set(e, ERR_NOT_FOUND, "The volume of container %s is gone", spec->place.id);
		goto out;
	}
	json_object_object_add(json, "version", json_object_new_int(1));
	json_object_object_add(json, "revision", json_object_new_int64(volume_manifest_revision(fd) + 1));
	json_object_object_add(json, "place", record_to_json(&place_schema, &spec->place, true));
	json_object_object_add(json, "config", record_to_json(&container_config_schema, &spec->config, true));
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY);
	rc = text ? fd_replace_file(fd, "manifest", text, strlen(text), 0600, true, e) : err_set(e, ERR_INTERNAL, "out of memory");
out:
	json_object_put(json);
	return rc;
}

int
volume_host_setup(const struct settings *s, struct layout *layout, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}

int
volume_host_cleanup(const struct settings *s, bool destroy, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "not built in yet");
}
