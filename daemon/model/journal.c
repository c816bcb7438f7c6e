#include "daemon/model/journal.h"

int
journal_add_tenant(struct model *m, enum event_type type, const char *tenant, struct err *e)
{
	const struct event_row event = { .time = model_now(), .type = event_name(type), .tenant = tenant };

	return store_event_add(m->store, &event, EVENTS_KEPT, e);
}

int
journal_add(struct model *m, enum event_type type, const struct container_view *container, const char *operation, const char *data,
            struct err *e)
{
	struct event_row event = {
		.time = model_now(),
		.type = event_name(type),
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
