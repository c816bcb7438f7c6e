/* The types of events. */
#ifndef BERTH_SCHEMA_EVENT_H
#define BERTH_SCHEMA_EVENT_H

#include <stdbool.h>
#include <stddef.h>

struct strv;

#define EVENT(name, type) EVENT_##name,
enum event_type {
	EVENT_NONE,
#include "schema/event.def"
	EVENT_COUNT
};
#undef EVENT

const char *event_name(enum event_type type);

/* Whether item i names a type, a kind of them as "container.*", or "*" for all; else `why` says which there are. */
bool event_explain_types(const struct strv *list, size_t i, char *why, size_t size);

#endif
