/* problem+json (RFC 9457) → an error, and an error → standard error. */
#ifndef BERTH_PROBLEM_H
#define BERTH_PROBLEM_H

#include "client/http.h"
#include "daemon/util/err.h"

struct json_object;

/* Fills *e from a problem or an operation's error; status is the HTTP status, 0 where there is none. Returns -1. */
int problem_to_err(struct json_object *problem, int status, struct err *e);

/* 0 for a status of success, else -1 with what the reply says. */
int problem_check(const struct http_reply *reply, struct err *e);

/* The client's exit status for it. */
int problem_exit_status(const struct err *e);

/* Prints it, wrong parameters a line each; subject (a container's name, say) may be NULL. */
void problem_print(const char *subject, const struct err *e);

#endif
