#include "daemon/api/isolation.h"

int
isolation_tell(struct api *api, struct err *e)
{
	struct isolation isolation = { 0 };
	int rc = store_network_isolated(api->model.store, &isolation.networks, e);

	record_mark(&isolation_schema, &isolation, "networks", true);
	if (rc == 0)
		rc = link_send_record(api->link, ISOLATION, &isolation, e);
	record_clear(&isolation_schema, &isolation);
	return rc;
}
