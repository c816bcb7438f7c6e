#include "daemon/engine/claims.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/util/fd.h"
#include "daemon/util/prefix.h"
#include "schema/check.h"
#include "schema/spec.h"

enum { LOCK_TRIES = 200, LOCK_PAUSE_MS = 50 };

/* Files of the directory: <instance> (claims), "lock", "sysctl.<path with dots>" (the old value), "note.<name>". */
#define SYSCTL_PREFIX "sysctl."
#define NOTE_PREFIX "note."

static int
claims_try_lock(const struct settings *s, int *dir_fd_out, struct err *e)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	AUTO_CLOSE int dir = -1;

	if (fd_mkdir_p(AT_FDCWD, s->claims_dir, 0755, e) < 0)
		return -1;
	/* Locking the directory itself: what is returned holds the lock. */
	dir = open(s->claims_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open '%s'", s->claims_dir);
	for (int i = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock '%s'", s->claims_dir);
		if (i == LOCK_TRIES)
			return err_set(e, ERR_TIMEOUT, "Option claims_dir: another instance holds the lock of %s for too long",
			               s->claims_dir);
		nanosleep(&pause, NULL);
	}
	*dir_fd_out = take_fd(&dir);
	return 0;
}

int
claims_lock(const struct settings *s, int *dir_fd_out, struct err *e)
{
	struct stat st;

	for (;;) {
		AUTO_CLOSE int dir = -1;

		if (claims_try_lock(s, &dir, e) < 0)
			return -1;
		/* The last of the others may have removed it while this one waited. */
		if (fstat(dir, &st) < 0)
			return err_sys(e, "look at '%s'", s->claims_dir);
		if (st.st_nlink == 0)
			continue;
		*dir_fd_out = take_fd(&dir);
		return 0;
	}
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

/* The i-th prefix of an instance's options, and the option that it stands in; NULL: no more. */
static const char *
claims_prefix(const struct settings *s, size_t i, const char **option_out)
{
	*option_out = i == 0 ? "subnet4" : i == 1 ? "subnet6" : "addresses";
	if (i < 2)
		return i == 0 ? s->subnet4 : s->subnet6;
	return i - 2 < s->addresses.n ? s->addresses.v[i - 2] : NULL;
}

static int
claims_compare_prefix(const char *option, const char *mine, const char *other, struct json_object *theirs, struct err *e)
{
	size_t n = json_object_is_type(theirs, json_type_array) ? json_object_array_length(theirs) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(theirs, i));
		struct prefix x, y;

		if (prefix_parse(mine, &x) && prefix_parse(text, &y) && prefix_overlaps(&x, &y))
			return err_set(e, ERR_INVALID, "option '%s': %s overlaps %s of instance '%s'", option, mine, text, other);
	}
	return 0;
}

static int
claims_compare(const struct settings *s, const char *other, struct json_object *claim, struct err *e)
{
	int64_t id_base = claims_number(claim, "id_base"), id_count = claims_number(claim, "id_count"),
	        project_base = claims_number(claim, "project_base");
	const char *option, *prefix;

	if (claims_ranges_overlap(s->id_base, s->id_count * ID_RANGE, id_base, id_count * ID_RANGE))
		return err_set(e, ERR_INVALID, "option 'id_base': overlaps the range of instance '%s': %lld, %lld times 65536",
		               other, (long long)id_base, (long long)id_count);
	if (claims_ranges_overlap(s->project_base, s->id_count, project_base, id_count))
		return err_set(e, ERR_INVALID, "option 'project_base': overlaps the range of instance '%s': %lld, %lld numbers",
		               other, (long long)project_base, (long long)id_count);
	for (size_t i = 0; (prefix = claims_prefix(s, i, &option)); i++)
		if (claims_compare_prefix(option, prefix, other, json_object_object_get(claim, "prefixes"), e) < 0)
			return -1;
	return 0;
}

bool
claims_subnets(int dir_fd, const char *instance, struct strv *subnets_out)
{
	struct json_object *claim = claims_read(dir_fd, instance),
	                   *prefixes = claim ? json_object_object_get(claim, "prefixes") : NULL;
	size_t n = json_object_is_type(prefixes, json_type_array) ? json_object_array_length(prefixes) : 0;
	bool ok = true;

	for (size_t i = 0; ok && i < 2 && i < n; i++)
		ok = strv_add(subnets_out, json_object_get_string(json_object_array_get_idx(prefixes, i)));
	json_object_put(claim);
	return ok;
}

static void
claims_bury(int dir_fd, const char *instance, claims_gone *gone)
{
	AUTO_STRV struct strv subnets = { 0 };

	if (claims_subnets(dir_fd, instance, &subnets))
		gone(instance, &subnets);
	unlinkat(dir_fd, instance, 0);
}

