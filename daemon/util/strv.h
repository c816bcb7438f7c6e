/* A list of strings, owned. */
#ifndef BERTH_STRV_H
#define BERTH_STRV_H

#include <stdbool.h>
#include <stddef.h>

struct strv {
	char **v; /* NULL-terminated once anything was added */
	size_t n;
};

/* false when out of memory, with the list unchanged. */
bool strv_add(struct strv *list, const char *s);
bool strv_copy(struct strv *to, const struct strv *from);
bool strv_contains(const struct strv *list, const char *s);
void strv_clear(struct strv *list);

#define AUTO_STRV __attribute__((cleanup(strv_clear)))

#endif
