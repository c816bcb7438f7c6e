/* What the process is made of besides its database, its link and its listener. */
#include "daemon/api/api.h"
#include "daemon/api/boot.h"
#include "daemon/api/copier.h"
#include "daemon/api/late.h"
#include "daemon/api/meter.h"
#include "daemon/api/queue.h"
#include "daemon/api/recovery.h"

int
api_make_parts(struct api *api, struct err *e)
{
	api->follow = follow_new(api, api->base);
	api->boot = boot_new(api);
	api->queue = queue_new(api);
	api->late = late_new(api);
	if (!api->follow || !api->boot || !api->queue || !api->late)
		return err_set(e, ERR_INTERNAL, "out of memory");
	api->model.changed = follow_kick;
	api->model.changed_arg = api->follow;
	return 0;
}

void
api_free_parts(struct api *api)
{
	boot_free(api->boot);
	queue_free(api->queue);
	late_free(api->late);
	copier_free(api->copier);
	meter_free(api->meter);
	recovery_free(api->recovery);
	follow_free(api->follow);
	api->boot = NULL;
	api->queue = NULL;
	api->late = NULL;
	api->copier = NULL;
	api->meter = NULL;
	api->recovery = NULL;
	api->follow = NULL;
}
