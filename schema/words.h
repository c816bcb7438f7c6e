/* A line of words, taken one after the other; what doesn't fit is told by its word. For the small grammars of tables. */
#ifndef BERTH_SCHEMA_WORDS_H
#define BERTH_SCHEMA_WORDS_H

#include "schema/rule.h"

enum { WORDS_MAX = 12 };

struct words {
	char text[RULE_TEXT_MAX];
	char *v[WORDS_MAX];
	size_t n, next;
	char *why;
	size_t size;
};

/* Words are parted by single spaces or several; nothing but visible ASCII is taken. */
bool words_begin(struct words *w, const char *text, char *why, size_t size);
/* The next word, or NULL. */
const char *words_peek(const struct words *w);
/* Takes the next word if it is this one. */
bool words_skip(struct words *w, const char *word);
/* Each of these writes what is wrong with the word, or that one is missing, and returns false or -1. */
int words_take_choice(struct words *w, const char *const *choices, size_t n, const char *must);
bool words_take_ports(struct words *w, struct port_range *out);
bool words_take_address(struct words *w, struct address *out);
/* An address alone is a prefix of all its bits. */
bool words_take_prefix(struct words *w, struct prefix *out);
/* Of the next word, of the last one taken; both return false. */
bool words_refuse(struct words *w, const char *must);
bool words_refuse_last(struct words *w, const char *must);

#endif
