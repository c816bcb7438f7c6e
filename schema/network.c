#include "schema/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/util/buf.h"
#include "schema/check.h"
#include "schema/ip.h"

#define MAKE FIELD_CREATE
#define CHANGE (FIELD_CREATE | FIELD_PATCH)
#define SEEN FIELD_READONLY

static const char *
check_kind(const char *text)
{
	return strcmp(text, "private") == 0 || strcmp(text, "bridge") == 0 ? NULL : "must be private or bridge";
}

static const char *
check_isolation(const char *text)
{
	return strcmp(text, "none") == 0 || strcmp(text, "tenants") == 0 ? NULL : "must be none or tenants";
}

static const char *
check_device(const char *text)
{
	size_t len = strlen(text);

	if (len < 1 || len > 15 || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return "must be an interface's name";
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", text[i]))
			return "must be an interface's name";
	return NULL;
}

static const char *
check_grantee(const char *text)
{
	return strcmp(text, IP_POOL_ALL) == 0 || !check_name(text) ? NULL : "must be a tenant's name, or * for all tenants";
}

#define N network
static const struct field network_fields[] = {
	STRING_FIELD(N, id, SEEN, 36, check_uuid, "UUID."),
	STRING_FIELD(N, name, MAKE | FIELD_REQUIRED, 40, check_name,
	             "Its name, unique among its tenant's, which stands for it in `net`."),
	STRING_FIELD(N, tenant, MAKE, 40, check_name,
	             "Whose private network it is; 'default' when left out. A bridge is the host's."),
	STRING_FIELD(N, kind, MAKE, 16, check_kind,
	             "private: among the tenant's own containers and nobody else; bridge: beside others on a bridge, which is the "
	             "host's "
	             "roles' to make. private when left out."),
	STRING_FIELD(N, description, CHANGE, 200, check_line, "A line for people."),
	LIST_FIELD(
	        N, prefix, MAKE, 2, check_prefix,
	        "Where its addresses come from, one IPv4 and one IPv6 at most. A private network's may be the same as another's."),
	LIST_FIELD(
	        N, gateway, MAKE, 2, check_address,
	        "Routers on a bridge, one a family at most: the way out of a container that has no routed address of the family."),
	STRING_FIELD(N, bridge, MAKE, 15, check_device,
	             "The host's bridge, one of 'bridges' in berthd.conf; without it Berth makes one that ends on this host."),
	INT_FIELD(N, vlan, MAKE | FIELD_NO_PRESET, 1, VLAN_MAX, 0,
	          "VLAN of the host's bridge, which must filter them; its containers see no tags."),
	LIST_FIELD(N, tenants, CHANGE | FIELD_HOST, 4096, check_grantee,
	           "Tenants that may use the bridge, or * for all; without any it is for the host's roles to attach to."),
	STRING_FIELD(N, isolation, CHANGE, 16, check_isolation,
	             "Of a bridge. tenants: containers of different tenants exchange nothing on it, and reach what else is there; "
	             "none: they are neighbours. tenants when left out."),
	INT_FIELD(N, number, SEEN | FIELD_INTERNAL, 1, INT32_MAX, 0, "Names the device."),
	TIME_FIELD(N, created_at, SEEN, "When it was created."),
	INT_FIELD(N, revision, SEEN, 0, INT64_MAX, 0, "Grows with each change; the ETag."),
	END_FIELDS
};
const struct schema network_schema = { "network", sizeof(struct network), network_fields };

static const char *const nic_kinds[] = { [NIC_PRIVATE] = "private", [NIC_BRIDGE] = "bridge" };

/* "10.0.0.5/24": the address stays whole. */
static bool
nic_parse_address(char *text, struct nic *nic)
{
	struct prefix *p = &nic->addresses[nic->naddresses], masked;
	char *slash = strchr(text, '/');

	if (nic->naddresses == NIC_ADDRESSES_MAX || !prefix_parse(text, &masked))
		return false;
	*slash = '\0';
	p->length = masked.length;
	nic->naddresses++;
	return address_parse(text, &p->base) && !check_address(text);
}

static bool
nic_parse_gateway(char *text, struct nic *nic)
{
	return nic->ngateways < 2 && !check_address(text) && address_parse(text, &nic->gateways[nic->ngateways++]);
}

/* "-" is none. */
static bool
nic_parse_list(char *text, struct nic *nic, bool (*take)(char *item, struct nic *nic))
{
	char *save = NULL;

	if (strcmp(text, "-") == 0)
		return true;
	for (char *item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save))
		if (!take(item, nic))
			return false;
	return true;
}

