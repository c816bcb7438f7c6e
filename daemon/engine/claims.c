#include "daemon/engine/claims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "daemon/util/fd.h"
#include "daemon/util/prefix.h"
#include "schema/check.h"

enum { ID_RANGE = 65536 };

/* Files of the directory: <instance> (claims), "lock", "sysctl.<path with dots>" (the old value), "note.<name>". */
#define SYSCTL_PREFIX "sysctl."
#define NOTE_PREFIX "note."

int
claims_lock(const struct settings *s, int *dir_fd_out, struct err *e)
{
	AUTO_CLOSE int dir = -1;

	if (fd_mkdir_p(AT_FDCWD, s->claims_dir, 0755, e) < 0)
		return -1;
	/* Locking the directory itself: what is returned holds the lock. */
	dir = open(s->claims_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open '%s'", s->claims_dir);
	if (flock(dir, LOCK_EX) < 0)
		return err_sys(e, "lock '%s'", s->claims_dir);
	*dir_fd_out = take_fd(&dir);
	return 0;
}

static struct json_object *
claims_read(int dir_fd, const char *name)
{
	AUTO_FREE char *text = NULL;

	return fd_read_file(dir_fd, name, 64 * 1024, &text, NULL, NULL) < 0 ? NULL : json_tokener_parse(text);
}

static int64_t
claims_number(struct json_object *claim, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(claim, key, &value) ? json_object_get_int64(value) : 0;
}

static const char *
claims_text(struct json_object *claim, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(claim, key, &value) && json_object_get_string(value) ? json_object_get_string(value) : "";
}

static bool
claims_ranges_overlap(int64_t a, int64_t a_count, int64_t b, int64_t b_count)
{
	return a < b ? b - a < a_count : a - b < b_count;
}

static bool
claims_prefixes_overlap(const char *a, const char *b)
{
	struct prefix x, y;

	return prefix_parse(a, &x) && prefix_parse(b, &y) && prefix_overlaps(&x, &y);
}

static int
claims_compare(const struct settings *s, const char *other, struct json_object *claim, struct err *e)
{
	int64_t id_base = claims_number(claim, "id_base"), id_count = claims_number(claim, "id_count");

	if (claims_ranges_overlap(s->id_base, s->id_count * ID_RANGE, id_base, id_count * ID_RANGE))
		err_param(e, "id_base", "overlaps the range of instance '%s': %lld, %lld times 65536", other, (long long)id_base,
		          (long long)id_count);
	if (claims_ranges_overlap(s->project_base, s->id_count, claims_number(claim, "project_base"), id_count))
		err_param(e, "project_base", "overlaps the range of instance '%s'", other);
	if (claims_prefixes_overlap(s->subnet4, claims_text(claim, "subnet4")))
		err_param(e, "subnet4", "overlaps the subnet of instance '%s': %s", other, claims_text(claim, "subnet4"));
	if (claims_prefixes_overlap(s->subnet6, claims_text(claim, "subnet6")))
		err_param(e, "subnet6", "overlaps the subnet of instance '%s': %s", other, claims_text(claim, "subnet6"));
	return err_is_set(e) ? -1 : 0;
}

/* Each other instance's claim, those of vanished ones removed. Returns how many are left, -1 when one is in the way. */
static int
claims_check_others(const struct settings *s, int dir_fd, bool compare, struct err *e)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return err_sys(e, "read '%s'", s->claims_dir);
	while (n >= 0 && (entry = readdir(dir))) {
		struct json_object *claim;

		if (check_instance(entry->d_name) || strcmp(entry->d_name, s->instance) == 0)
			continue;
		claim = claims_read(dir_fd, entry->d_name);
		if (!claim || access(claims_text(claim, "state_dir"), F_OK) < 0)
			unlinkat(dir_fd, entry->d_name, 0);
		else if (compare && claims_compare(s, entry->d_name, claim, e) < 0)
			n = -1;
		else
			n++;
		json_object_put(claim);
	}
	closedir(dir);
	return n;
}

/* name:start:count lines of /etc/subuid and /etc/subgid (subuid(5)); name:x:uid:gid of /etc/passwd, gid in the same place of group.
 */
static int
claims_check_file(const struct settings *s, const char *path, bool ranges, struct err *e)
{
	FILE *file = fopen(path, "re");
	char line[512];

	if (!file)
		return errno == ENOENT ? 0 : err_sys(e, "open '%s'", path);
	while (fgets(line, sizeof line, file)) {
		char name[64];
		long long start, count = 1;
		int fields = ranges ? sscanf(line, "%63[^:]:%lld:%lld", name, &start, &count)
		                    : sscanf(line, "%63[^:]:%*[^:]:%lld", name, &start);

		if (fields == (ranges ? 3 : 2) && claims_ranges_overlap(s->id_base, s->id_count * ID_RANGE, start, count))
			err_param(e, "id_base", "overlaps '%s' in %s: %lld, %lld ids", name, path, start, count);
	}
	fclose(file);
	return err_is_set(e) ? -1 : 0;
}

