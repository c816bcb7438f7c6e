#include "daemon/engine/registry_file.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/check.h"

static int
registry_file_open(const struct settings *s, int *fd_out, struct err *e)
{
	char path[SPEC_PATH_MAX];
	int fd;

	snprintf(path, sizeof path, "%s/registry", s->state_dir);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	*fd_out = fd;
	return 0;
}

static int64_t
registry_file_high(int fd)
{
	AUTO_FREE char *text = NULL;

	return fd_read_file(fd, "high", 64, &text, NULL, NULL) < 0 ? 0 : strtoll(text, NULL, 10);
}

/* The number is given for good, before anything else. Creates run side by side: none may write an older one over a newer. */
static int
registry_file_raise(int fd, int64_t ctid, struct err *e)
{
	char high[32];
	int rc = 0;

	if (flock(fd, LOCK_EX) < 0)
		return err_sys(e, "lock the registry");
	snprintf(high, sizeof high, "%lld\n", (long long)ctid);
	if (ctid > registry_file_high(fd))
		rc = fd_replace_file(fd, "high", high, strlen(high), 0600, true, e);
	flock(fd, LOCK_UN);
	return rc;
}

int
registry_file_write(const struct settings *s, const struct place *place, struct err *e)
{
	struct json_object *json = record_to_json(&place_schema, place, true);
	const char *text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	AUTO_CLOSE int fd = -1;
	int rc = -1;

	if (!text) {
		err_set(e, ERR_INTERNAL, "out of memory");
		goto out;
	}
	if (registry_file_open(s, &fd, e) < 0)
		goto out;
	if (registry_file_raise(fd, place->ctid, e) < 0)
		goto out;
	rc = fd_replace_file(fd, place->id, text, strlen(text), 0600, true, e);
out:
	json_object_put(json);
	return rc;
}

int
registry_file_remove(const struct settings *s, const char *id, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	if (registry_file_open(s, &fd, e) < 0)
		return -1;
	if (unlinkat(fd, id, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove registry entry %s", id);
	return fsync(fd) < 0 ? err_sys(e, "sync the registry") : 0;
}

int
registry_file_read_isolated(const struct settings *s, struct strv *networks_out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_CLOSE int fd = -1;
	char *save = NULL;

	if (registry_file_open(s, &fd, e) < 0)
		return -1;
	if (faccessat(fd, "isolated", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (fd_read_file(fd, "isolated", 64 * 1024, &text, NULL, e) < 0)
		return -1;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strv_add(networks_out, line))
			return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

int
registry_file_write_isolated(const struct settings *s, const struct strv *networks, struct err *e)
{
	AUTO_STRV struct strv known = { 0 };
	AUTO_BUF struct buf text = { 0 };
	AUTO_CLOSE int fd = -1;
	bool same;

	if (registry_file_read_isolated(s, &known, e) < 0 || registry_file_open(s, &fd, e) < 0)
		return -1;
	same = known.n == networks->n;
	for (size_t i = 0; i < networks->n; i++) {
		same = same && strcmp(known.v[i], networks->v[i]) == 0;
		buf_addf(&text, "%s\n", networks->v[i]);
	}
	if (text.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	/* Each start of the api tells: mostly nothing new. */
	return same ? 0 : fd_replace_file(fd, "isolated", text.len > 0 ? text.data : "", text.len, 0600, true, e);
}

static int
registry_file_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
registry_file_list_once(int fd, struct strv *names, struct err *e)
{
	DIR *dir = fd_open_dir(fd, ".", e);
	struct dirent *entry;
	int rc = -1;

	if (!dir)
		return -1;
	while ((rc = fd_next_entry(dir, &entry, e)) == 1)
		if (!check_uuid(entry->d_name) && !strv_add(names, entry->d_name)) {
			rc = err_set(e, ERR_INTERNAL, "out of memory");
			break;
		}
	closedir(dir);
	return rc;
}

/*
 * In order, some twice. On btrfs and tmpfs an entry that is replaced while they are listed may be at neither of its places: what
 * one list lacks another has.
 */
static int
registry_file_list(int fd, struct strv *names, struct err *e)
{
	if (registry_file_list_once(fd, names, e) < 0 || registry_file_list_once(fd, names, e) < 0)
		return -1;
	if (names->n > 0)
		qsort(names->v, names->n, sizeof *names->v, registry_file_compare);
	return 0;
}

static int
registry_file_take_one(int fd, const char *name, registry_file_take *take, void *arg, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct json_object *json = NULL;
	struct place place = { 0 };
	struct err wrong = { 0 };
	int rc = 0;

	if (fd_read_file(fd, name, 64 * 1024, &text, NULL, &wrong) == 0) {
		json = json_tokener_parse(text);
		if (!json)
			err_set(&wrong, ERR_INTERNAL, "it is no JSON");
		else if (record_from_file_json(&place_schema, json, &place, &wrong) == 0 &&
		         record_check(&place_schema, &place, true, &wrong) == 0)
			rc = take(&place, arg, e);
	}
	/* One that was removed meanwhile isn't wrong. */
	if (err_is_set(&wrong) && wrong.sys != ENOENT)
		log_err(&wrong, "registry entry '%s' is left out", name);
	json_object_put(json);
	record_clear(&place_schema, &place);
	return rc;
}

int
registry_file_scan(const struct settings *s, int64_t *high_out, registry_file_take *take, void *arg, struct err *e)
{
	AUTO_STRV struct strv names = { 0 };
	AUTO_CLOSE int fd = -1;
	int rc = 0;

	if (registry_file_open(s, &fd, e) < 0)
		return -1;
	if (registry_file_high(fd) > *high_out)
		*high_out = registry_file_high(fd);
	if (registry_file_list(fd, &names, e) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < names.n; i++)
		if (i == 0 || strcmp(names.v[i - 1], names.v[i]) != 0)
			rc = registry_file_take_one(fd, names.v[i], take, arg, e);
	return rc;
}