static bool
nic_parse_words(char *words[8], struct nic *nic)
{
	const char *why;

	if (field_parse_int(words[0], &nic->index, &why) < 0 || nic->index < 1 || nic->index > NIC_MAX || check_uuid(words[1]))
		return false;
	memcpy(nic->network, words[1], sizeof nic->network);
	nic->kind = strcmp(words[2], nic_kinds[NIC_BRIDGE]) == 0 ? NIC_BRIDGE : NIC_PRIVATE;
	if (strcmp(words[2], nic_kinds[nic->kind]) != 0 || field_parse_int(words[3], &nic->number, &why) < 0 || nic->number < 1 ||
	    nic->number > INT32_MAX || field_parse_int(words[5], &nic->vlan, &why) < 0 || nic->vlan < 0 || nic->vlan > VLAN_MAX)
		return false;
	if (strcmp(words[4], "-") != 0) {
		if (check_device(words[4]) || nic->kind != NIC_BRIDGE)
			return false;
		snprintf(nic->bridge, sizeof nic->bridge, "%s", words[4]);
	}
	if (nic->vlan > 0 && !nic->bridge[0])
		return false;
	nic->dhcp = strncmp(words[6], "dhcp:", 5) == 0;
	if (nic->dhcp && nic->kind != NIC_BRIDGE)
		return false;
	return nic_parse_list(words[6] + (nic->dhcp ? 5 : 0), nic, nic_parse_address) &&
	       nic_parse_list(words[7], nic, nic_parse_gateway);
}

bool
nic_parse(const char *text, struct nic *out)
{
	struct nic nic = { 0 };
	char copy[NIC_TEXT_MAX], *words[8], *save = NULL;
	size_t n = 0;

	if (strlen(text) >= sizeof copy)
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (n == 8)
			return false;
		words[n++] = word;
	}
	if (n != 8 || !nic_parse_words(words, &nic))
		return false;
	*out = nic;
	return true;
}

bool
nic_format(const struct nic *nic, char out[NIC_TEXT_MAX])
{
	AUTO_BUF struct buf b = { 0 };
	char text[ADDRESS_TEXT_MAX];
	bool fits;

	buf_addf(&b, "%lld %s %s %lld %s %lld %s%s", (long long)nic->index, nic->network, nic_kinds[nic->kind],
	         (long long)nic->number, nic->bridge[0] ? nic->bridge : "-", (long long)nic->vlan, nic->dhcp ? "dhcp:" : "",
	         nic->naddresses == 0 ? "-" : "");
	for (size_t i = 0; i < nic->naddresses; i++)
		buf_addf(&b, "%s%s/%u", i > 0 ? "," : "", address_format(&nic->addresses[i].base, text), nic->addresses[i].length);
	buf_addf(&b, " %s", nic->ngateways == 0 ? "-" : "");
	for (size_t i = 0; i < nic->ngateways; i++)
		buf_addf(&b, "%s%s", i > 0 ? "," : "", address_format(&nic->gateways[i], text));
	fits = !b.failed && b.len < NIC_TEXT_MAX;
	if (fits)
		memcpy(out, b.data, b.len + 1);
	return fits;
}

const char *
check_nic(const char *text)
{
	struct nic nic;

	return nic_parse(text, &nic) ? NULL : "is no interface";
}

bool
net_split(const char *text, char name_out[41], const char **rest_out)
{
	size_t len = strcspn(text, ":");

	if (len > 40)
		return false;
	memcpy(name_out, text, len);
	name_out[len] = '\0';
	*rest_out = text[len] ? text + len + 1 : "";
	return true;
}

const char *
check_net(const char *text)
{
	static const char why[] = "must be NETWORK, NETWORK:ADDRESS[+ADDRESS]… or NETWORK:dhcp";
	char name[41], copy[NIC_TEXT_MAX], *save = NULL;
	const char *rest;

	if (!net_split(text, name, &rest) || check_name(name) || strlen(rest) >= sizeof copy)
		return why;
	if (strchr(text, ':') && !*rest)
		return why;
	memcpy(copy, rest, strlen(rest) + 1);
	if (strcmp(copy, "dhcp") == 0)
		return NULL;
	for (char *item = strtok_r(copy, "+", &save); item; item = strtok_r(NULL, "+", &save))
		if (check_address(item))
			return why;
	return NULL;
}
