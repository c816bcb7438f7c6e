/* One handler an operation; the table is indexed by enum op_id. */
#ifndef BERTH_API_HANDLERS_H
#define BERTH_API_HANDLERS_H

#include "daemon/api/route.h"
#include "daemon/util/uuid.h"
#include "schema/operation.h"
#include "schema/protocol.h"

extern call_handler *const handlers[OP_COUNT];

/* containers.c */
call_handler container_handle_list, container_handle_create, container_handle_show, container_handle_set, container_handle_action,
        container_handle_suspend, container_handle_limits, container_handle_stream;
/* templates.c */
call_handler template_handle_list, template_handle_build, template_handle_show, template_handle_delete;
/* operations.c */
call_handler operation_handle_list, operation_handle_show, operation_handle_events, operation_handle_cancel;
/* audit.c */
call_handler audit_handle_list;
/* addresses.c */
call_handler address_handle_list, address_handle_history;
/* usage.c */
call_handler usage_handle_list, usage_handle_container;
/* capacity.c */
call_handler capacity_handle_show;
/* metrics.c */
call_handler metrics_handle_show;
/* tables.c */
call_handler table_handle_list, table_handle_create, table_handle_show, table_handle_set, table_handle_delete;
/* host.c */
call_handler host_handle_features, host_handle_openapi, host_handle_events, host_handle_which, host_handle_doctor, host_handle_fix;

/* Tools of theirs. */

enum { CURSOR_MAX = 256 };

/* Copies each given field of a record to the request's field of the same name, where it has one. */
bool handler_fill_request(struct request *request, const struct schema *schema, const void *record);
/* Gives a request that is no operation an id, by which its answer is known; false: out of memory. */
bool handler_name_request(struct request *request);
/*
 * Whom ?container= means: a name is looked for where he may look, one that is gone is known by its UUID alone. *id_out is "" where
 * the query has none; -1 when he sees none of that name.
 */
int handler_filter_container(struct call *c, char id_out[UUID_SIZE]);
/* The request of a journalled operation takes its turn, and 202 is answered; what can't be sent ends as failed. */
struct answered handler_start(struct call *c, enum msg_type type, struct request *request, const struct operation *operation);
/* One whose request can't even be put together: it ends as c->err says, which is answered. */
struct answered handler_fail(struct call *c, const struct operation *operation);
/* A page of a list; one row more than asked for is read to know whether there is a next one. */
struct page {
	struct call *c;
	struct json_object *items;
	int64_t left;
	bool more;
	char last[128]; /* what the list goes by, of the last row: the next page's cursor */
};

/* Takes a row's JSON (NULL: out of memory) over, with the text that the next page would go on after. */
int page_add(struct page *page, struct json_object *json, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Whether the row at hand is the one too many: it is not to be added. */
bool page_is_full(struct page *page);

/* Answers {"items": [...], "next": cursor or null}. read() fills the page, going on after the text of the cursor ("" at the start).
 */
struct answered handler_list(struct call *c, int (*read)(struct call *c, char *after, struct page *page));

#endif
