#include "daemon/util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *name;
	enum log_level level;
	bool prefix;
} logger = { "berth", LOG_LEVEL_INFO, false };

void
log_init(const char *name, enum log_level level)
{
	logger.name = name;
	logger.level = level;
	logger.prefix = getenv("JOURNAL_STREAM") != NULL;
}

/* Escapes in place: a message is one printable line, whatever a stranger put into it. */
static void
log_clean(char *line)
{
	for (unsigned char *c = (unsigned char *)line; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

static void
log_write(enum log_level level, const char *message)
{
	char line[1200];
	int len;

	if (logger.prefix)
		len = snprintf(line, sizeof line, "<%d>%s: %s", (int)level, logger.name, message);
	else
		len = snprintf(line, sizeof line, "%s: %s", logger.name, message);
	if (len < 0)
		return;
	log_clean(line);
	len = (int)strlen(line);
	line[len] = '\n';
	/* One write a line: lines of several processes don't mix. Nothing helps if standard error is gone. */
	if (write(STDERR_FILENO, line, (size_t)len + 1) < 0)
		return;
}

static void
log_format(enum log_level level, const char *fmt, va_list ap)
{
	char message[1024];

	if (level > logger.level)
		return;
	vsnprintf(message, sizeof message, fmt, ap);
	log_write(level, message);
}

#define LOG_FUNCTION(function, level)                                                                                              \
	void function(const char *fmt, ...)                                                                                        \
	{                                                                                                                          \
		va_list ap;                                                                                                        \
                                                                                                                                   \
		va_start(ap, fmt);                                                                                                 \
		log_format(level, fmt, ap);                                                                                        \
		va_end(ap);                                                                                                        \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_err(const struct err *e, const char *fmt, ...)
{
	char context[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof context, fmt, ap);
	va_end(ap);
	log_error("%s: %s (%s)", context, e->message, e->code);
	for (size_t i = 0; i < e->nparams; i++)
		log_error("%s: %s: %s", context, e->params[i].name, e->params[i].reason);
}
