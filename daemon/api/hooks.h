/*
 * Webhooks at work: each has its place in the journal of events and at most one attempt under way, so that its events come in order
 * and a broken one delays nobody else. The place is written when an event was taken: after a crash it may come once more.
 */
#ifndef BERTH_API_HOOKS_H
#define BERTH_API_HOOKS_H

#include "schema/webhook.h"

struct api;
struct hooks;

struct hooks *hooks_new(struct api *api);
void hooks_free(struct hooks *hooks);

/* Something may be to be told. */
void hooks_kick(struct hooks *hooks);
/* What became of an attempt, or of all that were under way. */
void hooks_ended(struct hooks *hooks, const struct hook_end *end);
/* The number up to which it has seen the journal. */
int64_t hooks_position(const struct hooks *hooks, const struct webhook *row);

#endif
