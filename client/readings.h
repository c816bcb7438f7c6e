/* What GET /v1/metrics tells of containers, and the rates that follow from two such answers. */
#ifndef BERTH_READINGS_H
#define BERTH_READINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/util/err.h"

enum reading_value {
	READING_CPU, /* of counters the rates, a second; CPU in CPUs */
	READING_READ,
	READING_WRITE,
	READING_IN,
	READING_OUT,
	READING_RATES,
	READING_MEMORY = READING_RATES,
	READING_MEMORY_LIMIT,
	READING_PIDS,
	READING_VALUES
};

struct reading {
	char *tenant, *name;
	char id[37];
	char state[16];
	double at; /* seconds since the epoch; NAN: it wasn't read */
	/* NAN: unknown. Of counters what they stood at, and their rates. */
	double v[READING_VALUES];
	double rate[READING_RATES];
};

struct readings {
	struct reading *v;
	size_t n, room;
	size_t last; /* found last: the next one is looked for from there */
};

/* Takes the answer apart; what isn't of a container, or of no concern, is passed over. text is changed. */
int readings_parse(struct readings *readings, char *text, struct err *e);
/* Rates since the readings before; where there is no newer reading they stay. */
void readings_derive(struct readings *readings, struct readings *before);
/* Of a rate, the rate. */
double reading_shown(const struct reading *reading, enum reading_value value);
void readings_clear(struct readings *readings);
#define AUTO_READINGS __attribute__((cleanup(readings_clear)))

#endif
