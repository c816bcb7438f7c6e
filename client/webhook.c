#include "client/table.h"
#include "client/verbs.h"
#include "schema/webhook.h"

static const struct table webhooks = {
	.noun = "webhook",
	.list = WEBHOOK_LIST,
	.show = WEBHOOK_SHOW,
	.create = WEBHOOK_CREATE,
	.set = WEBHOOK_SET,
	.delete = WEBHOOK_DELETE,
	.view = {
		.columns = "id,name,tenant,url,enabled,pending,last_success_at,failures,last_error",
		.schemas = { &webhook_schema },
		.names = "pending",
		.key = "id",
	},
};
TABLE_VERBS(webhook, &webhooks)

const struct verb webhook_list_verb = {
	.name = "webhook list",
	.args = "",
	.help = "List webhooks",
	.more = "PENDING is how many events each has yet to be told.",
	.examples = "berth webhook list",
	.groups = VERB_LISTS,
	.run = webhook_list,
};

const struct verb webhook_show_verb = {
	.name = "webhook show",
	.args = "ID",
	.help = "Show a webhook, and how it fares",
	.examples = "berth webhook show 0f1e2d3c4b5a6978",
	.groups = OPTS_OUTPUT,
	.min = 1,
	.max = 1,
	.words = "@webhook",
	.run = webhook_show,
};

const struct verb webhook_create_verb = {
	.name = "webhook create",
	.args = "NAME --url URL",
	.help = "Make a webhook: events are posted to its URL, signed",
	.more = "Its secret, by which the receiver knows that a request is berthd's, is the only thing on standard output: "
	        "nobody can show it again. Events come one after another, each until it is taken (an answer of 2xx), later and "
	        "later again.",
	.examples = "berth webhook create panel --url https://panel.example.org/berth\n"
	            "berth webhook create acme --tenant acme --url https://acme.example.org/h --types 'container.*'",
	.groups = OPTS_OUTPUT,
	.schema = &webhook_schema,
	.flags = FIELD_CREATE,
	.skip = "name,secret",
	.min = 1,
	.max = 1,
	.run = webhook_create,
};

const struct verb webhook_set_verb = {
	.name = "webhook set",
	.args = "ID KEY=VALUE…",
	.help = "Change a webhook",
	.more = "It is tried again at once, from where it stands.",
	.examples = "berth webhook set 0f1e2d3c4b5a6978 enabled=yes",
	.schema = &webhook_schema,
	.flags = FIELD_PATCH,
	.keys = true,
	.min = 2,
	.max = WORDS_ANY,
	.words = "@webhook",
	.run = webhook_set,
};

const struct verb webhook_delete_verb = {
	.name = "webhook delete",
	.args = "ID…",
	.help = "Delete webhooks",
	.examples = "berth webhook delete 0f1e2d3c4b5a6978",
	.min = 1,
	.max = WORDS_ANY,
	.words = "@webhook",
	.run = webhook_delete,
};
