#include "daemon/util/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/utf8.h"

/* HTTP statuses: RFC 9110; 423 and 507: RFC 4918; 428/412: If-Match. */
static const struct err_kind_info err_kinds[ERR_KIND_COUNT] = {
	[ERR_NONE] = { "none", "No error", 200, 0, false },
	[ERR_INTERNAL] = { "internal", "Internal error", 500, 1, false },
	[ERR_BAD_REQUEST] = { "bad_request", "Malformed request", 400, 2, false },
	[ERR_INVALID] = { "invalid", "Invalid parameters", 422, 2, false },
	[ERR_UNAUTHORIZED] = { "unauthorized", "Not authenticated", 401, 5, false },
	[ERR_DENIED] = { "denied", "Not allowed", 403, 5, false },
	[ERR_NOT_FOUND] = { "not_found", "Not found", 404, 3, false },
	[ERR_CONFLICT] = { "conflict", "Conflict", 409, 4, false },
	[ERR_LOCKED] = { "locked", "Locked by another operation", 423, 4, true },
	[ERR_PRECONDITION] = { "precondition_failed", "Changed meanwhile", 412, 4, false },
	[ERR_TOO_LARGE] = { "too_large", "Too large", 413, 2, false },
	[ERR_NO_SPACE] = { "no_space", "Out of space", 507, 1, true },
	[ERR_UNSUPPORTED] = { "unsupported", "Not supported on this host", 501, 1, false },
	[ERR_BUSY] = { "busy", "Too busy", 503, 1, true },
	[ERR_TIMEOUT] = { "timeout", "Timed out", 504, 6, true },
	[ERR_CANCELLED] = { "cancelled", "Cancelled", 409, 1, false },
	[ERR_TOO_MANY] = { "too_many_requests", "Too many requests", 429, 1, true },
	[ERR_UNAVAILABLE] = { "unavailable", "Unavailable", 503, 7, true },
};

const struct err_kind_info *
err_kind_info(enum err_kind kind)
{
	if ((unsigned int)kind >= ERR_KIND_COUNT)
		kind = ERR_INTERNAL;
	return &err_kinds[kind];
}

enum err_kind
err_kind_of_code(const char *code)
{
	for (size_t i = 1; i < ERR_KIND_COUNT; i++)
		if (strcmp(err_kinds[i].code, code) == 0)
			return (enum err_kind)i;
	return ERR_INTERNAL;
}

static void
err_start(struct err *e, enum err_kind kind, int sys)
{
	e->kind = kind;
	e->sys = sys;
	e->nparams = 0;
	snprintf(e->code, sizeof e->code, "%s", err_kind_info(kind)->code);
}

/* A text that filled its place may have been cut: it must not end within a UTF-8 character. */
static void
err_trim(char *text, size_t size)
{
	size_t len = strlen(text), start = len;
	unsigned char lead;

	if (len + 1 < size)
		return;
	while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return;
	lead = (unsigned char)text[start - 1];
	if (lead >= 0xc0 && len - start < (lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1))
		text[start - 1] = '\0';
}

/* It goes into JSON, which carries nothing else, and may quote a stranger's bytes. */
static void
err_tidy(char *text, size_t size)
{
	err_trim(text, size);
	utf8_repair(text);
}

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return -1;
	err_start(e, kind, 0);
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof e->message, fmt, ap);
	va_end(ap);
	err_tidy(e->message, sizeof e->message);
	return -1;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int sys = errno;
	size_t len;
	va_list ap;

	if (!e)
		return -1;
	err_start(e, sys == ENOSPC || sys == EDQUOT ? ERR_NO_SPACE : ERR_INTERNAL, sys);
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof e->message, fmt, ap);
	va_end(ap);
	len = strlen(e->message);
	snprintf(e->message + len, sizeof e->message - len, ": %s", strerror(sys));
	err_tidy(e->message, sizeof e->message);
	errno = sys;
	return -1;
}

int
err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof e->message];
	size_t len;
	va_list ap;

	if (!e)
		return -1;
	memcpy(old, e->message, sizeof old);
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof e->message, fmt, ap);
	va_end(ap);
	len = strlen(e->message);
	snprintf(e->message + len, sizeof e->message - len, ": %s", old);
	err_tidy(e->message, sizeof e->message);
	return -1;
}

int
err_code(struct err *e, const char *code)
{
	if (e)
		snprintf(e->code, sizeof e->code, "%s", code);
	return -1;
}

bool
err_names(const struct err *e, const char *name)
{
	for (size_t i = 0; i < e->nparams; i++)
		if (strcmp(e->params[i].name, name) == 0)
			return true;
	return false;
}

int
err_param(struct err *e, const char *name, const char *fmt, ...)
{
	struct err_param *p;
	va_list ap;

	if (!e)
		return -1;
	if (e->kind != ERR_INVALID) {
		err_start(e, ERR_INVALID, 0);
		snprintf(e->message, sizeof e->message, "The request has invalid parameters");
	}
	if (e->nparams == ERR_PARAMS_MAX)
		return -1;
	p = &e->params[e->nparams++];
	snprintf(p->name, sizeof p->name, "%s", name);
	err_tidy(p->name, sizeof p->name);
	va_start(ap, fmt);
	vsnprintf(p->reason, sizeof p->reason, fmt, ap);
	va_end(ap);
	err_tidy(p->reason, sizeof p->reason);
	return -1;
}

void
err_clear(struct err *e)
{
	memset(e, 0, sizeof *e);
}

bool
err_is_set(const struct err *e)
{
	return e->kind != ERR_NONE;
}
