/* Rows as the API shows them. Each is a new object, or NULL when out of memory. */
#ifndef BERTH_API_SHOW_H
#define BERTH_API_SHOW_H

#include "daemon/store/store.h"
#include "schema/operation.h"

struct json_object;

/* The chosen fields and the observed ones, at one level. */
struct json_object *show_container(const struct container_view *view);
struct json_object *show_template(const struct template *template);
struct json_object *show_operation(const struct operation *operation);
struct json_object *show_event(const struct event_row *event);

#endif
