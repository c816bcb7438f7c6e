#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/nic_lease.h"

enum { LEASE_ADDRESS = 4, LEASE_KEY = IFNAMSIZ + LEASE_ADDRESS };

void
nic_leases_clear(struct nic_leases *leases)
{
	free(leases->v);
	*leases = (struct nic_leases){ .v = NULL };
}

static struct nic_lease *
nic_leases_add(struct nic_leases *leases)
{
	struct nic_lease *grown;

	if (leases->n == leases->size) {
		leases->size = leases->size ? 2 * leases->size : 64;
		grown = reallocarray(leases->v, leases->size, sizeof *grown);
		leases->failed |= !grown;
		leases->size = grown ? leases->size : leases->n;
		leases->v = grown ? grown : leases->v;
	}
	return leases->n < leases->size ? &leases->v[leases->n++] : NULL;
}

static void
nic_lease_take(void *arg, const struct nfnl_found *element)
{
	struct nic_lease *lease = element->len == LEASE_KEY ? nic_leases_add(arg) : NULL;
	const char *key = element->key;

	if (!lease)
		return;
	*lease = (struct nic_lease){ .address.family = AF_INET,
		                     .timeout_ms = element->timeout_ms,
		                     .expires_ms = element->expires_ms };
	memcpy(lease->interface, key, IFNAMSIZ - 1);
	memcpy(lease->address.bytes, key + IFNAMSIZ, LEASE_ADDRESS);
}

int
nic_lease_read(const char *instance, struct nic_leases *out, struct err *e)
{
	const struct nfnl_table t = { NFPROTO_BRIDGE, instance };
	int nfnl, rc = nfnl_get(&nfnl, e);

	if (rc == 0)
		rc = nfnl_read_elements(nfnl, &t, "leases4", nic_lease_take, out, e);
	return out->failed ? err_set(e, ERR_INTERNAL, "out of memory") : rc;
}
