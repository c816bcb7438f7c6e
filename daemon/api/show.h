/* Rows as the API shows them. Each is a new object, or NULL when out of memory. */
#ifndef BERTH_API_SHOW_H
#define BERTH_API_SHOW_H

#include "daemon/store/store.h"
#include "schema/operation.h"
#include "schema/role.h"

struct json_object;

/* Takes away what isn't for that role to see. */
void show_hide(enum role role, const struct schema *schema, struct json_object *json);
/* What went wrong inside the host isn't a tenant's to know. */
void show_hide_internal(enum role role, struct err *e);
/* Each without what isn't for that role to see. */
struct json_object *show_container(enum role role, const struct container_view *view);
struct json_object *show_template(const struct template *template);
struct json_object *show_operation(enum role role, const struct operation *operation);
struct json_object *show_event(const struct event_row *event);

#endif
