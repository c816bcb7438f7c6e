#include "daemon/util/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/util/fd.h"
#include "daemon/util/utf8.h"

enum { LOG_FIELD_MAX = 96, LOG_MESSAGE_MAX = 1024, LOG_STAMP_MAX = 24 };

static struct {
	const char *name;
	enum log_level level;
	bool prefix;
	bool journal;
	int journal_fd; /* kept open; -1: opened for each message */
	char fields[5 * LOG_FIELD_MAX];
} logger = { .name = "berth", .level = LOG_LEVEL_INFO, .journal_fd = -1 };

/* JOURNAL_STREAM names the stream that systemd made; standard error may have become another since. */
static bool
log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2 || fstat(STDERR_FILENO, &st) < 0)
		return false;
	return st.st_dev == device && st.st_ino == inode;
}

enum log_level
log_level_of(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "error", LOG_LEVEL_ERROR }, { "warning", LOG_LEVEL_WARNING }, { "debug", LOG_LEVEL_DEBUG } };

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(levels[i].name, name) == 0)
			return levels[i].level;
	return LOG_LEVEL_INFO;
}

void
log_init(const char *name, enum log_level level)
{
	logger.name = name;
	logger.level = level;
	logger.prefix = getenv("JOURNAL_STREAM") != NULL;
	logger.journal = log_is_journal();
}

/* Escapes in place: a message is one printable line, whatever a stranger put into it. */
static void
log_clean(char *line)
{
	while (*line) {
		size_t len = utf8_character(line);

		if (len == 0 || utf8_is_control(line, len))
			memset(line, '?', len = len ? len : 1);
		line += len;
	}
}

static size_t
log_add_field(size_t len, const char *name, const char *value)
{
	char text[LOG_FIELD_MAX];
	int n;

	if (!value || !*value)
		return len;
	snprintf(text, sizeof text, "%s", value);
	log_clean(text);
	n = snprintf(logger.fields + len, sizeof logger.fields - len, "%s=%s\n", name, text);
	if (n > 0 && len + (size_t)n < sizeof logger.fields)
		return len + (size_t)n;
	logger.fields[len] = '\0';
	return len;
}

void
log_about(const struct log_subject *subject)
{
	size_t len = 0;

	logger.fields[0] = '\0';
	if (!logger.journal || !subject)
		return;
	/* A field may be there more than once: the journal finds a container by either. */
	len = log_add_field(len, "BERTH_CONTAINER", subject->container);
	len = log_add_field(len, "BERTH_CONTAINER", subject->container_id);
	len = log_add_field(len, "BERTH_TENANT", subject->tenant);
	log_add_field(len, "BERTH_OPERATION", subject->operation);
}

static int
log_open_journal(void)
{
	static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket" };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	return take_fd(&fd);
}

void
log_stay_open(void)
{
	if (logger.journal && logger.journal_fd < 0)
		logger.journal_fd = log_open_journal();
}

/* The journal's own protocol: a field a line. By libsystemd each process, the monitors too, would carry that library. */
static bool
log_write_journal(enum log_level level, const char *message)
{
	AUTO_CLOSE int opened = logger.journal_fd < 0 ? log_open_journal() : -1;
	char text[sizeof logger.fields + LOG_MESSAGE_MAX + 128];
	int fd = opened >= 0 ? opened : logger.journal_fd;
	int len = snprintf(text, sizeof text, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\n%sMESSAGE=%s\n", (int)level, logger.name,
	                   logger.fields, message);

	if (fd < 0 || len < 0 || (size_t)len >= sizeof text)
		return false;
	return send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) == len;
}

/* The time in UTC, as events have it; only in a file, since a terminal has its reader and the journal a time of its own. */
static void
log_stamp(char stamp[LOG_STAMP_MAX])
{
	time_t now = time(NULL);
	struct stat st;
	struct tm tm;

	stamp[0] = '\0';
	if (fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode) && gmtime_r(&now, &tm))
		strftime(stamp, LOG_STAMP_MAX, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

static void
log_write(enum log_level level, const char *message)
{
	char line[1200], stamp[LOG_STAMP_MAX];
	int len;

	if (logger.journal && log_write_journal(level, message))
		return;
	log_stamp(stamp);
	if (logger.prefix)
		len = snprintf(line, sizeof line, "<%d>%s: %s", (int)level, logger.name, message);
	else
		len = snprintf(line, sizeof line, "%s%s: %s", stamp, logger.name, message);
	if (len < 0)
		return;
	len = (int)strlen(line);
	line[len] = '\n';
	/* One write a line: lines of several processes don't mix. Nothing helps if standard error is gone. */
	if (write(STDERR_FILENO, line, (size_t)len + 1) < 0)
		return;
}

static void
log_format(enum log_level level, const char *fmt, va_list ap)
{
	char message[LOG_MESSAGE_MAX];

	if (level > logger.level)
		return;
	vsnprintf(message, sizeof message, fmt, ap);
	log_clean(message);
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
