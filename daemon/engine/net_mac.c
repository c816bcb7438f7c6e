#include "daemon/engine/net.h"

/* Locally administered (the second bit of the first byte); the same instance and number always give the same address. */
void
net_mac(const struct spec *spec, unsigned char mac_out[6])
{
	uint32_t hash = 2166136261u; /* FNV-1a of the instance: two instances on one wire stay apart */
	int64_t ctid = spec->place.ctid;

	for (const char *c = spec->settings.instance; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	mac_out[0] = 0x02;
	mac_out[1] = (unsigned char)(hash >> 8);
	mac_out[2] = (unsigned char)hash;
	mac_out[3] = (unsigned char)(ctid >> 16);
	mac_out[4] = (unsigned char)(ctid >> 8);
	mac_out[5] = (unsigned char)ctid;
}
