/* What happens to containers whose traffic of the month is nearly or wholly used. */
#ifndef BERTH_API_ALLOWANCE_H
#define BERTH_API_ALLOWANCE_H

#include "daemon/api/api.h"

/* After usage was booked: looks at all that have an allowance. What can't be done now is tried again the next time. */
int allowance_check(struct api *api, struct err *e);

#endif
