/* The rules: addresses, states, operations' ends, what a restart settles. */
#include "daemon/model/container.h"
#include "daemon/model/container_state.h"
#include "daemon/model/network.h"
#include "daemon/model/operation.h"
#include "tests/unit/world.h"

#define CONFIG (&container_config_schema)
#define VIEW (&container_view_schema)

static int
make_model_world(void **state)
{
	struct template t = { 0 };
	struct err e = { 0 };
	struct world *w;

	make_world(state);
	w = *state;
	assert_true(row_put_text(&settings_schema, &w->settings, "subnet4", "10.9.0.0/29"));
	row_put_text(&template_schema, &t, "name", "busybox");
	row_put_text(&template_schema, &t, "version", "1");
	assert_int_equal(store_template_put(w->model.store, &t, &e), 0);
	record_clear(&template_schema, &t);
	return 0;
}

/* Creates NAME with one address word; 0 or -1 with e. The ids are given out when they are wanted. */
static int
create(struct world *w, const char *name, const char *ip, char id_out[37], char op_out[37], struct err *e)
{
	struct container_config body = { 0 };
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	int rc;

	row_put_text(CONFIG, &body, "name", name);
	row_put_text(CONFIG, &body, "template", "busybox");
	row_put_text(CONFIG, &body, "password", "secret");
	if (ip) {
		strv_add(&body.ip, ip);
		record_mark(CONFIG, &body, "ip", true);
	}
	rc = container_create(&w->model, &who_daemon, &body, false, &view, &operation, e);
	if (rc == 0 && id_out)
		memcpy(id_out, view.config.id, 37);
	if (rc == 0 && op_out)
		memcpy(op_out, operation.id, 37);
	record_clear(CONFIG, &body);
	record_clear(VIEW, &view);
	record_clear(&operation_schema, &operation);
	return rc;
}

static void
end(struct world *w, const char *op, enum err_kind kind)
{
	struct err why = { 0 }, e = { 0 };
	struct done done = { 0 };

	if (kind != ERR_NONE) {
		err_set(&why, kind, "so it is");
		assert_true(done_from_err(&done, op, &why));
	} else {
		row_put_text(&done_schema, &done, "op", op);
	}
	assert_int_equal(operation_end(&w->model, &done, &e), 1);
	assert_int_equal(operation_end(&w->model, &done, &e), 0);
	record_clear(&done_schema, &done);
}

static void
assert_address(struct world *w, const char *id, const char *ip)
{
	struct container_view view = { 0 };
	struct err e = { 0 };

	assert_int_equal(store_container_get(w->model.store, id, &view, &e), 1);
	assert_int_equal(view.config.ip.n, 1);
	assert_string_equal(view.config.ip.v[0], ip);
	record_clear(VIEW, &view);
}

static void
assert_state(struct world *w, const char *id, const char *state)
{
	struct container_view view = { 0 };
	struct err e = { 0 };
	int rc = store_container_get(w->model.store, id, &view, &e);

	assert_int_equal(rc, state ? 1 : 0);
	if (state)
		assert_string_equal(view.state, state);
	record_clear(VIEW, &view);
}