int
claims_take(const struct settings *s, int dir_fd, struct err *e)
{
	struct json_object *claim;
	const char *text;
	int rc;

	if (claims_check_file(s, "/etc/subuid", true, e) < 0 || claims_check_file(s, "/etc/subgid", true, e) < 0 ||
	    claims_check_file(s, "/etc/passwd", false, e) < 0 || claims_check_file(s, "/etc/group", false, e) < 0)
		return -1;
	if (claims_check_others(s, dir_fd, true, e) < 0)
		return -1;
	claim = json_object_new_object();
	json_object_object_add(claim, "state_dir", json_object_new_string(s->state_dir));
	json_object_object_add(claim, "id_base", json_object_new_int64(s->id_base));
	json_object_object_add(claim, "id_count", json_object_new_int64(s->id_count));
	json_object_object_add(claim, "project_base", json_object_new_int64(s->project_base));
	json_object_object_add(claim, "subnet4", json_object_new_string(s->subnet4));
	json_object_object_add(claim, "subnet6", json_object_new_string(s->subnet6));
	text = json_object_to_json_string_ext(claim, JSON_C_TO_STRING_PLAIN);
	rc = text ? fd_replace_file(dir_fd, s->instance, text, strlen(text), 0644, false, e)
	          : err_set(e, ERR_INTERNAL, "out of memory");
	json_object_put(claim);
	return rc;
}

int
claims_drop(const struct settings *s, int dir_fd, bool *last_out, struct err *e)
{
	int others;

	if (unlinkat(dir_fd, s->instance, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove the claim of instance '%s'", s->instance);
	others = claims_check_others(s, dir_fd, false, e);
	*last_out = others == 0;
	return others < 0 ? -1 : 0;
}

static void
claims_sysctl_name(const char *path, char *name, size_t size)
{
	snprintf(name, size, SYSCTL_PREFIX "%s", path);
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = ':';
}

int
claims_set_sysctl(int dir_fd, const char *path, const char *value, struct err *e)
{
	AUTO_CLOSE int sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *old = NULL;
	char name[200];

	if (sys < 0)
		return err_sys(e, "open /proc/sys");
	if (fd_read_file(sys, path, 4096, &old, NULL, e) < 0)
		return -1;
	old[strcspn(old, "\n")] = '\0';
	if (value && strcmp(old, value) == 0)
		return 0;
	claims_sysctl_name(path, name, sizeof name);
	/* The first record holds what was there before any instance came. */
	if (faccessat(dir_fd, name, F_OK, 0) < 0 && fd_replace_file(dir_fd, name, old, strlen(old), 0644, false, e) < 0)
		return -1;
	return value ? fd_write_kernel(sys, path, value, e) : 0;
}

int
claims_note(int dir_fd, const char *note, struct err *e)
{
	char name[200];

	snprintf(name, sizeof name, NOTE_PREFIX "%s", note);
	return fd_replace_file(dir_fd, name, "", 0, 0644, false, e);
}

bool
claims_noted(int dir_fd, const char *note)
{
	char name[200];

	snprintf(name, sizeof name, NOTE_PREFIX "%s", note);
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

static int
claims_restore_sysctl(int dir_fd, const char *name, struct err *e)
{
	AUTO_CLOSE int sys = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *old = NULL;
	char path[200];

	snprintf(path, sizeof path, "%s", name + strlen(SYSCTL_PREFIX));
	for (char *c = path; *c; c++)
		if (*c == ':')
			*c = '/';
	if (sys < 0)
		return err_sys(e, "open /proc/sys");
	/* Of an interface that has gone meanwhile, say. */
	if (faccessat(sys, path, F_OK, 0) < 0)
		return 0;
	return fd_read_file(dir_fd, name, 4096, &old, NULL, e) < 0 ? -1 : fd_write_kernel(sys, path, old, e);
}

static int
claims_restore_all(int dir_fd, bool forget, struct err *e)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return err_sys(e, "read the claims");
	while ((entry = readdir(dir))) {
		bool sysctl = strncmp(entry->d_name, SYSCTL_PREFIX, strlen(SYSCTL_PREFIX)) == 0;

		if (!sysctl && strncmp(entry->d_name, NOTE_PREFIX, strlen(NOTE_PREFIX)) != 0)
			continue;
		if (sysctl && claims_restore_sysctl(dir_fd, entry->d_name, e) < 0)
			rc = -1;
		if (forget)
			unlinkat(dir_fd, entry->d_name, 0);
	}
	closedir(dir);
	return rc;
}

/* Twice, for the kernel changes some together with others: accept_redirects with ip_forward. */
int
claims_restore(int dir_fd, struct err *e)
{
	claims_restore_all(dir_fd, false, e);
	return claims_restore_all(dir_fd, true, e);
}
