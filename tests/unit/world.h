/* A model over a database in memory, with the daemon's own options: for unit tests of the rules. */
#ifndef BERTH_TESTS_WORLD_H
#define BERTH_TESTS_WORLD_H

#include "daemon/model/model.h"
#include "daemon/util/log.h"
#include "tests/unit/unit.h"

struct world {
	struct settings settings;
	struct model model;
};

static inline int
make_world(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct err e = { 0 };

	log_init("test", LOG_LEVEL_ERROR);
	assert_true(settings_apply_defaults(&w->settings));
	w->model.settings = &w->settings;
	assert_int_equal(store_open(":memory:", &w->model.store, &e), 0);
	*state = w;
	return 0;
}

static inline int
end_world(void **state)
{
	struct world *w = *state;

	store_close(w->model.store);
	record_clear(&settings_schema, &w->settings);
	free(w);
	return 0;
}

#endif
