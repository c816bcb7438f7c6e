#include "daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/util/log.h"
#include "daemon/util/man.h"

#ifndef BERTH_SYSCONFDIR
#define BERTH_SYSCONFDIR "/etc/berth"
#endif

static const char config_default_file[] = BERTH_SYSCONFDIR "/berthd.conf";

struct config_reader {
	struct settings *settings;
	struct err err; /* of the first wrong line */
};

static bool
config_is_set_twice(const struct settings *settings, const char *name)
{
	const struct field *f = field_find(&settings_schema, name, NULL);

	return f && f->type != FIELD_LIST && record_has(&settings_schema, settings, name);
}

/* Where somebody has put several values on one line the remedy isn't in what is wrong with the first. */
static void
config_tell_of_lines(struct err *e, const char *name, const char *value)
{
	const struct field *f = field_find(&settings_schema, name, NULL);
	size_t len;

	if (e->nparams == 0 || f->type != FIELD_LIST || !strpbrk(value, ", \t"))
		return;
	len = strlen(e->params[0].reason);
	snprintf(e->params[0].reason + len, sizeof e->params[0].reason - len, "; each value has a line of its own: '%s = ...'",
	         name);
}

/* inih calls this for each "name = value"; 0 marks the line as wrong. */
static int
config_take_line(void *user, const char *section, const char *name, const char *value)
{
	struct config_reader *r = user;
	struct err e = { 0 };

	if (section[0] && strcmp(section, "berthd") != 0)
		err_param(&e, name, "stands in the unknown section [%s]; use [berthd] or none", section);
	else if (config_is_set_twice(r->settings, name))
		err_param(&e, name, "is set a second time; of options that may not be repeated one line counts");
	else if (!field_find(&settings_schema, name, NULL))
		err_param(&e, name, "is unknown; berthd --help lists all");
	else if (record_set_text(&settings_schema, r->settings, name, value, &e) == 0)
		return 1;
	else
		config_tell_of_lines(&e, name, value);
	if (!err_is_set(&r->err))
		r->err = e;
	return 0;
}

static int
config_read_file(const char *path, bool must_exist, struct settings *settings, struct err *e)
{
	struct config_reader r = { .settings = settings };
	FILE *file = fopen(path, "re");
	int line;

	if (!file && errno == ENOENT && !must_exist)
		return 0;
	if (!file)
		return err_sys(e, "open the configuration '%s'", path);
	line = ini_parse_file(file, config_take_line, &r);
	fclose(file);
	if (line == 0)
		return 0;
	if (line > 0 && r.err.nparams > 0)
		return err_set(e, ERR_INVALID, "%s:%d: option '%s' %s", path, line, r.err.params[0].name, r.err.params[0].reason);
	return err_set(e, ERR_INVALID, "%s:%d: not 'option = value'", path, line);
}

static const struct {
	const char *name;
	enum config_action action;
	const char *help;
} config_actions[] = {
	{ "--check-config", CONFIG_CHECK, "check the configuration and exit" },
	{ "--cleanup", CONFIG_CLEANUP, "undo what this instance put on the host: mounts, cgroups, table, sysctls" },
	{ "--help", CONFIG_HELP, "show this and exit" },
	{ "--man", CONFIG_MAN, "print the options as a part of a man page and exit" },
	{ "--openapi", CONFIG_OPENAPI, "print the API's reference (OpenAPI 3.1) and exit" },
	{ "--version", CONFIG_VERSION, "show the version and exit" },
#ifdef BERTH_FAULT
	{ "--fault-list", CONFIG_FAULT_LIST, "list the places where this build can be made to fail and exit" },
#endif
};

static bool
config_take_word(struct config *config, const char *word)
{
	for (size_t i = 0; i < sizeof config_actions / sizeof *config_actions; i++)
		if (strcmp(word, config_actions[i].name) == 0) {
			config->action = config_actions[i].action;
			return true;
		}
	if (strcmp(word, "--foreground") == 0)
		config->foreground = true;
	else if (strcmp(word, "--force") == 0)
		config->force = true;
	else if (strcmp(word, "--destroy") == 0)
		config->destroy = true;
	else
		return false;
	return true;
}

/* --pool-dir PATH or --pool-dir=PATH. Returns how many words it used, -1 on error. */
static int
config_take_option(struct settings *settings, const char *word, const char *next, struct err *e)
{
	const char *eq = strchr(word, '='), *value = eq ? eq + 1 : next;
	struct err wrong = { 0 };
	char name[64];
	size_t len = eq ? (size_t)(eq - word) : strlen(word);

	if (strncmp(word, "--", 2) != 0 || len < 3 || len - 2 >= sizeof name)
		return err_set(e, ERR_INVALID, "unknown argument '%s'; see berthd --help", word);
	memcpy(name, word + 2, len - 2);
	name[len - 2] = '\0';
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	if (!field_find(&settings_schema, name, NULL))
		return err_set(e, ERR_INVALID, "unknown option '%.*s'; see berthd --help", (int)len, word);
	if (!value)
		return err_set(e, ERR_INVALID, "option '%s' needs a value", word);
	if (record_set_text(&settings_schema, settings, name, value, &wrong) < 0)
		return err_set(e, ERR_INVALID, "option '%.*s' %s", (int)len, word,
		               wrong.nparams ? wrong.params[0].reason : wrong.message);
	return eq ? 1 : 2;
}

