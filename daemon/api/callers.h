/*
 * What callers hold at once, by identity: a tenant's callers count together, another credential for itself. Requests under way,
 * streams, the bytes of bodies that are being received and of answers that lie unread are bounded for each, so that nobody uses up
 * what is there for all. Streams that were handed to a job are remembered here until their end: they count as well, and end with
 * their credential.
 */
#ifndef BERTH_API_CALLERS_H
#define BERTH_API_CALLERS_H

#include <stddef.h>
#include <sys/types.h>

#include "daemon/api/route.h"

struct callers;

/* Lives while something refers to it. */
struct caller;

struct callers *callers_new(struct api *api);
void callers_free(struct callers *callers);

/* The caller that this identity counts for, with one reference more. NULL: out of memory. */
struct caller *caller_take(struct callers *callers, const struct who *who);
/* May be NULL. */
void caller_put(struct callers *callers, struct caller *caller);

/* A request begins: ERR_TOO_MANY when too many are under way, or too much that was answered lies unread. caller_end() for each that
 * began. */
int caller_begin(const struct callers *callers, struct caller *caller, struct err *e);
void caller_end(struct caller *caller);

/*
 * Of each turn of the event loop a caller has so much time; whoever asks for more waits for the next turn, behind the others.
 * turn: its number.
 */
bool caller_has_time(const struct caller *caller, uint64_t turn);
void caller_spend(struct caller *caller, uint64_t turn, int64_t us);

/* A body grows by so many bytes; and what it had is given back. */
int caller_add_body(const struct callers *callers, struct caller *caller, size_t bytes, struct err *e);
void caller_end_body(struct caller *caller, size_t bytes);

/* What the caller hasn't taken yet of his answers changes by so much. */
void caller_owe(struct caller *caller, ptrdiff_t bytes);

/* A stream of events: its request stays under way. */
int caller_begin_stream(const struct callers *callers, struct caller *caller, struct err *e);
void caller_end_stream(struct caller *caller);

/* A stream that a job is to have: remembered until callers_stream_ended(), which tells whether it was one. */
int callers_hand_over(struct call *c, const char *operation);
bool callers_stream_ended(struct callers *callers, const char *operation);
/* One that an api before this one handed over, as the engine tells of it. */
int callers_take_over(struct callers *callers, const struct session_note *note, struct err *e);

/* After a transaction: streams whose credential is gone end. Those that expire end within a second. */
void callers_kick(struct callers *callers);

#endif
