#include "client/verbs.h"

#include <string.h>

#include "client/create.h"
#include "client/doctor.h"
#include "client/recover.h"
#include "client/events.h"
#include "client/lifecycle.h"
#include "client/operation.h"
#include "client/show.h"
#include "client/stream.h"
#include "client/table.h"
#include "client/template.h"
#include "schema/container.h"
#include "schema/tenant.h"

#define LISTS (OPTS_OUTPUT | OPTS_LIST)
#define MANY (OPTS_WAIT | OPTS_MANY | OPTS_TENANT)

const struct verb verbs[] = {
	{ .name = "create",
	  .args = "NAME --template TEMPLATE",
	  .help = "Create a container",
	  .run = create_container,
	  .options = create_opts,
	  .groups = OPTS_WAIT | OPTS_OUTPUT,
	  .schema = &container_config_schema,
	  .flags = FIELD_CREATE,
	  .skip = "name,ssh_keys",
	  .min = 1,
	  .max = 1,
	  .more = "Sizes are bytes, or take K, M, G or T. What is left out has the daemon's default.",
	  .examples = "berth create web1 --template busybox --start\n"
	              "berth create web2 --template debian-12 --memory 1G --cpus 1.5 --disk 10G --ssh-key ~/.ssh/id_ed25519.pub\n"
	              "berth create web3 --template debian-12 --password-stdin < password" },
	{ .name = "list",
	  .args = "",
	  .help = "List containers",
	  .run = list_containers,
	  .options = list_opts,
	  .groups = LISTS | OPTS_TENANT,
	  .more = "With -q the names alone. Sizes are exact bytes in json and csv.",
	  .examples = "berth list --sort -memory\nberth list --fields name,state,ipv4 -o csv --no-header\n"
	              "berth list --state running -q" },
	{ .name = "show",
	  .args = "NAME",
	  .help = "Show a container, its limits and what it uses",
	  .run = show_container,
	  .groups = OPTS_OUTPUT | OPTS_TENANT,
	  .min = 1,
	  .max = 1,
	  .words = "@container",
	  .more = "NAME is a name, tenant:name, UUID or CTID, here as everywhere. With json, limits are in the member 'limits'.",
	  .examples = "berth show web1\nberth show web1 -o json\nberth show web1 --fields state,exit" },
	{ .name = "set",
	  .args = "NAME KEY=VALUE…",
	  .help = "Change a container, live where the kernel allows it",
	  .run = set_container,
	  .options = set_opts,
	  .groups = OPTS_WAIT | OPTS_TENANT,
	  .schema = &container_config_schema,
	  .flags = FIELD_PATCH,
	  .keys = true,
	  .min = 2,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .more = "A list is replaced whole: ip=ADDRESS,ADDRESS. ssh_keys=@FILE reads a file of keys. The word password alone asks "
	          "for "
	          "root's new password, or reads it from standard input.",
	  .examples = "berth set web1 memory=2G cpus=2\nberth set web1 ip=10.66.0.10,fd00:66::10\nberth set web1 password" },
	{ .name = "delete",
	  .args = "NAME…",
	  .help = "Delete containers and their data",
	  .run = lifecycle_delete,
	  .options = lifecycle_delete_opts,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .more = "A running container is refused without --force. On a terminal it asks first.",
	  .examples = "berth delete web1\nberth delete web1 web2 --force --yes" },
	{ .name = "start",
	  .args = "NAME…",
	  .help = "Start containers",
	  .run = lifecycle_start,
	  .options = lifecycle_start_opts,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .examples = "berth start web1 web2\nberth start --all\nberth start web1 --rescue busybox" },
	{ .name = "stop",
	  .args = "NAME…",
	  .help = "Stop containers",
	  .run = lifecycle_stop,
	  .options = lifecycle_stop_opts,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .more = "Its init is asked to power off, in its own way; after the timeout it is killed.",
	  .examples = "berth stop web1 --timeout 10\nberth stop web1 --kill\nberth stop --all --tenant acme" },
	{ .name = "restart",
	  .args = "NAME…",
	  .help = "Stop and start containers",
	  .run = lifecycle_restart,
	  .options = lifecycle_stop_opts,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .examples = "berth restart web1" },
	{ .name = "freeze",
	  .args = "NAME…",
	  .help = "Freeze all processes of containers",
	  .run = lifecycle_freeze,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .examples = "berth freeze web1" },
	{ .name = "thaw",
	  .args = "NAME…",
	  .help = "Thaw frozen containers",
	  .run = lifecycle_thaw,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .examples = "berth thaw web1" },
	{ .name = "suspend",
	  .args = "NAME… --reason TEXT",
	  .help = "Stop containers and keep them down, whatever their tenant does",
	  .run = lifecycle_suspend,
	  .options = lifecycle_suspend_opts,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .more = "Its tenant sees the reason, and can neither start nor delete it. Not even a reboot of the host brings it up.",
	  .examples = "berth suspend acme:web1 --reason 'unpaid invoice 4711'\n"
	              "berth suspend --all --tenant acme --reason abuse --kill" },
	{ .name = "unsuspend",
	  .args = "NAME…",
	  .help = "Lift the suspension of containers",
	  .run = lifecycle_unsuspend,
	  .groups = MANY,
	  .max = WORDS_ANY,
	  .words = "@container",
	  .more = "One that ran, or should have, starts again.",
	  .examples = "berth unsuspend acme:web1\nberth unsuspend --all --tenant acme" },
	{ .name = "exec",
	  .args = "NAME -- COMMAND…",
	  .help = "Run a command inside",
	  .run = stream_exec,
	  .options = stream_exec_opts,
	  .groups = OPTS_TENANT,
	  .min = 2,
	  .max = WORDS_ANY,
	  .stop = 2,
	  .words = "@container",
	  .more = "Standard input, output and error are kept apart, unless input and output are a terminal: then it gets one. The "
	          "exit "
	          "status is the command's own: 126 when it can't be run, 127 when it isn't found, 128 and the signal's number "
	          "when "
	          "one ended it.",
	  .examples = "berth exec web1 -- uname -a\ntar c . | berth exec web1 -- tar x -C /srv\n"
	              "berth exec web1 --user www-data -- id" },
	{ .name = "enter",
	  .args = "NAME",
	  .help = "Open a shell inside",
	  .run = stream_enter,
	  .options = stream_enter_opts,
	  .groups = OPTS_TENANT,
	  .min = 1,
	  .max = 1,
	  .words = "@container",
	  .examples = "berth enter web1" },
	{ .name = "console",
	  .args = "NAME",
	  .help = "Attach to a container's console",
	  .run = stream_console,
	  .groups = OPTS_TENANT,
	  .min = 1,
	  .max = 1,
	  .words = "@container",
	  .more = "Ctrl-] detaches.",
	  .examples = "berth console web1" },
	{ .name = "logs",
	  .args = "NAME",
	  .help = "Show what was written to the console",
	  .run = stream_logs,
	  .options = stream_logs_opts,
	  .groups = OPTS_TENANT,
	  .min = 1,
	  .max = 1,
	  .words = "@container",
	  .more = "On a terminal, what would act on it is left out, but colours; elsewhere, or with --raw, all bytes go through.",
	  .examples = "berth logs web1 --tail 20\nberth logs web1 -f" },
	{ .name = "template list",
	  .args = "",
	  .help = "List templates",
	  .run = template_list,
	  .groups = LISTS,
	  .examples = "berth template list" },
	{ .name = "template show",
	  .args = "TEMPLATE",
	  .help = "Show a template",
	  .run = template_show,
	  .groups = OPTS_OUTPUT,
	  .min = 1,
	  .max = 1,
	  .words = "@template",
	  .examples = "berth template show debian-12" },
	{ .name = "template build",
	  .args = "RECIPE…",
	  .help = "Build a template from the operator's recipe",
	  .run = template_build,
	  .options = template_build_opts,
	  .groups = OPTS_WAIT,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "busybox debian-12",
	  .examples = "berth template build busybox\nberth template build debian-12 --version 20261101" },
	{ .name = "template delete",
	  .args = "TEMPLATE…",
	  .help = "Delete a template that no container uses",
	  .run = template_delete,
	  .groups = OPTS_WAIT,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "@template",
	  .examples = "berth template delete debian-12@20261101" },
	{ .name = "operation list",
	  .args = "",
	  .help = "List operations, the newest first",
	  .run = operation_list,
	  .options = operation_list_opts,
	  .groups = LISTS,
	  .examples = "berth operation list --state running" },
	{ .name = "operation show",
	  .args = "ID",
	  .help = "Show an operation",
	  .run = operation_show,
	  .groups = OPTS_OUTPUT,
	  .min = 1,
	  .max = 1,
	  .words = "@operation",
	  .examples = "berth operation show 0b54…" },
	{ .name = "operation wait",
	  .args = "ID…",
	  .help = "Follow operations to their end",
	  .run = operation_wait,
	  .options = operation_wait_opts,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "@operation",
	  .more = "The exit status is 0 when all succeeded, else that of the first error.",
	  .examples = "berth operation wait $(berth start web1 --no-wait)" },
	{ .name = "operation cancel",
	  .args = "ID…",
	  .help = "Cancel operations",
	  .run = operation_cancel,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "@operation",
	  .examples = "berth operation cancel 0b54…" },
	{ .name = "events",
	  .args = "",
	  .help = "Show what happened, and what happens",
	  .run = events_show,
	  .options = events_opts,
	  .groups = LISTS | OPTS_TENANT,
	  .more = "Each event has a number; --since goes on after one that was seen.",
	  .examples = "berth events\nberth events -f --since 120 -o json" },
	{ .name = "host boot",
	  .args = "",
	  .help = "Start the containers that belong up",
	  .run = lifecycle_host_boot,
	  .more = "berthd does so by itself when it starts for the first time since the host booted; then this waits for its end.",
	  .examples = "berth host boot" },
	{ .name = "host shutdown",
	  .args = "",
	  .help = "Stop all containers, as before the host's end",
	  .run = lifecycle_host_shutdown,
	  .more = "Those with the lowest boot_priority stop first, within shutdown_timeout in all. They come back with the next "
	          "boot.",
	  .examples = "berth host shutdown" },
	{ .name = "tenant list",
	  .args = "",
	  .help = "List tenants",
	  .run = tenant_list,
	  .groups = LISTS,
	  .examples = "berth tenant list" },
	{ .name = "tenant show",
	  .args = "NAME",
	  .help = "Show a tenant",
	  .run = tenant_show,
	  .groups = OPTS_OUTPUT,
	  .min = 1,
	  .max = 1,
	  .words = "@tenant",
	  .examples = "berth tenant show acme" },
	{ .name = "tenant create",
	  .args = "NAME",
	  .help = "Create a tenant",
	  .run = tenant_create,
	  .groups = OPTS_OUTPUT,
	  .schema = &tenant_schema,
	  .flags = FIELD_CREATE,
	  .skip = "name",
	  .min = 1,
	  .max = 1,
	  .more = "A total that isn't given doesn't limit.",
	  .examples = "berth tenant create acme --containers 10 --cpus 8 --memory 16G --disk 200G" },
	{ .name = "tenant set",
	  .args = "NAME KEY=VALUE…",
	  .help = "Change a tenant",
	  .run = tenant_set,
	  .schema = &tenant_schema,
	  .flags = FIELD_PATCH,
	  .keys = true,
	  .min = 2,
	  .max = WORDS_ANY,
	  .words = "@tenant",
	  .examples = "berth tenant set acme memory=32G disk=none\nberth tenant set acme forbid=console" },
	{ .name = "tenant delete",
	  .args = "NAME…",
	  .help = "Delete tenants",
	  .run = tenant_delete,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "@tenant",
	  .examples = "berth tenant delete acme" },
	{ .name = "plan list", .args = "", .help = "List plans", .run = plan_list, .groups = LISTS, .examples = "berth plan list" },
	{ .name = "plan show",
	  .args = "NAME",
	  .help = "Show a plan",
	  .run = plan_show,
	  .groups = OPTS_OUTPUT,
	  .min = 1,
	  .max = 1,
	  .words = "@plan",
	  .examples = "berth plan show small" },
	{ .name = "plan create",
	  .args = "NAME",
	  .help = "Create a plan",
	  .run = plan_create,
	  .groups = OPTS_OUTPUT,
	  .schema = &plan_schema,
	  .flags = FIELD_CREATE,
	  .skip = "name",
	  .min = 1,
	  .max = 1,
	  .more = "What a plan doesn't give has the daemon's default.",
	  .examples = "berth plan create small --cpus 1 --memory 1G --disk 10G --pids 500" },
	{ .name = "plan set",
	  .args = "NAME KEY=VALUE…",
	  .help = "Change a plan",
	  .run = plan_set,
	  .schema = &plan_schema,
	  .flags = FIELD_PATCH,
	  .keys = true,
	  .min = 2,
	  .max = WORDS_ANY,
	  .words = "@plan",
	  .examples = "berth plan set small memory=2G" },
	{ .name = "plan delete",
	  .args = "NAME…",
	  .help = "Delete plans",
	  .run = plan_delete,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "@plan",
	  .examples = "berth plan delete small" },
	{ .name = "token list",
	  .args = "",
	  .help = "List tokens",
	  .run = token_list,
	  .groups = LISTS,
	  .examples = "berth token list" },
	{ .name = "token show",
	  .args = "ID",
	  .help = "Show a token",
	  .run = token_show,
	  .groups = OPTS_OUTPUT,
	  .min = 1,
	  .max = 1,
	  .words = "@token",
	  .examples = "berth token show 0f1e2d3c4b5a6978" },
	{ .name = "token create",
	  .args = "NAME",
	  .help = "Create a token",
	  .run = token_create,
	  .groups = OPTS_OUTPUT,
	  .schema = &token_schema,
	  .flags = FIELD_CREATE,
	  .skip = "name",
	  .min = 1,
	  .max = 1,
	  .more = "Its text is the only thing on standard output: nobody can show it again. With --uid or --gid it has none: that "
	          "user, "
	          "or that group's members, are who it says.",
	  .examples = "berth token create panel --role owner --tenant acme\nberth token create metrics --role auditor --lifetime "
	              "31536000\nberth token create alice --role owner --tenant acme --uid 1001" },
	{ .name = "token set",
	  .args = "ID KEY=VALUE…",
	  .help = "Change a token",
	  .run = token_set,
	  .schema = &token_schema,
	  .flags = FIELD_PATCH,
	  .keys = true,
	  .min = 2,
	  .max = WORDS_ANY,
	  .words = "@token",
	  .examples = "berth token set 0f1e2d3c4b5a6978 name=panel-2" },
	{ .name = "token delete",
	  .args = "ID…",
	  .help = "Delete tokens",
	  .run = token_delete,
	  .min = 1,
	  .max = WORDS_ANY,
	  .words = "@token",
	  .examples = "berth token delete 0f1e2d3c4b5a6978" },
	{ .name = "doctor",
	  .args = "",
	  .help = "Check the host, and what was left on it",
	  .run = doctor_show,
	  .options = doctor_opts,
	  .groups = LISTS,
	  .more = "Tells what to do about each thing it finds. The exit status is 1 while there is a problem.",
	  .examples = "berth doctor\nberth doctor --fix\nberth doctor -o json" },
	{ .name = "recover",
	  .args = "",
	  .help = "Rebuild a lost or damaged database",
	  .run = recover_run,
	  .options = recover_opts,
	  .groups = LISTS,
	  .more = "berthd keeps containers running without its database, and asks for this. The newest copy on the pool is built "
	          "on; "
	          "over it goes what the containers' manifests tell. A damaged file is put aside, not removed. SOURCE tells where "
	          "a "
	          "container's configuration comes from: manifest, launch (its last start), copy, or registry: then only name, "
	          "template and addresses are known. The exit status is 1 if something is left to look at.",
	  .examples = "berth recover --dry-run\nberth recover\nberth recover -o json" },
	{ .name = "which",
	  .args = "PID|UID|IP|MAC|VETH",
	  .help = "Which container a pid, uid, address, MAC or veth belongs to",
	  .run = which_show,
	  .groups = LISTS,
	  .min = 1,
	  .max = 1,
	  .more = "A number is a pid, or a uid when it is too great for a pid: pid:N and uid:N say it.",
	  .examples = "berth which 4711\nberth which uid:1879113728\nberth which 10.66.0.10 -q\nberth which berth101" },
	{ .name = "query",
	  .args = "METHOD PATH",
	  .help = "Send a request to the API as it is",
	  .run = query_send,
	  .options = query_opts,
	  .min = 2,
	  .max = 2,
	  .words = "GET POST PATCH PUT DELETE",
	  .examples = "berth query GET /v1/containers?limit=2\nberth query POST /v1/containers -d @web1.json" },
	{ .name = "version",
	  .args = "",
	  .help = "Show the versions of client and daemon",
	  .run = version_show,
	  .groups = OPTS_OUTPUT,
	  .examples = "berth version" },
	{ .name = "help",
	  .args = "[VERB]",
	  .help = "Show help",
	  .run = help_show,
	  .options = help_opts,
	  .max = 2,
	  .words = "@verb",
	  .examples = "berth help create" },
	{ .name = "complete", .args = "WORD…", .run = complete_show, .max = WORDS_ANY, .stop = 1 },
	{ NULL }
};

