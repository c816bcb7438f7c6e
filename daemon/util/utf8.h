/* UTF-8 as strangers send it: what is whole, and what a terminal or a reader would be misled by. */
#ifndef BERTH_UTF8_H
#define BERTH_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the character that this byte begins, 0 when it begins none. */
size_t utf8_length(unsigned char first);

/* Length of the whole character that text (NUL-terminated) begins with, 0 when it begins with none: no overlong form, surrogate or
 * number past Unicode's end. */
size_t utf8_character(const char *text);

/* C0 and C1 controls, line and paragraph separators, and the marks that turn the direction of writing; of a whole character. */
bool utf8_is_control(const char *character, size_t len);

bool utf8_is_valid(const char *text);

/* In place: each byte that is part of no character becomes '?'. */
void utf8_repair(char *text);

#endif
