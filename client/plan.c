#include "client/table.h"
#include "client/verbs.h"
#include "schema/tenant.h"

static const struct table plans = {
	.noun = "plan",
	.list = PLAN_LIST,
	.show = PLAN_SHOW,
	.create = PLAN_CREATE,
	.set = PLAN_SET,
	.delete = PLAN_DELETE,
	.view = {
		.columns = "name,revision,cpus,memory,disk,pids,description",
		.schemas = { &plan_schema },
		.key = "name",
	},
};
TABLE_VERBS(plan, &plans)

const struct verb plan_list_verb = {
	.name = "plan list",
	.args = "",
	.help = "List plans",
	.examples = "berth plan list",
	.groups = VERB_LISTS,
	.run = plan_list,
};

const struct verb plan_show_verb = {
	.name = "plan show",
	.args = "NAME",
	.help = "Show a plan",
	.examples = "berth plan show small",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@plan",
	.run = plan_show,
};

const struct verb plan_create_verb = {
	.name = "plan create",
	.args = "NAME",
	.help = "Create a plan",
	.more = "What a plan doesn't give has the daemon's default.",
	.examples = "berth plan create small --cpus 1 --memory 1G --disk 10G --pids 500",
	.groups = OPTS_OUTPUT,
	.schema = &plan_schema,
	.flags = FIELD_CREATE,
	.skip = "name",
	.min = 1,
	.max = 1,
	.run = plan_create,
};

const struct verb plan_set_verb = {
	.name = "plan set",
	.args = "NAME KEY=VALUE…",
	.help = "Change a plan",
	.examples = "berth plan set small memory=2G",
	.schema = &plan_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@plan",
	.run = plan_set,
};

const struct verb plan_delete_verb = {
	.name = "plan delete",
	.args = "NAME…",
	.help = "Delete plans",
	.examples = "berth plan delete small",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@plan",
	.run = plan_delete,
};
