/*
 * The error object: made where a thing fails, with the context known there; wrapped at most once a layer with what
 * was being done; logged or answered once, at the top.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *e` last. It fills *e before it returns -1.
 */
#ifndef BERTH_ERR_H
#define BERTH_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* Each kind maps to one HTTP status, one default code and one client exit status: see err_kinds in err.c. */
enum err_kind {
	ERR_NONE = 0,
	ERR_INTERNAL,     /* a system call or an invariant failed; detail is for the admin alone */
	ERR_BAD_REQUEST,  /* the request can't be parsed */
	ERR_INVALID,      /* parsed, but one or more parameters are wrong: see params */
	ERR_UNAUTHORIZED, /* the credential is missing or none that is valid */
	ERR_DENIED,
	ERR_NOT_FOUND,
	ERR_CONFLICT,     /* the object's state or a unique value forbids it */
	ERR_LOCKED,       /* another operation holds the object; retry */
	ERR_PRECONDITION, /* If-Match didn't match */
	ERR_TOO_LARGE,
	ERR_NO_SPACE,    /* a pool, range or disk is full */
	ERR_UNSUPPORTED, /* this host or kernel can't do it */
	ERR_BUSY,        /* too much at once; retry later */
	ERR_TIMEOUT,
	ERR_CANCELLED,
	ERR_UNAVAILABLE, /* the daemon, or a part of it, can't be reached; retry */
	ERR_TOO_MANY,    /* of one caller at once, or of wrong credentials; retry later */
	ERR_KIND_COUNT
};

enum { ERR_PARAMS_MAX = 12 };

struct err_param {
	char name[64];
	char reason[192];
};

struct err {
	enum err_kind kind;
	int sys;           /* errno of err_sys(), else 0 */
	char code[40];     /* stable, machine-readable; the kind's default unless err_code() set it */
	char message[512]; /* one sentence for a person, without a final newline */
	size_t nparams;
	struct err_param params[ERR_PARAMS_MAX];
};

struct err_kind_info {
	const char *code;
	const char *title;
	int http_status;
	int exit_status; /* of the client, see the contract in design.md: 0 to 7 */
	bool retryable;
};

/* All of these return -1, so that `return err_set(...)` reads well. e may be NULL. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* kind ERR_INTERNAL (ERR_NO_SPACE for ENOSPC and EDQUOT), with errno's text appended. */
int err_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts "context: " before the message that is there. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Replaces the kind's default code by a more precise stable one. */
int err_code(struct err *e, const char *code);
/* Adds one wrong parameter and makes *e ERR_INVALID; past ERR_PARAMS_MAX further ones are counted out. */
int err_param(struct err *e, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Whether a parameter of this name is among the wrong ones. */
bool err_names(const struct err *e, const char *name);

void err_clear(struct err *e);
bool err_is_set(const struct err *e);

/* Never NULL; an unknown kind is told as ERR_INTERNAL. */
const struct err_kind_info *err_kind_info(enum err_kind kind);
/* ERR_INTERNAL when no kind has that code. */
enum err_kind err_kind_of_code(const char *code);

#endif
