#include "daemon/api/turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
turns_init(struct turns *turns)
{
	for (int i = 0; i < TURN_CLASSES; i++)
		TAILQ_INIT(&turns->lanes[i]);
	TAILQ_INIT(&turns->running);
}

static struct lane *
turns_find_lane(const struct turns *turns, enum turn_class class, const char *tenant)
{
	struct lane *lane;

	TAILQ_FOREACH(lane, &turns->lanes[class], next)
	if (strcmp(lane->tenant, tenant) == 0)
		return lane;
	return NULL;
}

static struct lane *
turns_take_lane(struct turns *turns, enum turn_class class, const char *tenant)
{
	struct lane *lane = turns_find_lane(turns, class, tenant);

	if (lane)
		return lane;
	lane = calloc(1, sizeof *lane);
	if (!lane)
		return NULL;
	lane->class = class;
	snprintf(lane->tenant, sizeof lane->tenant, "%s", tenant);
	TAILQ_INIT(&lane->waiting);
	TAILQ_INSERT_TAIL(&turns->lanes[class], lane, next);
	return lane;
}

static void
turns_begin(struct turns *turns, struct turn *turn)
{
	turn->running = true;
	turn->lane->n_running++;
	turns->n_running++;
	TAILQ_INSERT_TAIL(&turns->running, turn, next);
}

bool
turns_wait(struct turns *turns, struct turn *turn, enum turn_class class, const char *tenant)
{
	turn->lane = turns_take_lane(turns, class, tenant);
	if (!turn->lane)
		return false;
	TAILQ_INSERT_TAIL(&turn->lane->waiting, turn, next);
	turn->lane->n_waiting++;
	return true;
}

bool
turns_run(struct turns *turns, struct turn *turn, enum turn_class class, const char *tenant)
{
	turn->lane = turns_take_lane(turns, class, tenant);
	if (!turn->lane)
		return false;
	turns_begin(turns, turn);
	return true;
}

static void
turns_leave_lane(struct turn *turn)
{
	TAILQ_REMOVE(&turn->lane->waiting, turn, next);
	turn->lane->n_waiting--;
}

/* The round goes on behind this one: those before it had no use for their turn. */
static void
turns_go_round(struct lane_list *lanes, struct lane *lane)
{
	struct lane *first;

	do {
		first = TAILQ_FIRST(lanes);
		TAILQ_REMOVE(lanes, first, next);
		TAILQ_INSERT_TAIL(lanes, first, next);
	} while (first != lane);
}

static struct turn *
turns_next_of(struct turns *turns, enum turn_class class, int64_t (*cap)(void *arg, const struct lane *lane), void *arg)
{
	struct turn *turn;
	struct lane *lane;

	TAILQ_FOREACH(lane, &turns->lanes[class], next)
	if (lane->n_waiting > 0 && lane->n_running < cap(arg, lane))
		break;
	if (!lane)
		return NULL;
	turn = TAILQ_FIRST(&lane->waiting);
	turns_leave_lane(turn);
	turns_begin(turns, turn);
	turns_go_round(&turns->lanes[class], lane);
	return turn;
}

struct turn *
turns_next(struct turns *turns, int64_t places, int64_t (*cap)(void *arg, const struct lane *lane), void *arg)
{
	enum turn_class first = turns->tenants_next ? TURN_TENANT : TURN_HOST,
	                second = turns->tenants_next ? TURN_HOST : TURN_TENANT;
	struct turn *turn;

	if (turns->n_running >= places)
		return NULL;
	turn = turns_next_of(turns, TURN_URGENT, cap, arg);
	if (turn)
		return turn;
	turn = turns_next_of(turns, first, cap, arg);
	if (!turn)
		turn = turns_next_of(turns, second, cap, arg);
	if (turn)
		turns->tenants_next = turn->lane->class == TURN_HOST;
	return turn;
}

void
turns_end(struct turns *turns, struct turn *turn)
{
	struct lane *lane = turn->lane;

	if (turn->running) {
		TAILQ_REMOVE(&turns->running, turn, next);
		lane->n_running--;
		turns->n_running--;
	} else {
		turns_leave_lane(turn);
	}
	if (lane->n_waiting > 0 || lane->n_running > 0)
		return;
	TAILQ_REMOVE(&turns->lanes[lane->class], lane, next);
	free(lane);
}

int64_t
turns_waiting(const struct turns *turns, enum turn_class class)
{
	const struct lane *lane;
	int64_t n = 0;

	TAILQ_FOREACH(lane, &turns->lanes[class], next)
	n += lane->n_waiting;
	return n;
}

int64_t
turns_waiting_of(const struct turns *turns, enum turn_class class, const char *tenant)
{
	const struct lane *lane = turns_find_lane(turns, class, tenant);

	return lane ? lane->n_waiting : 0;
}
