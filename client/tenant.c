#include "client/table.h"
#include "client/verbs.h"
#include "schema/tenant.h"

static const struct table tenants = {
	.noun = "tenant",
	.list = TENANT_LIST,
	.show = TENANT_SHOW,
	.create = TENANT_CREATE,
	.set = TENANT_SET,
	.delete = TENANT_DELETE,
	.view = {
		.columns = "name,used.containers,containers,used.cpus,cpus,used.memory,memory,used.disk,disk,forbid",
		.schemas = { &tenant_schema },
		.names = "used",
		.key = "name",
	},
};
TABLE_VERBS(tenant, &tenants)

const struct verb tenant_list_verb = {
	.name = "tenant list",
	.args = "",
	.help = "List tenants",
	.examples = "berth tenant list",
	.groups = VERB_LISTS,
	.run = tenant_list,
};

const struct verb tenant_show_verb = {
	.name = "tenant show",
	.args = "NAME",
	.help = "Show a tenant",
	.examples = "berth tenant show acme",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@tenant",
	.run = tenant_show,
};

const struct verb tenant_create_verb = {
	.name = "tenant create",
	.args = "NAME",
	.help = "Create a tenant",
	.more = "A total that isn't given doesn't limit.",
	.examples = "berth tenant create acme --containers 10 --cpus 8 --memory 16G --disk 200G",
	.groups = OPTS_OUTPUT,
	.schema = &tenant_schema,
	.flags = FIELD_CREATE,
	.skip = "name",
	.min = 1,
	.max = 1,
	.run = tenant_create,
};

const struct verb tenant_set_verb = {
	.name = "tenant set",
	.args = "NAME KEY=VALUE…",
	.help = "Change a tenant",
	.examples = "berth tenant set acme memory=32G disk=none\n"
	            "berth tenant set acme forbid=console",
	.schema = &tenant_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@tenant",
	.run = tenant_set,
};

const struct verb tenant_delete_verb = {
	.name = "tenant delete",
	.args = "NAME…",
	.help = "Delete tenants",
	.examples = "berth tenant delete acme",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@tenant",
	.run = tenant_delete,
};
