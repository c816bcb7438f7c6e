#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/engine/template.h"
#include "daemon/util/fd.h"
#include "schema/check.h"

static int
recipe_check_owner(const char *recipe, const char *name, const struct stat *st, struct err *e)
{
	if (st->st_uid != 0)
		return err_set(e, ERR_DENIED, "Recipe '%s': '%s' belongs to user %u, not to root: chown it", recipe, name,
		               st->st_uid);
	if (!S_ISLNK(st->st_mode) && (st->st_mode & 022))
		return err_set(e, ERR_DENIED, "Recipe '%s': '%s' can be written by others than root: chmod go-w it", recipe, name);
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return err_set(e, ERR_DENIED, "Recipe '%s': '%s' is neither a file nor a directory", recipe, name);
	return 0;
}

/* The folder and all in it: whoever can write here is root at the next build. */
static int
recipe_check_tree(const char *recipe, int fd, struct err *e)
{
	DIR *dir = fd_open_dir(fd, ".", e);
	struct dirent *entry;
	struct stat st;
	int rc, more = -1;

	if (!dir)
		return err_wrap(e, "read recipe '%s'", recipe);
	rc = fstat(fd, &st) < 0 ? err_sys(e, "look at recipe '%s'", recipe) : recipe_check_owner(recipe, ".", &st, e);
	while (rc == 0 && (more = fd_next_entry(dir, &entry, e)) == 1) {
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			rc = err_sys(e, "look at '%s' of recipe '%s'", entry->d_name, recipe);
		else
			rc = recipe_check_owner(recipe, entry->d_name, &st, e);
		if (rc == 0 && S_ISDIR(st.st_mode)) {
			AUTO_CLOSE int sub = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			rc = sub < 0 ? err_sys(e, "open '%s' of recipe '%s'", entry->d_name, recipe)
			             : recipe_check_tree(recipe, sub, e);
		}
	}
	closedir(dir);
	return rc < 0 || more < 0 ? -1 : 0;
}

struct recipe_reader {
	struct template *template;
	char wrong[256];
};

static bool
recipe_set_words(struct template *template, const char *name, const char *value, struct err *e)
{
	AUTO_FREE char *copy = strdup(value);
	char *save, *word = copy ? strtok_r(copy, " \t", &save) : NULL;

	for (; word; word = strtok_r(NULL, " \t", &save))
		if (record_set_text(&template_schema, template, name, word, e) < 0)
			return false;
	return copy != NULL;
}

static int
recipe_take(void *arg, const char *section, const char *name, const char *value)
{
	static const char *const known[] = { "description", "os", "init", "stop_signal", "reboot_signal" };
	struct recipe_reader *reader = arg;
	struct err e = { 0 };
	size_t i = 0;

	while (i < sizeof known / sizeof *known && strcmp(known[i], name) != 0)
		i++;
	if (section[0] || i == sizeof known / sizeof *known) {
		snprintf(reader->wrong, sizeof reader->wrong, "unknown key '%.60s'", name);
		return 0;
	}
	if (strcmp(name, "init") == 0 ? recipe_set_words(reader->template, name, value, &e)
	                              : record_set_text(&template_schema, reader->template, name, value, &e) == 0)
		return 1;
	snprintf(reader->wrong, sizeof reader->wrong, "%s %.180s", name, e.nparams > 0 ? e.params[0].reason : e.message);
	return 0;
}

static int
recipe_read(const char *recipe, int fd, struct template *template, struct err *e)
{
	struct recipe_reader reader = { .template = template };
	int in = openat(fd, "recipe", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = in < 0 ? NULL : fdopen(in, "r");
	int line;

	if (!file)
		return err_sys(e, "open 'recipe' of recipe '%s'", recipe);
	line = ini_parse_file(file, recipe_take, &reader);
	fclose(file);
	if (line != 0)
		return err_set(e, ERR_CONFLICT, "Recipe '%s', line %d: %s", recipe, line,
		               reader.wrong[0] ? reader.wrong : "is no 'key = value'");
	return 0;
}

static int
recipe_check_parent(const struct settings *s, int parent, struct err *e)
{
	struct stat st;

	if (fstat(parent, &st) < 0)
		return err_sys(e, "look at '%s'", s->recipes_dir);
	if (st.st_uid != 0 || (st.st_mode & 022))
		return err_set(e, ERR_DENIED, "recipes_dir '%s' must belong to root, and nobody else may write to it",
		               s->recipes_dir);
	return 0;
}

static int
recipe_is_named(const struct dirent *entry)
{
	return !check_template_name(entry->d_name);
}

/* Names those that there are: nothing else shows them. */
static int
recipe_absent(const struct settings *s, int parent, const char *name, struct err *e)
{
	AUTO_BUF struct buf there = { 0 };
	struct dirent **entries = NULL;
	int n = scandirat(parent, ".", &entries, recipe_is_named, alphasort);

	for (int i = 0; i < n; i++) {
		buf_addf(&there, "%s%s", i ? ", " : ": there are ", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return err_set(e, ERR_NOT_FOUND, "There is no recipe '%s' in '%s'%s", name, s->recipes_dir,
	               there.len && !there.failed ? there.data : "");
}

int
template_recipe_open(const struct settings *s, const char *name, struct template *template_out, int *fd_out, struct err *e)
{
	AUTO_CLOSE int parent = open(s->recipes_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (parent < 0)
		return err_sys(e, "open recipes_dir '%s'", s->recipes_dir);
	if (check_template_name(name))
		return err_set(e, ERR_NOT_FOUND, "There is no recipe of that name");
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? recipe_absent(s, parent, name, e) : err_sys(e, "open recipe '%s'", name);
	if (recipe_check_parent(s, parent, e) < 0 || recipe_check_tree(name, fd, e) < 0 ||
	    recipe_read(name, fd, template_out, e) < 0)
		return -1;
	if (record_set_text(&template_schema, template_out, "name", name, e) < 0)
		return -1;
	*fd_out = take_fd(&fd);
	return 0;
}
