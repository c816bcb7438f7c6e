#include "client/verbs.h"

#include <stdint.h>
#include <string.h>

const struct verb *const verbs[] = {
#define VERB(name) &name##_verb,
#include "client/verbs.def"
#undef VERB
	NULL
};

static size_t
verb_matches(const struct verb *verb, char *const *words, size_t n)
{
	const char *space = strchr(verb->name, ' ');
	size_t len = space ? (size_t)(space - verb->name) : strlen(verb->name);

	if (n == 0 || strlen(words[0]) != len || strncmp(words[0], verb->name, len) != 0)
		return 0;
	if (!space)
		return 1;
	return n > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

const struct verb *
verb_find(char *const *words, size_t n, size_t *used_out)
{
	for (const struct verb *const *v = verbs; *v; v++) {
		size_t used = verb_matches(*v, words, n);

		if (used == 0)
			continue;
		*used_out = used;
		return *v;
	}
	return NULL;
}

bool
verb_is_group(const char *word)
{
	size_t len = strlen(word);

	for (const struct verb *const *v = verbs; *v; v++)
		if (strncmp((*v)->name, word, len) == 0 && (*v)->name[len] == ' ')
			return true;
	return false;
}

void
verb_options(const struct verb *verb, struct opt_set *set)
{
	set->n = 0;
	opt_set_add(set, verb->options);
	if (verb->schema && !verb->keys)
		opt_set_add_schema(set, verb->schema, verb->flags, verb->skip);
	opt_set_add_groups(set, verb->groups | OPTS_COMMON);
}

/* What somebody's fingers know from other tools, and what it is called here. */
static const struct {
	const char *word, *verb;
} verb_elsewhere[] = {
	{ "ls", "list" },       { "ps", "list" },      { "info", "show" },      { "inspect", "show" },   { "status", "show" },
	{ "config", "set" },    { "rm", "delete" },    { "remove", "delete" },  { "destroy", "delete" }, { "launch", "create" },
	{ "init", "create" },   { "run", "create" },   { "shell", "enter" },    { "attach", "console" }, { "reboot", "restart" },
	{ "shutdown", "stop" }, { "kill", "stop" },    { "pause", "freeze" },   { "unpause", "thaw" },   { "resume", "thaw" },
	{ "unfreeze", "thaw" }, { "rescue", "start" }, { "monitor", "events" }, { "image", "template" }, { "project", "tenant" },
	{ "stats", "top" },     { "api", "query" },
};

static bool
verb_exists(const char *group, const char *name)
{
	const char *words[] = { group ? group : name, name };
	size_t used;

	return (!group && verb_is_group(name)) || verb_find((char *const *)(uintptr_t)words, group ? 2 : 1, &used) != NULL;
}

const char *
verb_nearest(const char *word, const char *second)
{
	const char *best = NULL;
	size_t distance = 0;

	if (second && !verb_is_group(word))
		second = NULL;
	for (size_t i = 0; i < sizeof verb_elsewhere / sizeof *verb_elsewhere; i++)
		if (strcmp(second ? second : word, verb_elsewhere[i].word) == 0 &&
		    verb_exists(second ? word : NULL, verb_elsewhere[i].verb))
			return verb_elsewhere[i].verb;
	for (const struct verb *const *v = verbs; *v; v++) {
		const char *name = (*v)->name, *space = strchr(name, ' ');

		if (!(*v)->help)
			continue;
		if (!space)
			args_nearest(word, name, &best, &distance);
		else if (second && strncmp(name, word, strlen(word)) == 0)
			args_nearest(second, space + 1, &best, &distance);
	}
	return best;
}
