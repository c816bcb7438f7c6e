#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/pump.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"
#include "daemon/util/utf8.h"
#include "schema/check.h"

enum { DETACH_KEY = 0x1d }; /* Ctrl-] */

static const struct opt stream_exec_opts[] = {
	{ "user", 'u', "USER", "As this user inside, a name or a uid; root when left out.", NULL },
	{ "env", 'e', "KEY=VALUE", "A variable of its environment; may be repeated.", NULL },
	{ "cwd", 'w', "DIRECTORY", "Where it runs; the user's home when left out.", NULL },
	{ "tty", 't', NULL, "On a terminal of its own, also when the streams are none.", NULL },
	{ "no-tty", 'T', NULL, "Three streams apart, also on a terminal.", NULL },
	{ "no-stdin", 'n', NULL, "Give it no input.", NULL },
	{ NULL },
};
static const struct opt stream_enter_opts[] = {
	{ "user", 'u', "USER", "As this user inside, a name or a uid; root when left out.", NULL },
	{ NULL },
};

static const char login_shell[] = "[ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh -l";

/* Opens the stream: the connection then is c->http.fd, the first bytes are in reply->body. */
static int
stream_open(struct client *c, enum op_id id, const char *name, struct json_object *body, struct http_reply *reply, struct err *e)
{
	const struct op *op = op_get(id);
	AUTO_BUF struct buf target = { 0 }, path = { 0 };
	struct http_request request = { .method = op_method_name(op->method), .upgrade = true };

	client_container(c, name, &target);
	if (target.data)
		op_path(op, target.data, &path);
	request.path = path.data;
	request.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	if (target.failed || path.failed || !request.body)
		return err_set(e, ERR_INTERNAL, "out of memory");
	request.body_len = strlen(request.body);
	if (http_exchange(&c->http, &request, reply, e) < 0 || problem_check(reply, e) < 0)
		return -1;
	if (!reply->upgraded)
		return err_set(e, ERR_INTERNAL, "The daemon answered with status %d, not with a stream", reply->status);
	return 0;
}

static void
stream_add_size(struct json_object *body)
{
	int rows, columns;

	if (!terminal_size(&rows, &columns))
		return;
	json_object_object_add(body, "rows", json_object_new_int(rows));
	json_object_object_add(body, "columns", json_object_new_int(columns));
}

static struct json_object *
stream_exec_body(char *const *argv, const struct args *args, bool tty)
{
	struct json_object *body = json_object_new_object(), *list = json_object_new_array(), *env = json_object_new_array();
	const char *term = getenv("TERM"), *user = args_value(args, "user"), *cwd = args_value(args, "cwd");

	for (; *argv; argv++)
		json_object_array_add(list, json_object_new_string(*argv));
	if (tty && term && *term) {
		char text[128];

		snprintf(text, sizeof text, "TERM=%s", term);
		json_object_array_add(env, json_object_new_string(text));
	}
	for (size_t i = 0; i < args->n; i++)
		if (strcmp(args->given[i].name, "env") == 0)
			json_object_array_add(env, json_object_new_string(args->given[i].value));
	json_object_object_add(body, "argv", list);
	json_object_object_add(body, "env", env);
	if (user)
		json_object_object_add(body, "user", json_object_new_string(user));
	if (cwd)
		json_object_object_add(body, "cwd", json_object_new_string(cwd));
	if (tty) {
		json_object_object_add(body, "tty", json_object_new_boolean(1));
		stream_add_size(body);
	}
	return body;
}

static int
stream_check(const struct args *args, struct err *e)
{
	const char *user = args_value(args, "user"), *why = user ? check_user(user) : NULL;

	if (why)
		return args_usage(e, "--user '%s' %s", user, why);
	for (size_t i = 0; i < args->n; i++) {
		why = strcmp(args->given[i].name, "env") == 0 ? check_env(args->given[i].value) : NULL;
		if (why)
			return args_usage(e, "--env '%s' %s", args->given[i].value, why);
	}
	/* They travel in JSON. */
	for (size_t i = 0; i < args->nwords; i++)
		if (!utf8_is_valid(args->words[i]))
			return args_usage(e, "The command's word %zu isn't UTF-8", i);
	if (args_has(args, "tty") && args_has(args, "no-tty"))
		return args_usage(e, "--tty and --no-tty exclude each other");
	return 0;
}

