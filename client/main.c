/* berth: the client. Finds the verb, its options and the daemon, and makes an error an exit status. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/problem.h"
#include "client/verbs.h"
#include "config.h"

#define SOCKET_DEFAULT "/run/berth/berth.sock"

static int
main_output(struct client *c, const char *text, struct err *e)
{
	static const char *const formats[] = { "table", "json", "csv" };

	for (size_t i = 0; text && i < sizeof formats / sizeof *formats; i++)
		if (strcmp(text, formats[i]) == 0) {
			c->output = (enum output)i;
			return 0;
		}
	return text ? args_usage(e, "--output '%s' must be table, json or csv", text) : 0;
}

static int
main_prepare(struct client *c, const struct args *args, struct err *e)
{
	const char *path = args_value(args, "socket");

	if (!path)
		path = getenv("BERTH_SOCKET");
	if (!path || !*path)
		path = SOCKET_DEFAULT;
	if (http_init(&c->http, path, e) < 0 || main_output(c, args_value(args, "output"), e) < 0)
		return -1;
	c->http.token = getenv("BERTH_TOKEN");
	if (c->http.token && (!*c->http.token || c->http.token[strcspn(c->http.token, "\r\n")]))
		return args_usage(e, "BERTH_TOKEN is set, but holds no token: unset it, or put one there");
	c->fields = args_value(args, "fields");
	c->sort = args_value(args, "sort");
	c->tenant = args_value(args, "tenant");
	c->no_header = args_has(args, "no-header");
	c->quiet = args_has(args, "quiet");
	c->wait = !args_has(args, "no-wait");
	c->progress = !c->quiet && isatty(STDERR_FILENO);
	return 0;
}

static int
main_unknown(char *const *words, size_t n, struct err *e)
{
	bool group = verb_is_group(words[0]);
	const char *near = verb_nearest(words[0], n > 1 ? words[1] : NULL);

	if (group && (n == 1 || strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0)) {
		help_print_group(words[0]);
		return n == 1 ? EXIT_USAGE : 0;
	}
	return args_usage(e, "There is no verb '%s%s%s'%s%s%s%s%s", words[0], group ? " " : "", group ? words[1] : "",
	                  near ? ". Did you mean '" : "", near && group ? words[0] : "", near && group ? " " : "", near ? near : "",
	                  near ? "'?" : "");
}

static int
main_check_words(const struct verb *verb, const struct args *args, struct err *e)
{
	if (args->nwords < verb->min)
		return args_usage(e, "'berth %s' needs %s", verb->name, verb->args);
	if (args->nwords > verb->max)
		return args_usage(e, "'%s' is one word too many", args->words[verb->max]);
	return 0;
}

/* args holds what came before the verb; what comes after it is added. */
static int
main_run(const struct verb *verb, struct args *args, int argc, char **argv, struct err *e)
{
	struct client client = { .wait = true };
	struct opt_set set;
	int rc;

	verb_options(verb, &set);
	args->nwords = 0;
	if (args_parse(args, &set, argc, argv, verb->stop, e) < 0)
		return -1;
	if (args_has(args, "help")) {
		help_print_verb(verb);
		return 0;
	}
	if (main_check_words(verb, args, e) < 0 || main_prepare(&client, args, e) < 0)
		return -1;
	rc = verb->run(&client, args, e);
	http_close(&client.http);
	return rc;
}

/* What comes before the verb is parsed here; the verb's own options are known once it is. Sets *verb_out as soon as that is so. */
static int
main_dispatch(struct args *args, int argc, char **argv, const struct verb **verb_out, struct err *e)
{
	struct opt_set common = { .n = 0 };
	const struct verb *verb;
	size_t used = 0;
	int first;

	opt_set_add_groups(&common, OPTS_COMMON | OPTS_OUTPUT);
	if (args_parse(args, &common, argc, argv, 1, e) < 0)
		return -1;
	if (args->nwords == 0) {
		help_print_overview();
		return args_has(args, "help") ? 0 : EXIT_USAGE;
	}
	verb = verb_find(args->words, args->nwords, &used);
	if (!verb)
		return main_unknown(args->words, args->nwords, e);
	*verb_out = verb;
	first = argc - (int)(args->nwords - used);
	return main_run(verb, args, argc - first, argv + first, e);
}

int
main(int argc, char **argv)
{
	struct args args = { 0 };
	const struct verb *verb = NULL;
	struct err e = { 0 };
	int rc;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("berth %s\n", PACKAGE_VERSION);
		return 0;
	}
	rc = main_dispatch(&args, argc - 1, argv + 1, &verb, &e);
	args_clear(&args);
	if (rc < 0) {
		problem_print(NULL, &e);
		if (strcmp(e.code, "usage") == 0)
			fprintf(stderr, "'berth help%s%s' tells how to use it.\n", verb && verb != &help_verb ? " " : "",
			        verb && verb != &help_verb ? verb->name : "");
		rc = problem_exit_status(&e);
	}
	if (fflush(stdout) != 0 && rc == 0)
		rc = EXIT_FAILURE;
	return rc;
}
