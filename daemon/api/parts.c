/* What the process is made of besides its database, its link and its listener. */
#include "daemon/api/api.h"
#include "daemon/api/audit.h"
#include "daemon/api/boot.h"
#include "daemon/api/callers.h"
#include "daemon/api/copier.h"
#include "daemon/api/guard.h"
#include "daemon/api/hooks.h"
#include "daemon/api/late.h"
#include "daemon/api/meter.h"
#include "daemon/api/queue.h"
#include "daemon/api/recovery.h"

static void
api_on_change(void *arg)
{
	struct api *api = arg;

	follow_kick(api->follow);
	callers_kick(api->callers);
	hooks_kick(api->hooks);
}

int
api_make_parts(struct api *api, struct err *e)
{
	api->follow = follow_new(api, api->base);
	api->boot = boot_new(api);
	api->queue = queue_new(api);
	api->late = late_new(api);
	api->callers = callers_new(api);
	api->guard = guard_new();
	api->audit = audit_new(api);
	api->hooks = hooks_new(api);
	if (!api->audit || !api->hooks || !api->callers || !api->guard || !api->follow || !api->boot || !api->queue || !api->late)
		return err_set(e, ERR_INTERNAL, "out of memory");
	api->model.changed = api_on_change;
	api->model.changed_arg = api;
	return 0;
}

void
api_free_parts(struct api *api)
{
	audit_free(api->audit);
	hooks_free(api->hooks);
	boot_free(api->boot);
	queue_free(api->queue);
	late_free(api->late);
	copier_free(api->copier);
	meter_free(api->meter);
	recovery_free(api->recovery);
	follow_free(api->follow);
	callers_free(api->callers);
	guard_free(api->guard);
	api->audit = NULL;
	api->hooks = NULL;
	api->boot = NULL;
	api->queue = NULL;
	api->late = NULL;
	api->copier = NULL;
	api->meter = NULL;
	api->recovery = NULL;
	api->follow = NULL;
	api->callers = NULL;
	api->guard = NULL;
}