static int
stream_run_command(struct client *c, const char *name, struct json_object *body, const struct pump_options *options, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_TERMINAL struct terminal terminal = TERMINAL_NONE;
	enum pump_end end = PUMP_CLOSED;
	int status = 0;

	if (stream_open(c, CONTAINER_EXEC, name, body, &reply, e) < 0)
		return -1;
	if (options->tty && terminal_enter(&terminal, isatty(STDIN_FILENO), e) < 0)
		return -1;
	if (pump_run(c->http.fd, &reply.body, &terminal, options, &end, &status, e) < 0)
		return -1;
	if (end == PUMP_EXITED)
		return status;
	return err_set(e, ERR_UNAVAILABLE, "The stream ended before the command did");
}

static int
stream_command(struct client *c, const struct args *args, char *const *argv, bool tty, struct err *e)
{
	struct pump_options options = { .tty = tty, .no_stdin = args_has(args, "no-stdin"), .escape = -1, .end_stdin = true };
	struct json_object *body;
	int rc;

	if (stream_check(args, e) < 0)
		return -1;
	body = stream_exec_body(argv, args, tty);
	rc = stream_run_command(c, args->words[0], body, &options, e);
	json_object_put(body);
	return rc;
}

static int
stream_exec(struct client *c, const struct args *args, struct err *e)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !args_has(args, "no-stdin");
	bool tty = args_has(args, "tty") || (terminal && !args_has(args, "no-tty"));

	return stream_command(c, args, args->words + 1, tty, e);
}

const struct verb exec_verb = {
	.name = "exec",
	.args = "NAME -- COMMAND…",
	.help = "Run a command inside",
	.more = "Standard input, output and error are kept apart, unless input and output are a terminal: then it gets one. The "
	        "exit status is the command's own: 126 when it can't be run, 127 when it isn't found, 128 and the signal's "
	        "number when one ended it.",
	.examples = "berth exec web1 -- uname -a\n"
	            "tar c . | berth exec web1 -- tar x -C /srv\n"
	            "berth exec web1 --user www-data -- id",
	.options = stream_exec_opts,
	.groups = OPTS_TENANT,
	.min = 2,
	.max = WORDS_ANY,
	.stop = 2,
	.words = "@container",
	.run = stream_exec,
};

static int
stream_enter(struct client *c, const struct args *args, struct err *e)
{
	char shell[] = "/bin/sh", option[] = "-c", script[sizeof login_shell];
	char *argv[] = { shell, option, script, NULL };

	memcpy(script, login_shell, sizeof login_shell);
	return stream_command(c, args, argv, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO), e);
}

const struct verb enter_verb = {
	.name = "enter",
	.args = "NAME",
	.help = "Open a shell inside",
	.examples = "berth enter web1",
	.options = stream_enter_opts,
	.groups = OPTS_TENANT,
	.min = 1,
	.max = 1,
	.words = "@container",
	.run = stream_enter,
};

static int
stream_console(struct client *c, const struct args *args, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_TERMINAL struct terminal terminal = TERMINAL_NONE;
	bool tty = isatty(STDIN_FILENO);
	struct pump_options options = { .tty = tty, .escape = tty ? DETACH_KEY : -1 };
	struct json_object *body = json_object_new_object();
	enum pump_end end = PUMP_CLOSED;
	int status = 0, rc;

	stream_add_size(body);
	rc = stream_open(c, CONTAINER_CONSOLE, args->words[0], body, &reply, e);
	json_object_put(body);
	if (rc < 0)
		return -1;
	if (tty)
		client_say(c, "Attached to the console of %s; Ctrl-] detaches.", args->words[0]);
	if (tty && terminal_enter(&terminal, true, e) < 0)
		return -1;
	rc = pump_run(c->http.fd, &reply.body, &terminal, &options, &end, &status, e);
	terminal_leave(&terminal);
	if (rc < 0)
		return -1;
	if (tty)
		client_say(c, end == PUMP_DETACHED ? "\nDetached." : "\nThe console has closed.");
	return 0;
}

const struct verb console_verb = {
	.name = "console",
	.args = "NAME",
	.help = "Attach to a container's console",
	.more = "Ctrl-] detaches.",
	.examples = "berth console web1",
	.groups = OPTS_TENANT,
	.min = 1,
	.max = 1,
	.words = "@container",
	.run = stream_console,
};
