/*
 * One line of a list of port forwards, in words:
 *
 *   tcp|udp PORT[-PORT] [to PORT[-PORT]] [on ADDRESS]
 *
 * What comes to that port of the host, on all of its addresses or one, goes to the container's; without `to` to the same one.
 */
#ifndef BERTH_SCHEMA_FORWARD_H
#define BERTH_SCHEMA_FORWARD_H

#include "schema/rule.h"

enum { FORWARD_LIST_MAX = 64, FORWARD_PORTS_MAX = 1024 };

struct forward {
	enum rule_protocol protocol;
	struct port_range from, to; /* as many of each */
	struct address on;          /* family AF_UNSPEC: all of the host's */
};

bool forward_parse(const char *text, struct forward *out, char why[RULE_WHY_MAX]);
/* Whether a packet could be meant for both. */
bool forward_overlaps(const struct forward *a, const struct forward *b);

/* Lists of forwards, and of ports that are granted. */
bool forward_explain(const struct strv *list, size_t i, char *why, size_t size);
bool forward_explain_grant(const struct strv *list, size_t i, char *why, size_t size);

#endif
