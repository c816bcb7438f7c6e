/*
 * Whose turn it is. What waits stands in lanes, one a class and tenant, each first come, first served. Of urgent lanes something
 * is taken before anything else; lanes of the host's roles and of tenants' callers are taken from by turns, and within each of
 * these classes the lanes go round, so that who has asked for much waits for himself alone. Knows neither engine nor database.
 */
#ifndef BERTH_API_TURNS_H
#define BERTH_API_TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/model/who.h"

enum turn_class {
	TURN_URGENT, /* of the host's roles, before all others */
	TURN_HOST,   /* of the host's roles */
	TURN_TENANT, /* of tenants' callers */
	TURN_CLASSES
};

TAILQ_HEAD(turn_list, turn);

struct lane {
	TAILQ_ENTRY(lane) next;
	enum turn_class class;
	char tenant[WHO_TENANT_SIZE]; /* "": the host's own */
	struct turn_list waiting;
	int64_t n_waiting;
	int64_t n_running;
};

TAILQ_HEAD(lane_list, lane);

/* Embedded in what waits, then runs. */
struct turn {
	TAILQ_ENTRY(turn) next;
	struct lane *lane;
	bool running;
};

struct turns {
	struct lane_list lanes[TURN_CLASSES]; /* the one whose turn it is comes first */
	struct turn_list running;
	int64_t n_running;
	bool tenants_next;
};

void turns_init(struct turns *turns);

/* At the end of its lane; or, for one that is under way already, among those that run. false: out of memory. */
bool turns_wait(struct turns *turns, struct turn *turn, enum turn_class class, const char *tenant);
bool turns_run(struct turns *turns, struct turn *turn, enum turn_class class, const char *tenant);

/* The next that may run, which runs from now on, or NULL. cap tells how many of a lane may run at once. */
struct turn *turns_next(struct turns *turns, int64_t places, int64_t (*cap)(void *arg, const struct lane *lane), void *arg);

/* It has ended, or waits no longer. */
void turns_end(struct turns *turns, struct turn *turn);

/* How many wait: of a class, and of a lane of it. */
int64_t turns_waiting(const struct turns *turns, enum turn_class class);
int64_t turns_waiting_of(const struct turns *turns, enum turn_class class, const char *tenant);

#endif
