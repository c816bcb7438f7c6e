#include "daemon/util/strv.h"

#include <stdlib.h>
#include <string.h>

bool
strv_add(struct strv *list, const char *s)
{
	char *copy = strdup(s);
	char **v = copy ? reallocarray(list->v, list->n + 2, sizeof *v) : NULL;

	if (!v) {
		free(copy);
		return false;
	}
	v[list->n++] = copy;
	v[list->n] = NULL;
	list->v = v;
	return true;
}

bool
strv_copy(struct strv *to, const struct strv *from)
{
	struct strv copy = { 0 };

	for (size_t i = 0; i < from->n; i++)
		if (!strv_add(&copy, from->v[i])) {
			strv_clear(&copy);
			return false;
		}
	*to = copy;
	return true;
}

bool
strv_contains(const struct strv *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], s) == 0)
			return true;
	return false;
}

void
strv_clear(struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	list->v = NULL;
	list->n = 0;
}