/* Each other instance's claim, those of vanished ones removed. Returns how many are left, -1 when one is in the way. */
static int
claims_check_others(const struct settings *s, int dir_fd, bool compare, claims_gone *gone, struct err *e)
{
	DIR *dir = fd_open_dir(dir_fd, ".", e);
	struct dirent *entry;
	int n = 0, more = -1;

	if (!dir)
		return err_wrap(e, "'%s'", s->claims_dir);
	while (n >= 0 && (more = fd_next_entry(dir, &entry, e)) == 1) {
		struct json_object *claim;

		if (check_instance(entry->d_name) || strcmp(entry->d_name, s->instance) == 0)
			continue;
		claim = claims_read(dir_fd, entry->d_name);
		if (!claim)
			n = err_set(e, ERR_INTERNAL, "the claim '%s/%s' is damaged: remove it if that instance isn't in use",
			            s->claims_dir, entry->d_name);
		else if (access(claims_text(claim, "state_dir"), F_OK) < 0)
			claims_bury(dir_fd, entry->d_name, gone);
		else if (compare && claims_compare(s, entry->d_name, claim, e) < 0)
			n = -1;
		else
			n++;
		json_object_put(claim);
	}
	closedir(dir);
	return more < 0 ? -1 : n;
}

/* Monitors are found by the run directory that they were started with. */
static int
claims_check_run_dir(const struct settings *s, const char *before, struct err *e)
{
	char layout[SPEC_PATH_MAX];

	snprintf(layout, sizeof layout, "%s/layout", before);
	if (!*before || strcmp(before, s->run_dir) == 0 || access(layout, F_OK) < 0)
		return 0;
	return err_set(e, ERR_INVALID,
	               "option 'run_dir': the instance is set up with %s, where its containers are found: go back to that, or stop "
	               "them and run berthd --cleanup with it first",
	               before);
}

/* Veths, tables and groups bear the instance's name: it can't be that of two. */
static int
claims_check_own(const struct settings *s, int dir_fd, struct err *e)
{
	struct json_object *claim = claims_read(dir_fd, s->instance);
	const char *state_dir = claim ? claims_text(claim, "state_dir") : s->state_dir;
	int rc = 0;

	if (strcmp(state_dir, s->state_dir) != 0 && access(state_dir, F_OK) == 0)
		rc = err_set(e, ERR_INVALID, "option 'instance': '%s' is the name of the instance with the state directory %s",
		             s->instance, state_dir);
	else if (claim && strcmp(state_dir, s->state_dir) == 0)
		rc = claims_check_run_dir(s, claims_text(claim, "run_dir"), e);
	json_object_put(claim);
	return rc;
}

int
claims_take(const struct settings *s, int dir_fd, claims_gone *gone, struct err *e)
{
	struct json_object *claim, *prefixes;
	const char *text, *prefix, *option;
	int rc;

	if (claims_check_own(s, dir_fd, e) < 0 || claims_check_others(s, dir_fd, true, gone, e) < 0)
		return -1;
	claim = json_object_new_object();
	prefixes = json_object_new_array();
	json_object_object_add(claim, "state_dir", json_object_new_string(s->state_dir));
	json_object_object_add(claim, "run_dir", json_object_new_string(s->run_dir));
	json_object_object_add(claim, "id_base", json_object_new_int64(s->id_base));
	json_object_object_add(claim, "id_count", json_object_new_int64(s->id_count));
	json_object_object_add(claim, "project_base", json_object_new_int64(s->project_base));
	for (size_t i = 0; (prefix = claims_prefix(s, i, &option)); i++)
		json_object_array_add(prefixes, json_object_new_string(prefix));
	json_object_object_add(claim, "prefixes", prefixes);
	text = json_object_to_json_string_ext(claim, JSON_C_TO_STRING_PLAIN);
	rc = text ? fd_replace_file(dir_fd, s->instance, text, strlen(text), 0644, false, e)
	          : err_set(e, ERR_INTERNAL, "out of memory");
	json_object_put(claim);
	return rc;
}

int
claims_drop(const struct settings *s, int dir_fd, claims_gone *gone, bool *last_out, struct err *e)
{
	int others;

	if (unlinkat(dir_fd, s->instance, 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove the claim of instance '%s'", s->instance);
	others = claims_check_others(s, dir_fd, false, gone, e);
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
	DIR *dir = fd_open_dir(dir_fd, ".", e);
	struct dirent *entry;
	int rc = 0, more;

	if (!dir)
		return err_wrap(e, "read the claims");
	while ((more = fd_next_entry(dir, &entry, e)) == 1) {
		bool sysctl = strncmp(entry->d_name, SYSCTL_PREFIX, strlen(SYSCTL_PREFIX)) == 0;

		if (!sysctl && strncmp(entry->d_name, NOTE_PREFIX, strlen(NOTE_PREFIX)) != 0)
			continue;
		if (sysctl && claims_restore_sysctl(dir_fd, entry->d_name, e) < 0)
			rc = -1;
		if (forget)
			unlinkat(dir_fd, entry->d_name, 0);
	}
	closedir(dir);
	return more < 0 ? -1 : rc;
}

/* Twice, for the kernel changes some together with others: accept_redirects with ip_forward. */
int
claims_restore(int dir_fd, struct err *e)
{
	claims_restore_all(dir_fd, false, e);
	return claims_restore_all(dir_fd, true, e);
}
