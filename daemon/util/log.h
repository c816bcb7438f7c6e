/*
 * The log: to the journal where standard error is one of its streams, with fields that say what a message is about; else one
 * line a message on standard error, with a syslog priority prefix ("<3>", see sd-daemon(3)) where something of systemd's reads
 * it, and with the time in UTC where it is a file. Control characters in a message are escaped, so that nothing a stranger sent
 * can forge a line or a field.
 */
#ifndef BERTH_LOG_H
#define BERTH_LOG_H

#include "daemon/util/err.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* By the name that the configuration has for it; info, if there is none of that name. */
enum log_level log_level_of(const char *name);

/* name: the process's role, shown before each message; kept by reference. */
void log_init(const char *name, enum log_level level);

/* What the messages from now on are about: BERTH_CONTAINER (name and UUID), BERTH_TENANT, BERTH_OPERATION. Copied; each, and
 * subject itself, may be NULL. */
struct log_subject {
	const char *container;
	const char *container_id;
	const char *tenant;
	const char *operation;
};
void log_about(const struct log_subject *subject);

/* For a process that can't open sockets later: holds the journal's from now on. */
void log_stay_open(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An error with what was being done. */
void log_err(const struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
