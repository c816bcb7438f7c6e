/* What networks of the host's keep tenants apart, as the engine is told. */
#ifndef BERTH_API_ISOLATION_H
#define BERTH_API_ISOLATION_H

#include "daemon/api/api.h"

/* All of them, as the database has them now. */
int isolation_tell(struct api *api, struct err *e);

#endif
