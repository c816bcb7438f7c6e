/*
 * The log: one line a message on standard error, with a syslog priority prefix ("<3>", see sd-daemon(3)) where
 * systemd reads it. Control characters in a message are escaped, so that nothing a stranger sent can forge a line.
 */
#ifndef BERTH_LOG_H
#define BERTH_LOG_H

#include "daemon/util/err.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* name: the process's role, shown before each message; kept by reference. */
void log_init(const char *name, enum log_level level);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An error with what was being done. */
void log_err(const struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
