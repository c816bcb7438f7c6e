#include "daemon/util/signals.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* -1: it is no number up to max. */
static int
signals_parse(const char *text, int max)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*text))
		return -1;
	n = strtol(text, &end, 10);
	return *end == '\0' && n <= max ? (int)n : -1;
}

int
signals_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = { { "HUP", SIGHUP },   { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "KILL", SIGKILL },  { "USR1", SIGUSR1 },
		        { "USR2", SIGUSR2 }, { "TERM", SIGTERM }, { "PWR", SIGPWR },   { "WINCH", SIGWINCH } };
	int n;

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	if (strncmp(name, "RTMIN+", 6) == 0) {
		n = signals_parse(name + 6, SIGRTMAX - SIGRTMIN);
		return n < 0 ? 0 : SIGRTMIN + n;
	}
	n = signals_parse(name, SIGRTMAX);
	return n < 0 ? 0 : n;
}
