/* The user's terminal: raw mode, its size, and questions. */
#ifndef BERTH_TERMINAL_H
#define BERTH_TERMINAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "daemon/util/err.h"

/*
 * Raw mode on standard input, with the signals that would leave it so as readable events. terminal_leave() puts
 * everything back; it may be called twice.
 */
struct terminal {
	int signal_fd; /* readable: see terminal_signal(); -1 when not entered */
	bool raw;
	struct termios saved;
	sigset_t mask;
};

#define TERMINAL_NONE                                                                                                              \
	{                                                                                                                          \
		.signal_fd = -1                                                                                                    \
	}

/* raw: false only takes the signals. */
int terminal_enter(struct terminal *t, bool raw, struct err *e);
void terminal_leave(struct terminal *t);
#define AUTO_TERMINAL __attribute__((cleanup(terminal_leave)))

/*
 * Takes one signal: SIGWINCH for a changed size; 0 when it was dealt with (stop and continue) or none is there; another one
 * ends the program: terminal_die() after cleaning up.
 */
int terminal_signal(struct terminal *t);
/* Restores the terminal and ends the process by that signal. */
_Noreturn void terminal_die(struct terminal *t, int sig);

/* Of standard output, else of standard input; false when there is no terminal. */
bool terminal_size(int *rows_out, int *columns_out);

/* One line without its end. -1 at the end of input or when it is longer than size. */
int terminal_read_line(int fd, char *line, size_t size);
/* Asks without echo. */
int terminal_ask_secret(const char *question, char *line, size_t size, struct err *e);

#endif
