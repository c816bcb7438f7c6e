/* Text for a man page, in roff's man macros, on standard output. */
#ifndef BERTH_MAN_H
#define BERTH_MAN_H

void man_text(const char *text);
/* A macro with its blank (".TP " or ""), the text, a line's end. */
void man_line(const char *macro, const char *text);

#endif
