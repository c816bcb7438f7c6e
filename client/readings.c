#include "client/readings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which sample is which; several of one value are added. */
static const struct {
	const char *name;
	const char *direction; /* that it must have, or NULL */
	enum reading_value value;
} readings_names[] = {
	{ "cpu_seconds_total", NULL, READING_CPU },           { "io_bytes_total", "read", READING_READ },
	{ "io_bytes_total", "write", READING_WRITE },         { "traffic_bytes_total", "in", READING_IN },
	{ "traffic_bytes_total", "out", READING_OUT },        { "memory_bytes", NULL, READING_MEMORY },
	{ "memory_limit_bytes", NULL, READING_MEMORY_LIMIT }, { "processes", NULL, READING_PIDS },
};

struct labels {
	const char *tenant, *name, *id, *state, *direction;
};

/* Undoes the escapes of a value that stands before its quote; returns what is behind that. NULL: there is none. */
static char *
labels_unescape(char *at)
{
	char *to = at;

	for (; *at && *at != '"'; at++) {
		if (*at == '\\' && at[1])
			*to++ = *++at == 'n' ? '\n' : *at;
		else
			*to++ = *at;
	}
	if (!*at)
		return NULL;
	*to = '\0';
	return at + 1;
}

/* name="value",…}; returns what is behind it, or NULL. */
static char *
labels_parse(char *at, struct labels *out)
{
	const struct {
		const char *name;
		const char **place;
	} places[] = {
		{ "tenant", &out->tenant }, { "name", &out->name },           { "id", &out->id },
		{ "state", &out->state },   { "direction", &out->direction },
	};

	while (*at != '}') {
		char *name = at, *value = strstr(at, "=\"");

		if (!value)
			return NULL;
		*value = '\0';
		value += 2;
		at = labels_unescape(value);
		if (!at)
			return NULL;
		for (size_t i = 0; i < sizeof places / sizeof *places; i++)
			if (strcmp(places[i].name, name) == 0)
				*places[i].place = value;
		at += *at == ',';
	}
	return at + 1;
}

/* A family has its containers in the same order as the others. */
static struct reading *
readings_find(struct readings *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t at = (r->last + i) % r->n;

		if (strcmp(r->v[at].id, id) != 0)
			continue;
		r->last = at;
		return &r->v[at];
	}
	return NULL;
}

static struct reading *
readings_add(struct readings *r, const struct labels *labels)
{
	struct reading *reading;

	if (r->n == r->room) {
		size_t room = r->room > 0 ? 2 * r->room : 64;
		struct reading *more = reallocarray(r->v, room, sizeof *more);

		if (!more)
			return NULL;
		r->v = more;
		r->room = room;
	}
	reading = &r->v[r->n];
	*reading = (struct reading){ .at = (double)NAN, .tenant = strdup(labels->tenant), .name = strdup(labels->name) };
	snprintf(reading->id, sizeof reading->id, "%s", labels->id);
	for (size_t i = 0; i < READING_VALUES; i++)
		reading->v[i] = (double)NAN;
	for (size_t i = 0; i < READING_RATES; i++)
		reading->rate[i] = (double)NAN;
	r->n++;
	return reading->tenant && reading->name ? reading : NULL;
}

static void
reading_take(struct reading *reading, const char *name, const struct labels *labels, double value)
{
	if (strcmp(name, "state") == 0 && labels->state)
		snprintf(reading->state, sizeof reading->state, "%s", labels->state);
	else if (strcmp(name, "sample_timestamp_seconds") == 0)
		reading->at = value;
	for (size_t i = 0; i < sizeof readings_names / sizeof *readings_names; i++) {
		const char *direction = readings_names[i].direction;
		double *v = &reading->v[readings_names[i].value];

		if (strcmp(readings_names[i].name, name) == 0 &&
		    (!direction || (labels->direction && strcmp(direction, labels->direction) == 0)))
			*v = isnan(*v) ? value : *v + value;
	}
}

static int
readings_parse_line(struct readings *r, char *line, struct err *e)
{
	static const char prefix[] = "berth_container_";
	char *name = line + sizeof prefix - 1, *brace = strchr(line, '{'), *rest, *end;
	struct labels labels = { 0 };
	struct reading *reading;
	double value;

	if (strncmp(line, prefix, sizeof prefix - 1) != 0 || !brace)
		return 0;
	*brace = '\0';
	rest = labels_parse(brace + 1, &labels);
	if (!rest || !labels.id || !labels.tenant || !labels.name)
		return err_set(e, ERR_INTERNAL, "The daemon's answer holds a line that tells of no container");
	value = strtod(rest, &end);
	if (end == rest)
		return err_set(e, ERR_INTERNAL, "The daemon's answer holds a line without a number");
	reading = readings_find(r, labels.id);
	if (!reading)
		reading = readings_add(r, &labels);
	if (!reading)
		return err_set(e, ERR_INTERNAL, "out of memory");
	reading_take(reading, name, &labels, value);
	return 0;
}

int
readings_parse(struct readings *readings, char *text, struct err *e)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (readings_parse_line(readings, line, e) < 0)
			return -1;
	return 0;
}

void
readings_derive(struct readings *readings, struct readings *before)
{
	for (size_t i = 0; i < readings->n; i++) {
		struct reading *now = &readings->v[i];
		const struct reading *old = readings_find(before, now->id);

		if (!old || isnan(now->at) || isnan(old->at))
			continue;
		if (now->at <= old->at) {
			memcpy(now->rate, old->rate, sizeof now->rate);
			continue;
		}
		/* A counter that began anew tells nothing of the time in between. */
		for (size_t r = 0; r < READING_RATES; r++)
			if (now->v[r] >= old->v[r])
				now->rate[r] = (now->v[r] - old->v[r]) / (now->at - old->at);
	}
}

double
reading_shown(const struct reading *reading, enum reading_value value)
{
	if (value < READING_RATES)
		return reading->rate[value];
	return value < READING_VALUES ? reading->v[value] : (double)NAN;
}

void
readings_clear(struct readings *readings)
{
	for (size_t i = 0; i < readings->n; i++) {
		free(readings->v[i].tenant);
		free(readings->v[i].name);
	}
	free(readings->v);
	*readings = (struct readings){ 0 };
}