static int
config_read_arguments(struct config *config, struct settings *settings, int argc, char **argv, struct err *e)
{
	for (int i = 1; i < argc;) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 1;

		if (strcmp(argv[i], "--config") == 0) {
			if (!next)
				return err_set(e, ERR_INVALID, "option '--config' needs a file");
			config->file = next;
			used = 2;
		} else if (!config_take_word(config, argv[i])) {
			used = config_take_option(settings, argv[i], next, e);
			if (used < 0)
				return -1;
		}
		i += used;
	}
	return 0;
}

int
config_load(struct config *config, int argc, char **argv, struct err *e)
{
	struct settings arguments = { 0 };
	struct err wrong = { 0 };
	int rc = -1;

	if (config_read_arguments(config, &arguments, argc, argv, e) < 0)
		goto out;
	if (config->action == CONFIG_HELP || config->action == CONFIG_VERSION || config->action == CONFIG_FAULT_LIST) {
		rc = 0;
		goto out;
	}
	if (config_read_file(config->file ? config->file : config_default_file, config->file, &config->settings, e) < 0)
		goto out;
	if (!record_merge(&settings_schema, &config->settings, &arguments) || !settings_apply_defaults(&config->settings)) {
		err_set(e, ERR_INTERNAL, "out of memory");
		goto out;
	}
	rc = settings_check(&config->settings, &wrong);
	if (rc < 0)
		err_set(e, ERR_INVALID, "option '%s' %s", wrong.params[0].name, wrong.params[0].reason);
out:
	record_clear(&settings_schema, &arguments);
	return rc;
}

void
config_clear(struct config *config)
{
	record_clear(&settings_schema, &config->settings);
}

enum { CONFIG_BOUNDS_MAX = 96 };

static void
config_bounds(const struct field *f, const struct settings *defaults, char bounds[CONFIG_BOUNDS_MAX])
{
	bounds[0] = '\0';
	switch (f->type) {
	case FIELD_BOOL:
		snprintf(bounds, CONFIG_BOUNDS_MAX, "true or false; %s", f->preset ? "true" : "false");
		break;
	case FIELD_INT:
	case FIELD_SIZE:
	case FIELD_MILLI:
	case FIELD_TIME:
		if (f->flags & FIELD_NO_PRESET)
			snprintf(bounds, CONFIG_BOUNDS_MAX, "%lld to %lld", (long long)f->min, (long long)f->max);
		else
			snprintf(bounds, CONFIG_BOUNDS_MAX, "%lld to %lld; %lld", (long long)f->min, (long long)f->max,
			         (long long)f->preset);
		break;
	case FIELD_STRING:
		if (*field_string(f, defaults))
			snprintf(bounds, CONFIG_BOUNDS_MAX, "%s", *field_string(f, defaults));
		break;
	case FIELD_LIST:
		snprintf(bounds, CONFIG_BOUNDS_MAX, "may be repeated");
		break;
	case FIELD_OBJECT:
		break;
	}
}

static void
config_print_option(const struct field *f, const struct settings *defaults)
{
	char name[64], bounds[CONFIG_BOUNDS_MAX];

	snprintf(name, sizeof name, "--%s", f->name);
	for (char *c = name + 2; *c; c++)
		if (*c == '_')
			*c = '-';
	config_bounds(f, defaults, bounds);
	printf("  %-20s %s\n  %-20s [%s]\n", name, f->help, "", bounds);
}

/* Of the paths that were chosen when Berth was built the page says only that. */
void
config_print_man(void)
{
	static const char *const built[] = { "recipes_dir", "libexec_dir" };
	struct settings defaults = { 0 };
	char bounds[CONFIG_BOUNDS_MAX];

	if (!settings_apply_defaults(&defaults))
		return;
	for (const struct field *f = settings_schema.fields; f->name; f++) {
		config_bounds(f, &defaults, bounds);
		if (strcmp(f->name, built[0]) == 0 || strcmp(f->name, built[1]) == 0)
			snprintf(bounds, sizeof bounds, "where Berth was installed");
		man_line(".TP\n.B ", f->name);
		man_line("", f->help);
		printf("[");
		man_text(bounds);
		printf("]\n");
	}
	record_clear(&settings_schema, &defaults);
}

void
config_print_help(void)
{
	struct settings defaults = { 0 };

	printf("Usage: berthd [--foreground] [--config FILE] [--OPTION VALUE]...\n"
	       "       berthd --cleanup [--force] [--destroy] [--config FILE]\n\n"
	       "The container host daemon. Without --foreground it returns when it is ready.\n\n"
	       "  --config FILE        read options from FILE instead of %s\n"
	       "  --foreground         don't go into the background\n",
	       config_default_file);
	for (size_t i = 0; i < sizeof config_actions / sizeof *config_actions; i++)
		printf("  %-20s %s\n", config_actions[i].name, config_actions[i].help);
	printf("  --force              with --cleanup: kill running containers first\n"
	       "  --destroy            with --cleanup: remove the containers' data and the database too\n\n"
	       "Options, on the command line or as 'name = value' in the file ('_' for '-'), with bounds and default:\n");
	if (settings_apply_defaults(&defaults))
		for (const struct field *f = settings_schema.fields; f->name; f++)
			config_print_option(f, &defaults);
	record_clear(&settings_schema, &defaults);
}
