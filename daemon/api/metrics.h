/* Figures of the host and its containers, for GET /v1/metrics. */
#ifndef BERTH_API_METRICS_H
#define BERTH_API_METRICS_H

#include "daemon/api/api.h"
#include "daemon/api/metrics_text.h"
#include "daemon/model/who.h"

/* All that he may see, added to out. */
int metrics_write(struct api *api, const struct who *who, enum metrics_format format, struct buf *out, struct err *e);

#endif
