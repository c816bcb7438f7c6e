#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/call.h"
#include "client/clean.h"
#include "client/print.h"
#include "client/problem.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"

static const struct opt stream_logs_opts[] = {
	{ "follow", 'f', NULL, "Go on with what comes.", NULL },
	{ "tail", 'n', "LINES", "The last lines only.", NULL },
	{ "raw", 0, NULL, "All bytes as they are, also on a terminal.", NULL },
	{ NULL },
};

struct logs {
	bool filter;
	struct clean_log state;
	int error;
};

static int
logs_take(void *arg, const char *data, size_t len)
{
	struct logs *logs = arg;
	struct buf out = { 0 };

	if (logs->filter)
		clean_log(&logs->state, data, len, &out);
	else
		buf_add(&out, data, len);
	logs->error = print_flush(&out) ? 0 : 1;
	return logs->error;
}

static int
logs_fetch(struct client *c, const char *path, bool follow, struct logs *logs, struct err *e)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	struct http_request request = {
		.method = "GET", .path = path, .timeout_ms = follow ? -1 : 0, .sink = logs_take, .arg = logs
	};

	if (http_exchange(&c->http, &request, &reply, e) < 0)
		return -1;
	if (logs->error)
		return err_set(e, ERR_INTERNAL, "Can't write standard output");
	return problem_check(&reply, e);
}

static int
stream_logs(struct client *c, const struct args *args, struct err *e)
{
	AUTO_BUF struct buf target = { 0 }, path = { 0 };
	bool terminal = isatty(STDOUT_FILENO), follow = args_has(args, "follow");
	struct logs logs = { .filter = terminal && !args_has(args, "raw") };
	int64_t tail = -1;
	sigset_t old;
	int rc;

	if (args_int(args, "tail", 0, 1000000, &tail, e) < 0)
		return -1;
	client_container(c, args->words[0], &target);
	if (target.data)
		op_path(op_get(CONTAINER_LOGS), target.data, &path);
	if (follow || tail >= 0)
		buf_addf(&path, "?");
	if (follow)
		buf_addf(&path, "follow=true%s", tail >= 0 ? "&" : "");
	if (tail >= 0)
		buf_addf(&path, "tail=%lld", (long long)tail);
	if (target.failed || path.failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (client_catch_interrupt(c, &old, e) < 0)
		return -1;
	rc = logs_fetch(c, path.data, follow, &logs, e);
	/* A colour left on by the container doesn't stay on the user's terminal. */
	if (logs.filter && write(STDOUT_FILENO, "\033[0m", 4) < 0)
		logs.error = 1;
	client_release_interrupt(c, &old);
	return rc < 0 && strcmp(e->code, "ctrl_c") == 0 ? EXIT_INTERRUPTED : rc;
}

const struct verb logs_verb = {
	.name = "logs",
	.args = "NAME",
	.help = "Show what was written to the console",
	.more = "On a terminal, what would act on it is left out, but colours; elsewhere, or with --raw, all bytes go through.",
	.examples = "berth logs web1 --tail 20\n"
	            "berth logs web1 -f",
	.options = stream_logs_opts,
	.groups = OPTS_TENANT,
	.min = 1,
	.max = 1,
	.words = "@container",
	.run = stream_logs,
};
