/* Text from a daemon or a container made safe for a terminal. */
#ifndef BERTH_CLEAN_H
#define BERTH_CLEAN_H

#include <stddef.h>

#include "daemon/util/buf.h"

/* Adds text with control characters, C1 ones and bytes that are no UTF-8 as \n, \t, \xNN. */
void clean_text(const char *text, struct buf *out);

/*
 * A console's log: lines, tabs and colours (SGR) go through; cursor movements, titles, queries and all else that a
 * terminal would act on is dropped, bytes that are no UTF-8 become '?'. Sequences may be cut anywhere between calls.
 */
struct clean_log {
	enum { CLEAN_GROUND, CLEAN_ESCAPE, CLEAN_CHARSET, CLEAN_CSI, CLEAN_TEXT, CLEAN_TEXT_ESCAPE } state;
	char held[64]; /* a CSI or a character begun */
	size_t nheld;
	size_t want; /* bytes of the UTF-8 character begun */
};

void clean_log(struct clean_log *state, const char *data, size_t len, struct buf *out);

#endif
