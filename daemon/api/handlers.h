/* One handler an operation; the table is indexed by enum op_id. */
#ifndef BERTH_API_HANDLERS_H
#define BERTH_API_HANDLERS_H

#include "daemon/api/route.h"
#include "schema/operation.h"
#include "schema/protocol.h"

extern call_handler *const handlers[OP_COUNT];

/* containers.c */
call_handler container_handle_list, container_handle_create, container_handle_show, container_handle_set, container_handle_action,
        container_handle_limits, container_handle_stream;
/* templates.c */
call_handler template_handle_list, template_handle_build, template_handle_show, template_handle_delete;
/* operations.c */
call_handler operation_handle_list, operation_handle_show, operation_handle_events, operation_handle_cancel;
/* host.c */
call_handler host_handle_features, host_handle_events, host_handle_which;

/* Tools of theirs. */

enum { CURSOR_MAX = 256 };

/* Copies each given field of a record to the request's field of the same name, where it has one. */
bool handler_fill_request(struct request *request, const struct schema *schema, const void *record);
/* Sends the request of a journalled operation and answers 202; what can't be sent ends as failed. */
struct answered handler_start(struct call *c, enum msg_type type, struct request *request, const struct operation *operation);
int64_t handler_limit(const struct call *c);
/* {"items": [...], "next": cursor or null}; items is taken over. */
struct json_object *handler_page(struct json_object *items, const char *next);
/* A cursor is hexadecimal text of whatever the list goes by. false: it is none of ours. */
bool handler_cursor_encode(const char *text, char *out, size_t size);
int handler_cursor_decode(struct call *c, char *out, size_t size);

#endif
