/* How figures are written for Prometheus: its text format 0.0.4, or OpenMetrics 1.0. */
#ifndef BERTH_API_METRICS_TEXT_H
#define BERTH_API_METRICS_TEXT_H

#include <stdint.h>

#include "daemon/util/buf.h"

enum metrics_format { METRICS_PLAIN, METRICS_OPEN };

/* Which one an Accept header ("": none) would rather have. */
enum metrics_format metrics_format_of(const char *accept);
const char *metrics_media_type(enum metrics_format format);

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/* A family's head; all that is of it follows. Counters bear their "_total" here only where the format wants it. */
void metrics_put_head(struct buf *out, enum metrics_format format, const char *name, enum metric_type type, const char *help);
/* Adds name="value" to a list of labels, behind a comma where there is one before it. */
void metrics_put_label(struct buf *labels, const char *name, const char *value);
/* labels, more: two such lists, or NULL. What is written is value / divisor, a power of ten. */
void metrics_put_sample(struct buf *out, const char *name, enum metric_type type, const char *labels, const char *more,
                        int64_t value, int64_t divisor);
void metrics_put_end(struct buf *out, enum metrics_format format);

#endif
