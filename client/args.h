/* The command line: options by table, the rest as positional words. */
#ifndef BERTH_ARGS_H
#define BERTH_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "schema/field.h"

struct opt {
	const char *name; /* long, without its dashes */
	char letter;      /* short, or 0 */
	const char *arg;  /* what its value is called in help; NULL: a switch */
	const char *help;
	const char *values; /* for completion: words, or @container, @template, @file; may be NULL */
};

/* Options that several verbs take. */
enum opt_group {
	OPTS_COMMON = 1 << 0,
	OPTS_OUTPUT = 1 << 1, /* how data are shown */
	OPTS_LIST = 1 << 2,   /* fields, order and header of a list */
	OPTS_WAIT = 1 << 3,   /* what takes time */
	OPTS_MANY = 1 << 4,   /* several containers */
	OPTS_TENANT = 1 << 5
};

enum { OPTS_MAX = 128, OPT_NAME_MAX = 32 };

/* All options of a verb, collected from its rows, the groups, and the schema fields that carry one of `schema_flags`. */
struct opt_set {
	struct opt v[OPTS_MAX];
	const struct field *field[OPTS_MAX]; /* of an option made from a schema, else NULL */
	char names[OPTS_MAX][OPT_NAME_MAX];
	size_t n;
};

void opt_set_add(struct opt_set *set, const struct opt *rows);
void opt_set_add_groups(struct opt_set *set, unsigned int groups);
/* Left out: secrets, those named in `skip` (joined by commas), and those that have a row already. */
void opt_set_add_schema(struct opt_set *set, const struct schema *schema, unsigned int flags, const char *skip);
const struct opt *opt_set_find(const struct opt_set *set, const char *name, const struct field **field_out);

/* Whether name is one of the words of a list joined by commas (NULL: an empty one). */
bool opt_is_listed(const char *list, const char *name);

struct arg {
	const char *name;
	const char *value; /* NULL for a switch */
	const struct field *field;
};

/* What was given. Strings belong to argv and to the option set. */
struct args {
	struct arg *given;
	size_t n;
	char **words; /* positional ones */
	size_t nwords;
};

/*
 * Adds argv[0..argc) to *args. Options end at "--", or once `stop_at` words have come (0: never): what follows are words.
 * An unknown option is ERR_INVALID with code "usage", the nearest one named.
 */
int args_parse(struct args *args, const struct opt_set *set, int argc, char **argv, size_t stop_at, struct err *e);
void args_clear(struct args *args);

bool args_has(const struct args *args, const char *name);
/* The last value given, or NULL. */
const char *args_value(const struct args *args, const char *name);
/* The option's value as a number within the bounds; *value_out is left alone when it wasn't given. */
int args_int(const struct args *args, const char *name, int64_t min, int64_t max, int64_t *value_out, struct err *e);

/* A wrong command line; returns -1. */
int args_usage(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How far two words are apart (changed, added, lost or swapped letters). */
size_t args_distance(const char *a, const char *b);
/* Keeps in *best the candidate that is nearest to word, when it is near enough to be meant. */
void args_nearest(const char *word, const char *candidate, const char **best, size_t *best_distance);

#endif