static size_t
verb_matches(const struct verb *verb, char *const *words, size_t n)
{
	const char *space = strchr(verb->name, ' ');
	size_t len = space ? (size_t)(space - verb->name) : strlen(verb->name);

	if (n == 0 || strlen(words[0]) != len || strncmp(words[0], verb->name, len) != 0)
		return 0;
	if (!space)
		return 1;
	return n > 1 && strcmp(words[1], space + 1) == 0 ? 2 : 0;
}

const struct verb *
verb_find(char *const *words, size_t n, size_t *used_out)
{
	for (const struct verb *v = verbs; v->name; v++) {
		size_t used = verb_matches(v, words, n);

		if (used == 0)
			continue;
		*used_out = used;
		return v;
	}
	return NULL;
}

bool
verb_is_group(const char *word)
{
	size_t len = strlen(word);

	for (const struct verb *v = verbs; v->name; v++)
		if (strncmp(v->name, word, len) == 0 && v->name[len] == ' ')
			return true;
	return false;
}

void
verb_options(const struct verb *verb, struct opt_set *set)
{
	set->n = 0;
	opt_set_add(set, verb->options);
	if (verb->schema && !verb->keys)
		opt_set_add_schema(set, verb->schema, verb->flags, verb->skip);
	opt_set_add_groups(set, verb->groups | OPTS_COMMON);
}

const char *
verb_nearest(const char *word, const char *second)
{
	const char *best = NULL;
	size_t distance = 0;

	for (const struct verb *v = verbs; v->name; v++) {
		const char *space = strchr(v->name, ' ');

		if (!v->help)
			continue;
		if (!space)
			args_nearest(word, v->name, &best, &distance);
		else if (second && verb_is_group(word) && strncmp(v->name, word, strlen(word)) == 0)
			args_nearest(second, space + 1, &best, &distance);
	}
	return best;
}
