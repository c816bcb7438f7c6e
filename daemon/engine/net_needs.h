/* What containers need of the host's tables, by the registry: found out in one look, and handed to whoever makes a table. */
#ifndef BERTH_NET_NEEDS_H
#define BERTH_NET_NEEDS_H

#include "schema/spec.h"

/* Whether any has it. A container that is changed meanwhile sees to its own. */
struct net_needs {
	bool judged;  /* rules of its own, or a limit of connections */
	bool nics;    /* interfaces on networks */
	bool policed; /* both */
	bool bridged; /* an interface on a bridge of the host's, which is counted for the bill */
};
int net_needs_find(const struct settings *s, struct net_needs *needs_out, struct err *e);

#endif
