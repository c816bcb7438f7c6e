/* A container's state: what may be asked of it in each, and what it means that it changes. No function here reads the database. */
#ifndef BERTH_MODEL_CONTAINER_STATE_H
#define BERTH_MODEL_CONTAINER_STATE_H

#include "daemon/model/model.h"
#include "schema/event.h"

/* The state that the row tells; STATE_STOPPED where it tells none. */
enum container_state container_state(const struct container_view *view);

/* Suspended, and frozen rather than stopped: there are processes of it. */
bool container_is_held(const struct container_view *view);

/* Whether a container in its state may be acted upon; ERR_CONFLICT with what to do instead. force: of a deletion. */
int container_check_state(enum op_id op, const struct container_view *view, bool force, struct err *e);
/* That refusal, for who has found by himself that the operation isn't allowed; always -1. */
int container_refuse_state(enum op_id op, const struct container_view *view, struct err *e);

/* The event of a change of the observed state, or EVENT_NONE. */
enum event_type container_transition(enum container_state from, enum container_state to, int64_t restarts_before,
                                     int64_t restarts_after);

#endif
