#include <stdio.h>
#include <time.h>

#include "daemon/model/model.h"

int64_t
model_now(void)
{
	return time(NULL);
}

void
model_changed(struct model *m)
{
	if (m->changed)
		m->changed(m->changed_arg);
}

int
model_commit(struct model *m, struct txn *txn, struct err *e)
{
	if (txn_commit(txn, e) < 0)
		return -1;
	model_changed(m);
	return 0;
}

void
model_is_about(struct model *m, const char *tenant, const char *container, const char *object)
{
	struct subject *subject = m->subject;

	if (!subject)
		return;
	if (tenant)
		snprintf(subject->tenant, sizeof subject->tenant, "%s", tenant);
	if (container)
		snprintf(subject->container, sizeof subject->container, "%s", container);
	if (object)
		snprintf(subject->object, sizeof subject->object, "%s", object);
}

int
journal_add_tenant(struct model *m, const char *type, const char *tenant, struct err *e)
{
	const struct event_row event = { .time = model_now(), .type = type, .tenant = tenant };

	return store_event_add(m->store, &event, EVENTS_KEPT, e);
}

int
journal_add(struct model *m, const char *type, const struct container_view *container, const char *operation, const char *data,
            struct err *e)
{
	struct event_row event = {
		.time = model_now(),
		.type = type,
		.operation = operation,
		.data = data,
	};

	if (container) {
		event.container = container->config.id;
		event.tenant = container->config.tenant;
		event.name = container->config.name;
	}
	return store_event_add(m->store, &event, EVENTS_KEPT, e);
}
