/* What interfaces and bridges are called: pure, for the engine as well. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/engine/net.h"
#include "daemon/engine/nic.h"

void
nic_veth(const struct settings *s, int64_t ctid, int64_t index, char out[IFNAMSIZ])
{
	snprintf(out, IFNAMSIZ, "%s%" PRId64 "-%" PRId64, s->instance, ctid, index);
}

/* 0x02 is "locally administered" and stays, 0x04 tells the host's ends apart. */
void
nic_mac(const struct spec *spec, int64_t index, unsigned char mac_out[6])
{
	net_mac(spec, mac_out);
	mac_out[0] |= (unsigned char)(index << 3);
}

void
nic_link_local(const unsigned char mac[6], char out[ADDRESS_TEXT_MAX])
{
	struct address a = { .family = AF_INET6,
		             .bytes = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 0x02, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4],
		                        mac[5] } };

	address_format(&a, out);
}

int
nic_device(const struct spec *spec, const struct nic *nic, char out[IFNAMSIZ], struct err *e)
{
	int64_t tenant = nic->kind == NIC_PRIVATE ? spec->place.tenant_number : 0;
	int n;

	if (nic->bridge[0])
		n = snprintf(out, IFNAMSIZ, "%s", nic->bridge);
	else
		n = snprintf(out, IFNAMSIZ, "%s-%" PRIx64 "-%" PRIx64, spec->settings.instance, (uint64_t)tenant,
		             (uint64_t)nic->number);
	if (n < IFNAMSIZ)
		return 0;
	return err_set(e, ERR_NO_SPACE,
	               "The tenant's and the network's numbers (%" PRId64 ", %" PRId64
	               ") are too long for an interface's name: choose a shorter 'instance'",
	               tenant, nic->number);
}

bool
nic_is_own_device(const struct settings *s, const char *name)
{
	size_t len = strlen(s->instance);

	return strncmp(name, s->instance, len) == 0 && name[len] == '-';
}