/* 10.9.0.0/29: .0 network, .1 the host's, .7 broadcast. */
static void
test_lowest_free_address(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	char ids[4][37], ops[4][37];
	struct world *w = *state;
	struct err e = { 0 };

	assert_int_equal(create(w, "fixed", "10.9.0.3", NULL, NULL, &e), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(create(w, names[i], "auto4", ids[i], ops[i], &e), 0);
	assert_address(w, ids[0], "10.9.0.2");
	assert_address(w, ids[1], "10.9.0.4");
	assert_address(w, ids[3], "10.9.0.6");
	assert_int_equal(create(w, "full", "auto4", NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_NO_SPACE);
	/* A creation that failed gives its addresses back. */
	end(w, ops[1], ERR_INTERNAL);
	assert_state(w, ids[1], NULL);
	err_clear(&e);
	assert_int_equal(create(w, "again", "auto4", ids[1], NULL, &e), 0);
	assert_address(w, ids[1], "10.9.0.4");
}

static void
test_chosen_addresses(void **state)
{
	static const char *const wrong[] = { "10.9.0.0", "10.9.0.1", "10.9.0.7", "10.9.0.8", "192.0.2.1", "fd00::5" };
	struct world *w = *state;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		err_clear(&e);
		assert_int_equal(create(w, "x", wrong[i], NULL, NULL, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
	}
	err_clear(&e);
	assert_int_equal(create(w, "x", "FD77:6265:7274:6800:0::9", NULL, NULL, &e), 0);
	assert_int_equal(create(w, "y", "fd77:6265:7274:6800::9", NULL, NULL, &e), -1);
	assert_string_equal(e.code, "address_taken");
}

static void
test_wrong_parameters_come_together(void **state)
{
	struct container_config body = { 0 };
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	struct world *w = *state;
	struct err e = { 0 };

	err_param(&e, "memory", "is no size");
	row_put_text(CONFIG, &body, "name", "x");
	row_put_text(CONFIG, &body, "tenant", "nobody");
	row_put_text(CONFIG, &body, "template", "nope");
	assert_int_equal(container_create(&w->model, &who_daemon, &body, false, &view, &operation, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_int_equal(e.nparams, 3);
	record_clear(CONFIG, &body);
	record_clear(VIEW, &view);
}

static void
test_states(void **state)
{
	static const enum op_id always[] = { CONTAINER_SHOW, CONTAINER_LOGS };
	struct container_view view = { 0 };
	struct err e = { 0 };

	for (int s = 0; s < STATE_COUNT; s++) {
		row_put_text(VIEW, &view, "state", container_state_name((enum container_state)s));
		for (size_t i = 0; i < sizeof always / sizeof *always; i++)
			assert_int_equal(container_check_state(always[i], &view, false, &e), 0);
		assert_int_equal(container_check_state(CONTAINER_DELETE, &view, true, &e), 0);
		assert_int_equal(container_check_state(CONTAINER_EXEC, &view, false, &e), s == STATE_RUNNING ? 0 : -1);
	}
	row_put_text(VIEW, &view, "state", "running");
	assert_int_equal(container_check_state(CONTAINER_DELETE, &view, false, &e), -1);
	row_put_text(VIEW, &view, "state", "suspended");
	row_put_text(CONFIG, &view.config, "suspended", "invoice 4711");
	assert_int_equal(container_check_state(CONTAINER_START, &view, false, &e), -1);
	assert_string_equal(e.message, "The container is suspended (invoice 4711): the host's operator has to lift that first");
	record_clear(VIEW, &view);
	assert_int_equal(container_transition(STATE_STARTING, STATE_RUNNING, 0, 0), EVENT_CONTAINER_STARTED);
	assert_int_equal(container_transition(STATE_FROZEN, STATE_RUNNING, 0, 0), EVENT_CONTAINER_THAWED);
	assert_int_equal(container_transition(STATE_RUNNING, STATE_RUNNING, 1, 2), EVENT_CONTAINER_RESTARTED);
	assert_int_equal(container_transition(STATE_RUNNING, STATE_CRASHED, 0, 0), EVENT_CONTAINER_CRASHED);
	assert_int_equal(container_transition(STATE_CREATING, STATE_STOPPED, 0, 0), EVENT_NONE);
	assert_int_equal(container_transition(STATE_STOPPED, STATE_STOPPED, 0, 0), EVENT_NONE);
}

static void
begin(struct world *w, enum op_id op, const char *id, char op_out[37], int expected)
{
	struct container_view view = { 0 };
	struct operation operation = { 0 };
	struct err e = { 0 };

	assert_int_equal(store_container_get(w->model.store, id, &view, &e), 1);
	assert_int_equal(container_begin(&w->model, &who_daemon, op, &view, false, false, &operation, &e), expected);
	if (expected == 0)
		memcpy(op_out, operation.id, 37);
	record_clear(VIEW, &view);
	record_clear(&operation_schema, &operation);
}

static void
test_ends(void **state)
{
	struct world *w = *state;
	struct err e = { 0 };
	char id[37], op[37];

	assert_int_equal(create(w, "x", "auto4", id, op, &e), 0);
	begin(w, CONTAINER_START, id, op, -1);
	end(w, op, ERR_NONE);
	assert_state(w, id, "stopped");
	begin(w, CONTAINER_START, id, op, 0);
	assert_state(w, id, "starting");
	end(w, op, ERR_INTERNAL);
	assert_state(w, id, "stopped");
	begin(w, CONTAINER_START, id, op, 0);
	end(w, op, ERR_NONE);
	assert_state(w, id, "running");
	begin(w, CONTAINER_DELETE, id, op, -1);
	begin(w, CONTAINER_STOP, id, op, 0);
	end(w, op, ERR_NONE);
	begin(w, CONTAINER_DELETE, id, op, 0);
	end(w, op, ERR_INTERNAL);
	assert_state(w, id, "stopped");
	begin(w, CONTAINER_DELETE, id, op, 0);
	end(w, op, ERR_NOT_FOUND);
	assert_state(w, id, NULL);
}

static void
test_reconcile(void **state)
{
	struct world *w = *state;
	AUTO_WORKS struct works works = { 0 };
	struct strv known = { 0 };
	struct ready ready = { 0 };
	struct operation operation = { 0 };
	struct err e = { 0 };
	char half[37], half_op[37], going[37], going_op[37], whole[37], op[37];

	assert_int_equal(create(w, "half", "auto4", half, half_op, &e), 0);
	assert_int_equal(create(w, "going", "auto4", going, going_op, &e), 0);
	assert_int_equal(create(w, "whole", "auto4", whole, op, &e), 0);
	end(w, op, ERR_NONE);
	begin(w, CONTAINER_DELETE, whole, op, 0);
	strv_add(&ready.operations, going_op);
	strv_add(&known, whole);
	assert_int_equal(operation_reconcile(&w->model, &known, &ready, &works, &e), 0);
	assert_int_equal(works.n, 2);
	for (size_t i = 0; i < works.n; i++) {
		assert_int_equal(works.v[i].type, REQUEST_DELETE);
		assert_int_equal(msg_check_request(works.v[i].type, &works.v[i].request, &e), 0);
		end(w, works.v[i].request.op, ERR_NONE);
	}
	assert_state(w, half, NULL);
	assert_state(w, whole, NULL);
	assert_state(w, going, "creating");
	assert_int_equal(operation_find(&w->model, &who_daemon, half_op, &operation, &e), 0);
	assert_string_equal(operation.error_code, "interrupted");
	record_clear(&operation_schema, &operation);
	end(w, going_op, ERR_NONE);
	assert_state(w, going, "stopped");
	strv_clear(&known);
	strv_clear(&ready.operations);
}

static int
change(struct world *w, const char *id, const char *hostname, struct works *works)
{
	struct container_view view = { 0 };
	struct container_config patch = { 0 };
	struct operation operation = { 0 };
	struct strv changed = { 0 }, known = { 0 };
	struct ready ready = { 0 };
	struct err e = { 0 };
	int n;

	row_put_text(CONFIG, &patch, "hostname", hostname);
	assert_int_equal(store_container_get(w->model.store, id, &view, &e), 1);
	assert_int_equal(container_change(&w->model, &who_daemon, &view, &patch, false, &changed, &operation, &e), 0);
	n = (int)changed.n;
	if (works) {
		strv_add(&known, id);
		assert_int_equal(operation_reconcile(&w->model, &known, &ready, works, &e), 0);
	}
	record_clear(VIEW, &view);
	record_clear(CONFIG, &patch);
	record_clear(&operation_schema, &operation);
	strv_clear(&changed);
	strv_clear(&known);
	return n;
}

static void
test_interrupted_change(void **state)
{
	AUTO_WORKS struct works works = { 0 };
	struct world *w = *state;
	struct err e = { 0 };
	char id[37], op[37];

	assert_int_equal(create(w, "x", "auto4", id, op, &e), 0);
	end(w, op, ERR_NONE);
	assert_int_equal(change(w, id, "x", NULL), 0);
	assert_int_equal(change(w, id, "y", &works), 1);
	assert_int_equal(works.n, 1);
	assert_int_equal(works.v[0].type, REQUEST_SET);
	assert_string_equal(works.v[0].request.config.hostname, "x");
	assert_int_equal(works.v[0].request.changed.n, 1);
	assert_int_equal(msg_check_request(REQUEST_SET, &works.v[0].request, &e), 0);
	end(w, works.v[0].request.op, ERR_NONE);
}

/* The engine may have given the container what the interrupted change meant: until it has taken it back nobody else gets it. */
static void
test_an_interrupted_change_keeps_its_address(void **state)
{
	AUTO_WORKS struct works works = { 0 };
	struct world *w = *state;
	struct container_view view = { 0 };
	struct container_config patch = { 0 };
	struct operation operation = { 0 };
	struct strv changed = { 0 }, known = { 0 };
	struct ready ready = { 0 };
	struct address meant;
	struct err e = { 0 };
	char id[37], op[37], holder[37];

	assert_int_equal(create(w, "x", "auto4", id, op, &e), 0);
	end(w, op, ERR_NONE);
	strv_add(&patch.ip, "auto4");
	strv_add(&patch.ip, "auto4");
	record_mark(CONFIG, &patch, "ip", true);
	assert_int_equal(store_container_get(w->model.store, id, &view, &e), 1);
	assert_int_equal(container_change(&w->model, &who_daemon, &view, &patch, false, &changed, &operation, &e), 0);
	assert_true(address_parse(view.config.ip.v[1], &meant));
	strv_add(&known, id);
	assert_int_equal(operation_reconcile(&w->model, &known, &ready, &works, &e), 0);
	assert_int_equal(store_address_holder(w->model.store, &meant, holder, &e), 1);
	assert_string_equal(holder, id);
	assert_int_equal(works.n, 1);
	end(w, works.v[0].request.op, ERR_NONE);
	assert_int_equal(store_address_holder(w->model.store, &meant, holder, &e), 0);
	record_clear(VIEW, &view);
	record_clear(CONFIG, &patch);
	record_clear(&operation_schema, &operation);
	strv_clear(&changed);
	strv_clear(&known);
}

/* Until a smaller size has been taken the larger one counts: a change that fails is taken back. */
static void
test_a_change_frees_nothing_before_its_end(void **state)
{
	struct world *w = *state;
	struct container_view view = { 0 };
	struct container_config patch = { 0 };
	struct operation operation = { 0 };
	struct strv changed = { 0 };
	struct totals used = { 0 };
	struct err e = { 0 };
	char id[37], op[37];

	assert_int_equal(create(w, "x", "auto4", id, op, &e), 0);
	end(w, op, ERR_NONE);
	row_put_int(CONFIG, &patch, "disk", 64 << 20);
	row_put_int(CONFIG, &patch, "cpus", 1500);
	assert_int_equal(store_container_get(w->model.store, id, &view, &e), 1);
	assert_int_equal(container_change(&w->model, &who_daemon, &view, &patch, false, &changed, &operation, &e), 0);
	assert_int_equal(store_tenant_used(w->model.store, "default", &used, &e), 0);
	assert_int_equal(used.disk, 10LL << 30);
	assert_int_equal(used.cpus, 1500);
	assert_int_equal(used.addresses, 1);
	end(w, operation.id, ERR_CONFLICT);
	assert_int_equal(store_tenant_used(w->model.store, "default", &used, &e), 0);
	assert_int_equal(used.disk, 10LL << 30);
	assert_int_equal(used.cpus, 1000);
	record_clear(VIEW, &view);
	record_clear(CONFIG, &patch);
	record_clear(&operation_schema, &operation);
	strv_clear(&changed);
}

static void
make_network(struct world *w, const char *name, struct network *network_out)
{
	struct network body = { 0 };
	struct err e = { 0 };

	row_put_text(&network_schema, &body, "name", name);
	strv_add(&body.prefix, "192.168.7.0/24");
	record_mark(&network_schema, &body, "prefix", true);
	assert_int_equal(network_create(&w->model, &who_daemon, &body, false, network_out, &e), 0);
	record_clear(&network_schema, &body);
}

/* Has it on the network with that address; 0 or -1 with e. */
static int
attach(struct world *w, const char *id, const char *word, char op_out[37], struct err *e)
{
	struct container_view view = { 0 };
	struct container_config patch = { 0 };
	struct operation operation = { 0 };
	struct strv changed = { 0 };
	int rc;

	strv_add(&patch.net, word);
	record_mark(CONFIG, &patch, "net", true);
	assert_int_equal(store_container_get(w->model.store, id, &view, e), 1);
	rc = container_change(&w->model, &who_daemon, &view, &patch, false, &changed, &operation, e);
	if (rc == 0)
		memcpy(op_out, operation.id, 37);
	record_clear(VIEW, &view);
	record_clear(CONFIG, &patch);
	record_clear(&operation_schema, &operation);
	strv_clear(&changed);
	return rc;
}

static void
test_a_failed_change_holds_no_network(void **state)
{
	struct network network = { 0 };
	struct world *w = *state;
	char ids[2][37], op[37];
	struct err e = { 0 };

	make_network(w, "backend", &network);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(create(w, i ? "y" : "x", "auto4", ids[i], op, &e), 0);
		end(w, op, ERR_NONE);
	}
	assert_int_equal(attach(w, ids[0], "backend:192.168.7.9", op, &e), 0);
	end(w, op, ERR_CONFLICT);
	assert_int_equal(attach(w, ids[1], "backend:192.168.7.9", op, &e), 0);
	end(w, op, ERR_CONFLICT);
	assert_int_equal(network_delete(&w->model, &who_daemon, &network, false, &e), 0);
	record_clear(&network_schema, &network);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_model_world, end_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lowest_free_address),
		TEST(test_chosen_addresses),
		TEST(test_wrong_parameters_come_together),
		TEST(test_states),
		TEST(test_ends),
		TEST(test_reconcile),
		TEST(test_interrupted_change),
		TEST(test_an_interrupted_change_keeps_its_address),
		TEST(test_a_change_frees_nothing_before_its_end),
		TEST(test_a_failed_change_holds_no_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
