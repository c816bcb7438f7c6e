/* Answers: each function here ends a call. */
#ifndef BERTH_API_REPLY_H
#define BERTH_API_REPLY_H

#include "daemon/api/http.h"
#include "daemon/api/route.h"
#include "schema/operation.h"

struct json_object;

/* json is taken over; NULL is an internal error. headers: further lines, each with its CRLF, or NULL. */
struct answered reply_json(struct call *c, int status, struct json_object *json, const char *headers);
/* c->err, with c->status where that is set. */
struct answered reply_error(struct call *c);
struct answered reply_out_of_memory(struct call *c);
/* One that was made before. */
struct answered reply_text(struct call *c, int status, const char *headers, const char *text);
/* What is no JSON; copied. */
struct answered reply_bytes(struct call *c, const char *type, const char *headers, const char *data, size_t len);
/* One that stays where it is. */
struct answered reply_constant(struct call *c, const char *text);
/* 202 with Location. */
struct answered reply_operation(struct call *c, const struct operation *operation);

/* To a connection whose call is over: what the engine answered. */
void reply_late_json(struct conn *conn, const char *text);
void reply_late_error(struct conn *conn, enum role role, const struct err *e);

/* The stable code of an error. */
const char *reply_code(const struct err *e);
/* What a problem says: RFC 9457. status 0: the kind's. NULL when out of memory. */
struct json_object *problem_json(const struct err *e, int status);
/* An answer before there is any call: malformed HTTP, too many connections. */
void reply_problem(struct conn *conn, int status, const struct err *e, bool close);

/* fields=: keeps only the members named, which must be fields of what the operation answers. -1 with c->err. */
int reply_select(struct call *c, struct json_object *json);

/* If-Match: ERR_PRECONDITION when it names another revision. */
int reply_check_match(struct call *c, int64_t revision);

const char *reply_admin_group(const struct call *c);

#endif
