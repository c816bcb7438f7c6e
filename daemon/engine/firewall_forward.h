/*
 * Ports of the host that are a container's: elements of maps, so that a packet's way is the same however many there are. They apply
 * to what the host itself sends, too; rules of others come after.
 */
#ifndef BERTH_FIREWALL_FORWARD_H
#define BERTH_FIREWALL_FORWARD_H

#include "daemon/engine/nfnl.h"
#include "schema/spec.h"

/* Adds the commands for what all share; before those of the other chains, which ask its sets. */
void firewall_forward_begin(struct buf *out, const char *instance);
/* Those of `old` (or NULL) go, those of `place` come. */
void firewall_forward_put(struct nfnl_batch *b, const struct nfnl_table *t, const struct place *old, const struct place *place);
void firewall_forward_drop(struct nfnl_batch *b, const struct nfnl_table *t, const struct place *place);

#endif
