#include "client/table.h"
#include "client/verbs.h"
#include "schema/tenant.h"

static const struct table tokens = {
	.noun = "token",
	.list = TOKEN_LIST,
	.show = TOKEN_SHOW,
	.create = TOKEN_CREATE,
	.set = TOKEN_SET,
	.delete = TOKEN_DELETE,
	.view = {
		.columns = "id,name,role,tenant,uid,gid,expires_at,used_at",
		.schemas = { &token_schema },
		.key = "id",
	},
};
TABLE_VERBS(token, &tokens)

const struct verb token_list_verb = {
	.name = "token list",
	.args = "",
	.help = "List tokens",
	.examples = "berth token list",
	.groups = VERB_LISTS,
	.run = token_list,
};

const struct verb token_show_verb = {
	.name = "token show",
	.args = "ID",
	.help = "Show a token",
	.examples = "berth token show 0f1e2d3c4b5a6978",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@token",
	.run = token_show,
};

const struct verb token_create_verb = {
	.name = "token create",
	.args = "NAME --role ROLE",
	.help = "Create a token",
	.more = "Its text is the only thing on standard output: nobody can show it again. With --uid or --gid it has none: that "
	        "user, or that group's members, are who it says.",
	.examples = "berth token create panel --role owner --tenant acme\n"
	            "berth token create metrics --role auditor --lifetime 31536000\n"
	            "berth token create alice --role owner --tenant acme --uid 1001",
	.groups = OPTS_OUTPUT,
	.schema = &token_schema,
	.flags = FIELD_CREATE,
	.skip = "name",
	.min = 1,
	.max = 1,
	.run = token_create,
};

const struct verb token_set_verb = {
	.name = "token set",
	.args = "ID KEY=VALUE…",
	.help = "Change a token",
	.examples = "berth token set 0f1e2d3c4b5a6978 name=panel-2",
	.schema = &token_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@token",
	.run = token_set,
};

const struct verb token_delete_verb = {
	.name = "token delete",
	.args = "ID…",
	.help = "Delete tokens",
	.examples = "berth token delete 0f1e2d3c4b5a6978",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@token",
	.run = token_delete,
};
