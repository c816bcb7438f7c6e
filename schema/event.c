#include "schema/event.h"

#include <stdio.h>
#include <string.h>

#include "daemon/util/strv.h"

#define EVENT(name, type) type,
static const char *const event_names[EVENT_COUNT] = {
	"",
#include "schema/event.def"
};
#undef EVENT

const char *
event_name(enum event_type type)
{
	return event_names[type];
}

/* With the full stop. */
static size_t
event_kind_len(const char *text)
{
	size_t len = strcspn(text, ".");

	return text[len] ? len + 1 : len;
}

static bool
event_is_of(enum event_type type, const char *text, size_t len)
{
	return event_kind_len(event_names[type]) == len && strncmp(event_names[type], text, len) == 0;
}

static void
event_add_word(char *why, size_t size, const char *lead, const char *word, size_t len, const char *end)
{
	size_t used = strlen(why);

	if (used < size)
		snprintf(why + used, size - used, "%s%.*s%s", lead, (int)len, word, end);
}

/* The words of the item's kind, or the kinds. */
static void
event_list_types(const char *text, size_t i, char *why, size_t size)
{
	size_t len = event_kind_len(text);
	const char *lead = "";

	snprintf(why, size, "item %zu: none of ", i + 1);
	for (enum event_type type = EVENT_NONE + 1; type < EVENT_COUNT; type++)
		if (event_is_of(type, text, len)) {
			event_add_word(why, size, lead, event_names[type] + len, strlen(event_names[type] + len), "");
			lead = ", ";
		}
	if (*lead)
		return;
	snprintf(why, size, "item %zu: is no event's type: there are", i + 1);
	for (enum event_type type = EVENT_NONE + 1; type < EVENT_COUNT; type++) {
		len = event_kind_len(event_names[type]);
		if (type == EVENT_NONE + 1 || !event_is_of(type - 1, event_names[type], len)) {
			event_add_word(why, size, *lead ? ", " : " ", event_names[type], len, "*");
			lead = ", ";
		}
	}
}

bool
event_explain_types(const struct strv *list, size_t i, char *why, size_t size)
{
	const char *text = list->v[i];
	size_t len = event_kind_len(text);

	if (strcmp(text, "*") == 0)
		return true;
	for (enum event_type type = EVENT_NONE + 1; type < EVENT_COUNT; type++)
		if (strcmp(text, event_names[type]) == 0 || (strcmp(text + len, "*") == 0 && event_is_of(type, text, len)))
			return true;
	event_list_types(text, i, why, size);
	return false;
}
