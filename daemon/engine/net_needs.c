#include "daemon/engine/net_needs.h"

#include "daemon/engine/firewall_policy.h"
#include "daemon/engine/registry_file.h"
#include "schema/network.h"

static int
net_needs_take(const struct place *place, void *arg, struct err *e)
{
	bool judged = firewall_policy_judges(place);
	struct net_needs *needs = arg;
	struct nic nic;

	(void)e;
	needs->judged |= judged;
	needs->nics |= place->nics.n > 0;
	needs->policed |= judged && place->nics.n > 0;
	for (size_t i = 0; !needs->bridged && i < place->nics.n; i++)
		needs->bridged = nic_parse(place->nics.v[i], &nic) && nic.kind == NIC_BRIDGE;
	return 0;
}

int
net_needs_find(const struct settings *s, struct net_needs *needs_out, struct err *e)
{
	struct net_needs needs = { .judged = false };
	int64_t high = 0;

	if (registry_file_scan(s, &high, net_needs_take, &needs, e) < 0)
		return -1;
	*needs_out = needs;
	return 0;
}
