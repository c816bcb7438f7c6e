#include "client/table.h"
#include "client/verbs.h"
#include "schema/network.h"

static const struct table networks = {
	.noun = "network",
	.list = NETWORK_LIST,
	.show = NETWORK_SHOW,
	.create = NETWORK_CREATE,
	.set = NETWORK_SET,
	.delete = NETWORK_DELETE,
	.view = {
		.columns = "name,tenant,kind,prefix,bridge,vlan,isolation,used,description",
		.schemas = { &network_schema },
		.names = "used",
		.key = "name",
	},
};
TABLE_VERBS(network, &networks)

const struct verb network_list_verb = {
	.name = "network list",
	.args = "",
	.help = "List networks",
	.examples = "berth network list",
	.groups = VERB_LISTS,
	.run = network_list,
};

const struct verb network_show_verb = {
	.name = "network show",
	.args = "NETWORK",
	.help = "Show a network",
	.examples = "berth network show backend",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@network",
	.run = network_show,
};

const struct verb network_create_verb = {
	.name = "network create",
	.args = "NETWORK",
	.help = "Create a network",
	.more = "A container is attached by --net NETWORK, beside its routed addresses: the interface eth1, eth2 and so on. A "
	        "private network is between its tenant's own containers; it doesn't lead out of the host. A network of the kind "
	        "bridge is the operator's, on a bridge of the host or one that Berth makes. Containers of different tenants "
	        "exchange nothing on it, unless it is made with --isolation none.",
	.examples = "berth network create backend --prefix 10.0.0.0/24 --prefix fd00:1::/64\n"
	            "berth network create lan --kind bridge --bridge br0 --vlan 20 --prefix 192.0.2.0/24 --gateway 192.0.2.1 "
	            "--tenants acme",
	.groups = OPTS_OUTPUT,
	.schema = &network_schema,
	.flags = FIELD_CREATE,
	.skip = "name",
	.min = 1,
	.max = 1,
	.run = network_create,
};

const struct verb network_set_verb = {
	.name = "network set",
	.args = "NETWORK KEY=VALUE…",
	.help = "Change a network",
	.more = "What is attached stays.",
	.examples = "berth network set lan tenants=acme,globex",
	.schema = &network_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@network",
	.run = network_set,
};

const struct verb network_delete_verb = {
	.name = "network delete",
	.args = "NETWORK…",
	.help = "Delete networks",
	.more = "No container may be attached to it.",
	.examples = "berth network delete backend",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@network",
	.run = network_delete,
};
