#include "daemon/util/man.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A backslash and a line's first dot or quote would be read as requests, a hyphen as a minus where it is one. */
void
man_text(const char *text)
{
	for (bool first = true; *text; first = *text == '\n', text++) {
		if (first && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (strncmp(text, "…", 3) == 0) {
			fputs("...", stdout);
			text += 2;
		} else
			putchar(*text);
	}
}

void
man_line(const char *macro, const char *text)
{
	fputs(macro, stdout);
	man_text(text);
	putchar('\n');
}
