#include "client/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/clean.h"
#include "client/terminal.h"

void
client_say(const struct client *c, const char *fmt, ...)
{
	AUTO_BUF struct buf text = { 0 }, out = { 0 };
	const char *from;
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (text.failed || !text.data)
		return;
	from = text.data + (text.data[0] == '\n');
	clean_text(from, &out);
	if (!out.failed)
		fprintf(stderr, "%s%s\n", from == text.data ? "" : "\n", out.data);
}

bool
client_confirm(const char *question)
{
	char line[16] = "";

	if (!isatty(STDIN_FILENO))
		return true;
	fprintf(stderr, "%s [y/N] ", question);
	if (terminal_read_line(STDIN_FILENO, line, sizeof line) < 0)
		return false;
	return strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0;
}

int
client_catch_interrupt(struct client *c, sigset_t *old, struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "watch for SIGINT");
	sigprocmask(SIG_BLOCK, &set, old);
	c->http.interrupt_fd = fd;
	return 0;
}

void
client_release_interrupt(struct client *c, const sigset_t *old)
{
	close(c->http.interrupt_fd);
	c->http.interrupt_fd = -1;
	sigprocmask(SIG_SETMASK, old, NULL);
}

void
client_container(const struct client *c, const char *name, struct buf *out)
{
	bool bare = !strchr(name, ':') && name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= 40;

	if (c->tenant && bare && (strlen(name) != 36 || name[8] != '-'))
		buf_addf(out, "%s:", c->tenant);
	buf_addf(out, "%s", name);
}
