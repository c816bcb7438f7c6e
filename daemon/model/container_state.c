/* States are the engine's to see; what may be asked of a container in each is decided here. */
#include "daemon/model/container_state.h"

enum container_state
container_state(const struct container_view *view)
{
	enum container_state state = STATE_STOPPED;

	if (view->state)
		container_state_of_name(view->state, &state);
	return state;
}

bool
container_is_held(const struct container_view *view)
{
	return container_state(view) == STATE_SUSPENDED && view->pid > 0;
}

#define S(state) (1u << STATE_##state)
#define ALIVE (S(RUNNING) | S(FROZEN))
#define AT_REST (S(STOPPED) | S(CRASHED))

/* In which states each operation is allowed; those without a row are in any. */
static const struct {
	enum op_id op;
	unsigned int states;
	unsigned int forced;
} container_rules[] = {
	{ CONTAINER_START, AT_REST, AT_REST },
	{ CONTAINER_STOP, ALIVE | S(STARTING) | S(STOPPING), 0 },
	/* Also one whose last restart failed halfway: the same request brings it up. */
	{ CONTAINER_RESTART, ALIVE | AT_REST, 0 },
	{ CONTAINER_FREEZE, S(RUNNING), 0 },
	{ CONTAINER_THAW, S(FROZEN), 0 },
	{ CONTAINER_EXEC, S(RUNNING), 0 },
	{ CONTAINER_CONSOLE, ALIVE, 0 },
	{ CONTAINER_DELETE, AT_REST | S(SUSPENDED) | S(CREATING) | S(DELETING), ~0u },
	{ CONTAINER_SUSPEND, ~(S(CREATING) | S(DELETING) | S(SUSPENDED)), 0 },
	{ CONTAINER_UNSUSPEND, S(SUSPENDED), 0 },
	{ CONTAINER_SET, ~(S(CREATING) | S(DELETING)), 0 },
	{ CONTAINER_LIMITS, ~(S(CREATING) | S(DELETING)), 0 },
};

int
container_refuse_state(enum op_id op, const struct container_view *view, struct err *e)
{
	enum container_state state = container_state(view);
	const char *code = "wrong_state", *name = container_state_name(state), *reason = view->config.suspended;

	/* What is held against its tenant isn't his to remove, in no state. */
	if (state == STATE_SUSPENDED || (view->config.suspended && op != CONTAINER_UNSUSPEND)) {
		err_set(e, ERR_CONFLICT, "The container is suspended%s%s%s%s", op == CONTAINER_SUSPEND ? " already" : "",
		        reason ? " (" : "", reason ? reason : "",
		        reason && op != CONTAINER_SUSPEND ? "): the host's operator has to lift that first"
		        : reason                          ? ")"
		                                          : "");
		code = "suspended";
	} else if (op == CONTAINER_UNSUSPEND) {
		err_set(e, ERR_CONFLICT, "The container isn't suspended: it is %s", name);
		code = "not_suspended";
	} else if (op == CONTAINER_START && ((1u << state) & ALIVE)) {
		err_set(e, ERR_CONFLICT, "The container is %s already", name);
		code = "already_running";
	} else if (op == CONTAINER_DELETE) {
		err_set(e, ERR_CONFLICT, "The container is %s: stop it first, or delete it by force (--force)", name);
		code = "not_stopped";
	} else if (op == CONTAINER_EXEC && state == STATE_FROZEN) {
		err_set(e, ERR_CONFLICT, "The container is frozen: thaw it first");
		code = "frozen";
	} else if (op == CONTAINER_STOP && ((1u << state) & AT_REST)) {
		err_set(e, ERR_CONFLICT, "The container isn't running: it is %s", name);
		code = "not_running";
	} else if (op == CONTAINER_THAW && state == STATE_RUNNING) {
		err_set(e, ERR_CONFLICT, "The container isn't frozen: it is running");
	} else if (op == CONTAINER_FREEZE && state == STATE_FROZEN) {
		err_set(e, ERR_CONFLICT, "The container is frozen already");
	} else if ((1u << state) & AT_REST) {
		err_set(e, ERR_CONFLICT, "The container is %s: start it first", name);
		code = "not_running";
	} else {
		err_set(e, ERR_CONFLICT, "The container is %s, which doesn't allow it", name);
	}
	return err_code(e, code);
}

/* From the moment that it is asked for, and whatever has become of it since. */
static bool
container_is_barred(enum op_id op, const struct container_view *view)
{
	static const enum op_id barred[] = { CONTAINER_START, CONTAINER_RESTART, CONTAINER_FREEZE,
		                             CONTAINER_THAW,  CONTAINER_EXEC,    CONTAINER_CONSOLE };

	for (size_t i = 0; view->config.suspended && i < sizeof barred / sizeof *barred; i++)
		if (barred[i] == op)
			return true;
	return false;
}

int
container_check_state(enum op_id op, const struct container_view *view, bool force, struct err *e)
{
	enum container_state state = container_state(view);

	if (op == CONTAINER_DELETE && !force && container_is_held(view))
		return err_code(
		        e, (err_set(e, ERR_CONFLICT, "The container is suspended and frozen: delete it by force"), "not_stopped"));
	/* To be told another reason, or to be stopped after all. */
	if (op == CONTAINER_SUSPEND && container_is_held(view))
		return 0;
	if (op == CONTAINER_UNSUSPEND && view->config.suspended)
		return 0;
	if (container_is_barred(op, view))
		return container_refuse_state(op, view, e);
	for (size_t i = 0; i < sizeof container_rules / sizeof *container_rules; i++)
		if (container_rules[i].op == op &&
		    !((force ? container_rules[i].forced : container_rules[i].states) & (1u << state)))
			return container_refuse_state(op, view, e);
	return 0;
}

enum event_type
container_transition(enum container_state from, enum container_state to, int64_t restarts_before, int64_t restarts_after)
{
	if (restarts_after > restarts_before)
		return EVENT_CONTAINER_RESTARTED;
	if (to == from)
		return EVENT_NONE;
	switch (to) {
	case STATE_RUNNING:
		return from == STATE_FROZEN ? EVENT_CONTAINER_THAWED : EVENT_CONTAINER_STARTED;
	case STATE_FROZEN:
		return EVENT_CONTAINER_FROZEN;
	case STATE_STOPPED:
		return (1u << from) & (S(CREATING) | S(DELETING) | S(CRASHED)) ? EVENT_NONE : EVENT_CONTAINER_STOPPED;
	case STATE_CRASHED:
		return EVENT_CONTAINER_CRASHED;
	case STATE_CREATING:
	case STATE_STARTING:
	case STATE_STOPPING:
	case STATE_DELETING:
	case STATE_SUSPENDED:
	case STATE_COUNT:
		break;
	}
	return EVENT_NONE;
}
