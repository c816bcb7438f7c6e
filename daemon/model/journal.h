/* Events: written inside the caller's transaction. The newest so many are kept. */
#ifndef BERTH_MODEL_JOURNAL_H
#define BERTH_MODEL_JOURNAL_H

#include "daemon/model/model.h"
#include "schema/event.h"

enum { EVENTS_KEPT = 100000 };

/* container, operation and data (JSON) may be NULL. */
int journal_add(struct model *m, enum event_type type, const struct container_view *container, const char *operation,
                const char *data, struct err *e);
/* About a tenant as such. */
int journal_add_tenant(struct model *m, enum event_type type, const char *tenant, struct err *e);

#endif
