#include "client/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int terminal_signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT };

static int
terminal_set_raw(struct terminal *t)
{
	struct termios raw = t->saved;

	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

int
terminal_enter(struct terminal *t, bool raw, struct err *e)
{
	sigset_t set;

	*t = (struct terminal)TERMINAL_NONE;
	if (raw && tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return err_sys(e, "read the terminal's settings");
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof terminal_signals / sizeof *terminal_signals; i++)
		sigaddset(&set, terminal_signals[i]);
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signal_fd < 0)
		return err_sys(e, "watch for signals");
	sigprocmask(SIG_BLOCK, &set, &t->mask);
	t->raw = raw;
	if (raw && terminal_set_raw(t) < 0) {
		err_sys(e, "set the terminal to raw mode");
		t->raw = false;
		terminal_leave(t);
		return -1;
	}
	return 0;
}

void
terminal_leave(struct terminal *t)
{
	if (t->signal_fd < 0)
		return;
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
	close(t->signal_fd);
	t->signal_fd = -1;
	t->raw = false;
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
}

int
terminal_signal(struct terminal *t)
{
	struct signalfd_siginfo info;

	if (read(t->signal_fd, &info, sizeof info) != sizeof info)
		return 0;
	if (info.ssi_signo == SIGTSTP) {
		if (t->raw)
			tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
		raise(SIGSTOP);
		return 0;
	}
	if (info.ssi_signo != SIGCONT)
		return (int)info.ssi_signo;
	if (t->raw)
		terminal_set_raw(t);
	return t->raw ? SIGWINCH : 0;
}

void
terminal_die(struct terminal *t, int sig)
{
	sigset_t set;

	terminal_leave(t);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	_exit(128 + sig);
}

bool
terminal_size(int *rows_out, int *columns_out)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return false;
	*rows_out = size.ws_row;
	*columns_out = size.ws_col;
	return size.ws_row > 0 && size.ws_col > 0;
}

int
terminal_read_line(int fd, char *line, size_t size)
{
	size_t len = 0;

	/* A byte at a time: what follows the line belongs to whoever reads next. */
	while (len + 1 < size) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n == 0 && len == 0))
			return -1;
		if (n == 0 || c == '\n') {
			line[len] = '\0';
			return strlen(line) == len ? 0 : -1;
		}
		line[len++] = c;
	}
	line[0] = '\0';
	return -1;
}

int
terminal_ask_secret(const char *question, char *line, size_t size, struct err *e)
{
	struct terminal t = TERMINAL_NONE;
	struct termios quiet;
	int rc;

	if (tcgetattr(STDIN_FILENO, &t.saved) < 0)
		return err_sys(e, "read the terminal's settings");
	quiet = t.saved;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_lflag |= ECHONL;
	fputs(question, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	rc = terminal_read_line(STDIN_FILENO, line, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &t.saved);
	/* Ctrl-C comes as a character while signals are off, so that the echo is always put back. */
	if (rc < 0 || strchr(line, 3))
		return err_set(e, ERR_CANCELLED, "No password was given");
	return 0;
}
