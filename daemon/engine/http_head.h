/*
 * The job's side of HTTP/1.1, on a connection that the api handed over after reading the request: a refusal, the switch to
 * frames, or a chunked body. Calls block, up to half a minute without progress; then the client counts as gone.
 */
#ifndef BERTH_HTTP_HEAD_H
#define BERTH_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"

/* A problem+json response. op: the operation's UUID, told instead of the reason of an internal error. */
void http_problem(int conn, const struct err *problem, const char *op);
/* The same, for who writes it himself; false when out of memory. */
bool http_problem_answer(const struct err *problem, const char *op, struct buf *out);
/* Its body alone, for FRAME_ERROR; the caller frees it. NULL when out of memory. */
char *http_problem_text(const struct err *problem, const char *op);

/* 101 Switching Protocols to berth-stream/1. */
int http_switch(int conn, struct err *e);

/* 200 with a chunked plain-text body, its parts, its end. */
int http_body_begin(int conn, struct err *e);
int http_body_add(int conn, const void *data, size_t len, struct err *e);
int http_body_end(int conn, struct err *e);

/* Everything, blocking; ERR_UNAVAILABLE when the client has gone or doesn't read. */
int http_write(int conn, const void *data, size_t len, struct err *e);

#endif
