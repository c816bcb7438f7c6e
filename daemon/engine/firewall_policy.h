/*
 * What one container's packets are judged by, beyond what is so for all: two chains of its own, reached through maps from its
 * interface's name, so that a packet's way doesn't grow with the number of containers. All that the kernel is told of a rule is
 * made of numbers.
 *
 * Replies pass. Every packet of the side that opened a connection is judged, also of one that exists: a stricter policy ends it.
 */
#ifndef BERTH_FIREWALL_POLICY_H
#define BERTH_FIREWALL_POLICY_H

#include "daemon/engine/nfnl.h"
#include "schema/rule.h"
#include "schema/spec.h"

/* One interface in a table that has what firewall_policy_begin() adds. The chains are i<name> and o<name>. */
struct policy_port {
	const struct nfnl_table *table;
	const char *interface;
	const char *name;
	bool stateless; /* the kernel doesn't track its connections */
	/* What firewall_policy_look() has found. Where it wasn't asked a chain is added before it is removed. */
	bool known, has[RULE_DIRECTION_COUNT];
};

/* Adds the commands for what all share, to the table inet `instance`. */
void firewall_policy_begin(struct buf *out, const char *instance);
/*
 * And those for the base chains that lead to the ports' chains: a look-up a packet at each hook, which a host where nobody has
 * rules is spared. They come with the first, and go at a start of the daemon's that finds none.
 */
void firewall_policy_hook(struct buf *out, const char *instance);
/* In a table that is there already, unless it has that chain of them. */
typedef void firewall_policy_put_hooks(struct buf *out, const char *instance);
int firewall_policy_hook_up(const struct nfnl_table *t, const char *chain, firewall_policy_put_hooks *hooks, struct err *e);
/* Whether the container has rules of its own, or a limit of connections. */
bool firewall_policy_judges(const struct place *place);
/* Whether the chain is one of a port's. */
bool firewall_policy_is_chain(const char *chain);
/* Whether the table has some: 1, 0 or -1. */
int firewall_policy_is_there(const struct nfnl_table *t, struct err *e);

/*
 * Finds out which of its chains there are, so that those alone are removed. It is worth the question: for each new way to a chain
 * the kernel follows all that there are, through every container's rules.
 */
int firewall_policy_look(int nfnl, struct policy_port *port, struct err *e);
/* The port's chains become those of `place`. `old` is what was so far, or NULL: unknown. */
void firewall_policy_put(struct nfnl_batch *b, const struct policy_port *port, const struct settings *s, const struct place *old,
                         const struct place *place);
void firewall_policy_drop(struct nfnl_batch *b, const struct policy_port *port);

#endif
