#include "daemon/model/boot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/model/container_state.h"
#include "daemon/util/fd.h"

enum { BOOT_MAX = 1 << 20 };

static const char boot_id_file[] = "/proc/sys/kernel/random/boot_id";

struct boot_collect {
	struct boot_plan *plan;
	bool up;
};

static bool
boot_wants(const struct container_view *view)
{
	if (record_has(&container_config_schema, &view->config, "onboot"))
		return view->config.onboot;
	return strcmp(view->desired, "running") == 0;
}

static int
boot_collect(void *arg, const void *record)
{
	const struct container_view *view = record;
	const struct boot_collect *collect = arg;
	struct boot_plan *plan = collect->plan;
	enum container_state state = container_state(view);
	bool rests = container_state_rests(state);
	struct boot_item *grown;

	if (collect->up ? !rests || state == STATE_SUSPENDED || !boot_wants(view)
	                : (rests && !container_is_held(view)) || state == STATE_CREATING || state == STATE_DELETING)
		return 0;
	grown = reallocarray(plan->v, plan->n + 1, sizeof *grown);
	if (!grown)
		return -1;
	plan->v = grown;
	plan->v[plan->n] = (struct boot_item){ .priority = view->config.boot_priority, .delay_s = view->config.boot_delay };
	memcpy(plan->v[plan->n++].id, view->config.id, UUID_SIZE);
	return 0;
}

static int
boot_compare(const void *a, const void *b)
{
	const struct boot_item *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? 1 : -1;
	return strcmp(x->id, y->id);
}

int
boot_plan(struct model *m, bool up, struct boot_plan *plan_out, struct err *e)
{
	struct container_filter filter = { .limit = BOOT_MAX };
	struct boot_collect collect = { plan_out, up };

	if (store_container_list(m->store, &filter, boot_collect, &collect, e) < 0)
		return err_is_set(e) ? -1 : err_set(e, ERR_INTERNAL, "out of memory");
	if (plan_out->n > 1)
		qsort(plan_out->v, plan_out->n, sizeof *plan_out->v, boot_compare);
	for (size_t i = 0; !up && i < plan_out->n / 2; i++) {
		struct boot_item item = plan_out->v[i];

		plan_out->v[i] = plan_out->v[plan_out->n - 1 - i];
		plan_out->v[plan_out->n - 1 - i] = item;
	}
	return 0;
}

static int
boot_read_id(char id_out[BOOT_ID_SIZE], struct err *e)
{
	AUTO_FREE char *text = NULL;

	if (fd_read_file(AT_FDCWD, boot_id_file, BOOT_ID_SIZE - 1, &text, NULL, e) < 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	memcpy(id_out, text, strlen(text) + 1);
	return 0;
}

int
boot_is_due(struct model *m, struct err *e)
{
	char now[BOOT_ID_SIZE], before[BOOT_ID_SIZE];
	int rc;

	if (boot_read_id(now, e) < 0)
		return -1;
	rc = store_host_boot(m->store, before, e);
	return rc == 1 ? strcmp(now, before) != 0 : rc;
}

int
boot_note(struct model *m, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	char now[BOOT_ID_SIZE];

	if (boot_read_id(now, e) < 0 || txn_begin(&txn, m->store, e) < 0 || store_host_set_boot(m->store, now, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}
