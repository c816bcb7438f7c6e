#include "daemon/engine/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/engine/kernel.h"
#include "daemon/engine/registry_file.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/check.h"

#define TEMPLATE_BUILD ".build-"
#define TEMPLATE_DELETE ".delete-"

enum { TEMPLATE_VERSIONS_A_DAY = 1000, TEMPLATE_NAME_TRIES = 10, TEMPLATE_FULL_MAX = 96 };

struct build {
	struct job *job;
	struct template template;
	int recipe;    /* its folder */
	int templates; /* TEMPLATES_DIR */
	int dir;       /* the build's own directory below, locked */
	char dir_name[32];
	char target[SPEC_PATH_MAX + 64];
	char tmp[SPEC_PATH_MAX + 64];
};

static int
template_open_dir(const struct settings *s, int *fd_out, struct err *e)
{
	int fd = open(s->templates_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open '%s'", s->templates_dir);
	*fd_out = fd;
	return 0;
}

static int
template_match(const struct place *place, void *arg, struct err *e)
{
	return strcmp(place->template, arg) == 0 ? err_code(e, (err_set(e, ERR_CONFLICT, "Template '%s' is used by container '%s'",
	                                                                place->template, place->name),
	                                                        "template_in_use"))
	                                         : 0;
}

/* 0 when no container is made from NAME@VERSION, else -1. */
static int
template_check_unused(const struct settings *s, const char *full, struct err *e)
{
	char copy[TEMPLATE_FULL_MAX];
	int64_t high = 0;

	snprintf(copy, sizeof copy, "%s", full);
	return registry_file_scan(s, &high, template_match, copy, e);
}

/* A build that is still under way holds a lock on its directory. */
static void
template_sweep_build(int templates, const char *name)
{
	AUTO_CLOSE int fd = openat(templates, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err e = { 0 };

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (fd_remove_tree(templates, name, &e) < 0)
		log_err(&e, "remove what is left of a template's build");
}

/* "debian-12@20240101.1" → "debian-12/20240101.1" */
static void
template_path(const char *full, char *buf, size_t size)
{
	char *at;

	snprintf(buf, size, "%s", full);
	at = strchr(buf, '@');
	if (at)
		*at = '/';
}

/* One that was being deleted goes, unless a container took it at that very moment. */
static void
template_sweep_delete(const struct settings *s, int templates, const char *name)
{
	const char *full = name + strlen(TEMPLATE_DELETE);
	char path[TEMPLATE_FULL_MAX];
	struct err e = { 0 };

	template_path(full, path, sizeof path);
	if (template_check_unused(s, full, &e) == 0) {
		if (fd_remove_tree(templates, name, &e) < 0)
			log_err(&e, "remove what is left of a template");
		/* Its last version, perhaps. */
		*strchrnul(path, '/') = '\0';
		unlinkat(templates, path, AT_REMOVEDIR);
	} else if (renameat2(templates, name, templates, path, RENAME_NOREPLACE) < 0) {
		log_warning("template %s is used and can't be put back: %s", full, strerror(errno));
	}
}

void
template_sweep(const struct settings *s)
{
	AUTO_CLOSE int fd = -1;
	struct dirent *entry;
	DIR *dir;

	if (template_open_dir(s, &fd, NULL) < 0)
		return;
	dir = fd_open_dir(fd, ".", NULL);
	while (dir && fd_next_entry(dir, &entry, NULL) == 1) {
		if (strncmp(entry->d_name, TEMPLATE_BUILD, strlen(TEMPLATE_BUILD)) == 0)
			template_sweep_build(fd, entry->d_name);
		if (strncmp(entry->d_name, TEMPLATE_DELETE, strlen(TEMPLATE_DELETE)) == 0)
			template_sweep_delete(s, fd, entry->d_name);
		/* A name that has lost its last version goes; a build makes it again. */
		if (entry->d_name[0] != '.')
			unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

static bool
template_exists(const struct build *b, const char *version)
{
	char path[TEMPLATE_FULL_MAX];

	snprintf(path, sizeof path, "%s/%s", b->template.name, version);
	return faccessat(b->templates, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The day and a number, as 20240131.1. */
static int
template_choose_version(struct build *b, struct err *e)
{
	char version[32], day[16];
	time_t now = time(NULL);
	struct tm tm;

	strftime(day, sizeof day, "%Y%m%d", gmtime_r(&now, &tm));
	for (int i = 1; i < TEMPLATE_VERSIONS_A_DAY; i++) {
		snprintf(version, sizeof version, "%s.%d", day, i);
		if (!template_exists(b, version))
			return record_set_text(&template_schema, &b->template, "version", version, e);
	}
	return err_set(e, ERR_CONFLICT, "Too many versions of template '%s' were built today: name one", b->template.name);
}

static int
template_set_version(struct build *b, struct err *e)
{
	const char *version = b->job->request.version;

	if (!version)
		return template_choose_version(b, e);
	if (check_template_version(version))
		return err_param(e, "version", "%s", check_template_version(version));
	if (template_exists(b, version))
		return err_set(e, ERR_CONFLICT, "There is a template %s@%s already", b->template.name, version);
	return record_set_text(&template_schema, &b->template, "version", version, e);
}

static int
template_make_dir(struct build *b, struct err *e)
{
	const struct settings *s = &b->job->spec.settings;
	char path[SPEC_PATH_MAX];

	snprintf(path, sizeof path, "%s/" TEMPLATE_BUILD "XXXXXX", s->templates_dir);
	if (!mkdtemp(path))
		return err_sys(e, "make a directory in '%s'", s->templates_dir);
	snprintf(b->dir_name, sizeof b->dir_name, "%s", strrchr(path, '/') + 1);
	b->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->dir < 0 || flock(b->dir, LOCK_EX | LOCK_NB) < 0 || mkdirat(b->dir, "tmp", 0700) < 0 ||
	    mkdirat(b->dir, "rootfs", 0755) < 0 || fchmodat(b->dir, "rootfs", 0755, 0) < 0)
		return err_sys(e, "prepare '%s'", path);
	snprintf(b->target, sizeof b->target, "%s/rootfs", path);
	snprintf(b->tmp, sizeof b->tmp, "%s/tmp", path);
	return 0;
}

static int
template_measure(struct build *b, struct err *e)
{
	char *paths[] = { b->target, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	int64_t blocks = 0;
	FTSENT *entry;

	if (!fts)
		return err_sys(e, "measure the template");
	while ((entry = fts_read(fts)))
		if (entry->fts_info != FTS_DP && entry->fts_statp)
			blocks += entry->fts_statp->st_blocks;
	fts_close(fts);
	b->template.size = blocks * 512;
	b->template.built_at = time(NULL);
	record_mark(&template_schema, &b->template, "size", true);
	record_mark(&template_schema, &b->template, "built_at", true);
	return 0;
}

/* A script that ended well and made nothing is a failure too. */
static int
template_check_tree(const struct build *b, struct err *e)
{
	AUTO_CLOSE int root = open(b->target, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), init = -1;

	if (root < 0)
		return err_sys(e, "open the built tree");
	init = kernel_openat2(root, b->template.init.v[0], O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT);
	if (init < 0)
		return err_code(e, (err_set(e, ERR_CONFLICT, "The build made no '%s'", b->template.init.v[0]), "build_failed"));
	return 0;
}

static int
template_write_meta(struct build *b, struct err *e)
{
	struct json_object *json = record_to_json(&template_schema, &b->template, true);
	const char *text = json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL;
	int rc = text ? fd_replace_file(b->dir, "meta", text, strlen(text), 0600, false, e)
	              : err_set(e, ERR_INTERNAL, "out of memory");

	if (rc == 0) {
		b->job->result = strdup(text);
		rc = b->job->result ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
	}
	json_object_put(json);
	return rc;
}

/* A template's directory goes with its last version, perhaps at this very moment: then it is made again. */
static int
template_name(struct build *b, const char *path)
{
	int rc = -1;

	for (int i = 0; rc < 0 && i < TEMPLATE_NAME_TRIES; i++) {
		if (mkdirat(b->templates, b->template.name, 0700) < 0 && errno != EEXIST)
			return -1;
		rc = renameat2(b->templates, b->dir_name, b->templates, path, RENAME_NOREPLACE);
		if (rc < 0 && errno != ENOENT)
			return -1;
	}
	return rc;
}

/* On disk in full before it has its name. */
static int
template_publish(struct build *b, struct err *e)
{
	char path[TEMPLATE_FULL_MAX];
	AUTO_CLOSE int parent = -1;

	if (syncfs(b->dir) < 0)
		return err_sys(e, "sync the template");
	snprintf(path, sizeof path, "%s/%s", b->template.name, b->template.version);
	if (template_name(b, path) < 0)
		return err_sys(e, "name the template");
	parent = openat(b->templates, b->template.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (parent < 0 || fsync(parent) < 0 || fsync(b->templates) < 0)
		return err_sys(e, "sync '%s'", path);
	return 0;
}

static int
template_build(struct build *b, struct err *e)
{
	const struct settings *s = &b->job->spec.settings;
	struct err wrong = { 0 };

	if (template_recipe_open(s, b->job->request.template, &b->template, &b->recipe, e) < 0)
		return -1;
	if (template_open_dir(s, &b->templates, e) < 0 || template_set_version(b, e) < 0)
		return -1;
	if (record_check(&template_schema, &b->template, true, &wrong) < 0)
		return err_set(e, ERR_CONFLICT, "Recipe '%s': %s %s", b->template.name, wrong.params[0].name,
		               wrong.params[0].reason);
	if (template_make_dir(b, e) < 0 || fault_at("template-build.directory", e) < 0 ||
	    template_sandbox_run(b->job, b->recipe, b->target, b->tmp, e) < 0 || template_check_tree(b, e) < 0 ||
	    fault_at("template-build.built", e) < 0)
		return -1;
	job_progress(b->job, "store", 99, "storing");
	if (fd_remove_tree(b->dir, "tmp", e) < 0 || template_measure(b, e) < 0 || template_write_meta(b, e) < 0)
		return -1;
	if (fault_at("template-build.described", e) < 0 || template_publish(b, e) < 0)
		return -1;
	FAULT("template-build.published");
	return 0;
}

int
template_build_run(struct job *job, struct err *e)
{
	struct build b = { .job = job, .recipe = -1, .templates = -1, .dir = -1 };
	struct err wrong = { 0 };
	int rc;

	template_sweep(&job->spec.settings);
	rc = template_build(&b, e);
	if (rc < 0 && b.dir_name[0] && fd_remove_tree(b.templates, b.dir_name, &wrong) < 0)
		log_err(&wrong, "remove what is left of a template's build");
	if (rc < 0 && b.template.name)
		unlinkat(b.templates, b.template.name, AT_REMOVEDIR);
	fd_auto_close(&b.recipe);
	fd_auto_close(&b.templates);
	fd_auto_close(&b.dir);
	record_clear(&template_schema, &b.template);
	return rc;
}

/*
 * Out of sight first and the registry read again: a create writes its entry before it opens the template, so one of the two
 * sees the other.
 */
static int
template_take_away(const struct settings *s, int templates, const char *full, const char *path, const char *away, struct err *e)
{
	if (template_check_unused(s, full, e) < 0)
		return -1;
	if (renameat2(templates, path, templates, away, RENAME_NOREPLACE) < 0)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "There is no template '%s'", full)
		                       : err_sys(e, "remove template '%s'", full);
	if (template_check_unused(s, full, e) == 0)
		return 0;
	if (renameat2(templates, away, templates, path, RENAME_NOREPLACE) < 0)
		log_warning("template %s can't be put back: %s", full, strerror(errno));
	return -1;
}

int
template_delete_run(struct job *job, struct err *e)
{
	const struct settings *s = &job->spec.settings;
	const char *full = job->request.template;
	char path[TEMPLATE_FULL_MAX], away[TEMPLATE_FULL_MAX + sizeof TEMPLATE_DELETE];
	AUTO_CLOSE int fd = -1;

	template_sweep(s);
	if (check_template(full) || !strchr(full, '@'))
		return err_set(e, ERR_NOT_FOUND, "There is no such template: name it as NAME@VERSION");
	if (template_open_dir(s, &fd, e) < 0)
		return -1;
	template_path(full, path, sizeof path);
	snprintf(away, sizeof away, TEMPLATE_DELETE "%s", full);
	if (template_take_away(s, fd, full, path, away, e) < 0) {
		/* One that was killed at this point has left it. */
		*strchr(path, '/') = '\0';
		unlinkat(fd, path, AT_REMOVEDIR);
		return -1;
	}
	FAULT("template-delete.away");
	if (fd_remove_tree(fd, away, e) < 0)
		return -1;
	FAULT("template-delete.removed");
	*strchr(path, '/') = '\0';
	unlinkat(fd, path, AT_REMOVEDIR);
	return 0;
}
