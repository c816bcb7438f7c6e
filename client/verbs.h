/* The verbs: the command line, help, completion and the man page come from them. Each is a row in the file of its noun. */
#ifndef BERTH_VERBS_H
#define BERTH_VERBS_H

#include "client/client.h"
#include "schema/field.h"

enum { WORDS_ANY = 1 << 20 };

/* Groups of options that go together. */
enum { VERB_LISTS = OPTS_OUTPUT | OPTS_LIST, VERB_MANY = OPTS_WAIT | OPTS_MANY | OPTS_TENANT };

struct verb {
	const char *name;     /* one word or two: "template list" */
	const char *args;     /* what comes after it, for the usage line */
	const char *help;     /* one line; NULL: the verb isn't shown */
	const char *more;     /* further sentences, or NULL */
	const char *examples; /* lines, or NULL */
	const struct opt *options;
	unsigned int groups;         /* enum opt_group, besides OPTS_COMMON */
	const struct schema *schema; /* options of this verb's own from the fields with one of `flags` */
	unsigned int flags;
	const char *skip;  /* fields without such an option, joined by commas */
	bool keys;         /* those fields are key=value words instead */
	size_t min, max;   /* words */
	size_t stop;       /* after so many words options end */
	const char *words; /* for completion: @container…, words; as in struct opt */
	/* The exit status, or -1 with an error. */
	int (*run)(struct client *c, const struct args *args, struct err *e);
};

#define VERB(name) extern const struct verb name##_verb;
#include "client/verbs.def"
#undef VERB

/* All of them, in the order of their help; ends with NULL. */
extern const struct verb *const verbs[];

/* The verb that words begin with, and how many of them name it; NULL when there is none. */
const struct verb *verb_find(char *const *words, size_t n, size_t *used_out);
/* Whether a verb of two words begins with this one. */
bool verb_is_group(const char *word);
/* Replaces *set by the options that the verb takes. */
void verb_options(const struct verb *verb, struct opt_set *set);
/* The verb that was probably meant, or NULL. */
const char *verb_nearest(const char *word, const char *second);

/* Help of one verb, of a group, or of all, on standard output. */
void help_print_verb(const struct verb *verb);
void help_print_group(const char *word);
void help_print_overview(void);

#endif
