#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/print.h"
#include "client/verbs.h"
#include "config.h"
#include "daemon/util/man.h"

enum { HELP_INDENT = 26, HELP_WIDTH = 100 };

static const struct opt help_opts[] = {
	{ "man", 0, NULL, "The verbs' part of the man page.", NULL },
	{ NULL },
};

static int
help_width(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 60)
		return isatty(STDOUT_FILENO) ? 80 : HELP_WIDTH;
	return size.ws_col < HELP_WIDTH ? size.ws_col : HELP_WIDTH;
}

/* Fills lines with the text's words; the first begins at column `at`, the others at `indent`. */
static void
help_wrap(const char *text, int at, int indent)
{
	const char *begin = text;
	int width = help_width();

	while (*text) {
		int len = (int)strcspn(text, " ");
		bool first = at == indent || text == begin;

		if (!first && at + 1 + len > width) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		printf("%.*s", len, text);
		at += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void
help_item(const char *title, const char *text)
{
	int len = printf("  %s", title);

	/* "…" is three bytes and one column. */
	for (const char *c = strstr(title, "…"); c; c = strstr(c + 1, "…"))
		len -= 2;
	if (len >= HELP_INDENT - 1) {
		putchar('\n');
		len = 0;
	}
	printf("%*s", HELP_INDENT - len, "");
	help_wrap(text, HELP_INDENT, HELP_INDENT);
}

static void
help_add_bound(int64_t value, enum field_type type, struct buf *out)
{
	if (type == FIELD_SIZE && value > 0)
		print_size(value, out);
	else if (type == FIELD_MILLI)
		buf_addf(out, "%.10g", (double)value / 1000);
	else
		buf_addf(out, "%lld", (long long)value);
}

/* A field's help with its bounds and its default. */
static void
help_field_text(const struct field *field, bool preset, struct buf *out)
{
	bool number = field->type == FIELD_SIZE || field->type == FIELD_MILLI || field->type == FIELD_INT;

	buf_addf(out, "%s", field->help);
	if (!number)
		return;
	buf_addf(out, " From ");
	help_add_bound(field->min, field->type, out);
	buf_addf(out, " to ");
	help_add_bound(field->max, field->type, out);
	if (preset && !(field->flags & (FIELD_NO_PRESET | FIELD_NULLABLE))) {
		buf_addf(out, "; default ");
		help_add_bound(field->preset, field->type, out);
	}
	buf_addf(out, ".");
}

static void
help_option(const struct opt *opt, const struct field *field)
{
	AUTO_BUF struct buf text = { 0 };
	char title[80], letter[8] = "";

	if (opt->letter)
		snprintf(letter, sizeof letter, "-%c, ", opt->letter);
	snprintf(title, sizeof title, "%s--%s%s%s", letter, opt->name, opt->arg ? " " : "", opt->arg ? opt->arg : "");
	if (field)
		help_field_text(field, true, &text);
	else
		buf_addf(&text, "%s", opt->help);
	help_item(title, text.failed ? "" : text.data);
}

static void
help_keys(const struct verb *verb)
{
	printf("\nKeys:\n");
	for (const struct field *f = verb->schema->fields; f->name; f++) {
		AUTO_BUF struct buf text = { 0 };

		if (!(f->flags & verb->flags))
			continue;
		help_field_text(f, false, &text);
		help_item(f->name, text.failed ? "" : text.data);
	}
}

/* What follows "--" is the command's, options too. */
static void
help_usage(const struct verb *verb)
{
	const char *command = strstr(verb->args, " --");
	int len = command && command[3] == ' ' ? (int)(command - verb->args) : (int)strlen(verb->args);

	printf("Usage: berth %s%s%.*s [OPTION]…%s\n\n", verb->name, *verb->args ? " " : "", len, verb->args, verb->args + len);
}

void
help_print_verb(const struct verb *verb)
{
	struct opt_set set;

	verb_options(verb, &set);
	help_usage(verb);
	help_wrap(verb->help ? verb->help : "", 0, 0);
	if (verb->more) {
		putchar('\n');
		help_wrap(verb->more, 0, 0);
	}
	if (verb->schema && verb->keys)
		help_keys(verb);
	printf("\nOptions:\n");
	for (size_t i = 0; i < set.n; i++)
		help_option(&set.v[i], set.field[i]);
	if (!verb->examples)
		return;
	printf("\nExamples:\n");
	for (const char *line = verb->examples; *line;) {
		size_t len = strcspn(line, "\n");

		printf("  %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static void
help_verb_line(const struct verb *verb)
{
	char title[80];

	snprintf(title, sizeof title, "%s%s%s", verb->name, *verb->args ? " " : "", verb->args);
	help_item(title, verb->help);
}

void
help_print_group(const char *word)
{
	size_t len = strlen(word);

	printf("Usage: berth %s VERB…\n\n", word);
	for (const struct verb *const *v = verbs; *v; v++)
		if (strncmp((*v)->name, word, len) == 0 && (*v)->name[len] == ' ')
			help_verb_line(*v);
	printf("\n'berth help %s VERB' tells more.\n", word);
}

void
help_print_overview(void)
{
	printf("Usage: berth VERB…\n\nVerbs:\n");
	for (const struct verb *const *v = verbs; *v; v++)
		if ((*v)->help)
			help_verb_line(*v);
	putchar('\n');
	help_wrap("Exit status: 0 done, 1 failed, 2 usage, 3 not found, 4 conflict or locked, 5 denied, 6 timed out, 7 daemon "
	          "unreachable.",
	          0, 0);
	help_wrap("'berth help VERB' tells more of each. The daemon's socket is /run/berth/berth.sock, else that of --socket or "
	          "BERTH_SOCKET.",
	          0, 0);
	help_wrap("A token in BERTH_TOKEN says who you are; without one your user and groups do.", 0, 0);
}

static void
man_option(const struct opt *opt, const struct field *field)
{
	AUTO_BUF struct buf text = { 0 };

	printf(".TP\n.B ");
	if (opt->letter)
		printf("\\-%c, ", opt->letter);
	printf("\\-\\-");
	man_text(opt->name);
	if (opt->arg) {
		printf(" \\fI");
		man_text(opt->arg);
		printf("\\fP");
	}
	putchar('\n');
	if (field)
		help_field_text(field, true, &text);
	else
		buf_addf(&text, "%s", opt->help);
	man_line("", text.failed ? "" : text.data);
}

static void
man_verb(const struct verb *verb)
{
	struct opt_set set;

	printf(".SS berth %s", verb->name);
	if (*verb->args) {
		putchar(' ');
		man_text(verb->args);
	}
	printf("\n");
	printf("%s.\n", verb->help);
	if (verb->more)
		man_line("", verb->more);
	for (const struct field *f = verb->keys ? verb->schema->fields : NULL; f && f->name; f++) {
		AUTO_BUF struct buf text = { 0 };

		if (!(f->flags & verb->flags))
			continue;
		help_field_text(f, false, &text);
		printf(".TP\n.B %s\n", f->name);
		man_line("", text.failed ? "" : text.data);
	}
	verb_options(verb, &set);
	for (size_t i = 0; i < set.n; i++)
		if (strcmp(set.v[i].name, "socket") != 0 && strcmp(set.v[i].name, "quiet") != 0 &&
		    strcmp(set.v[i].name, "help") != 0)
			man_option(&set.v[i], set.field[i]);
	if (verb->examples) {
		printf(".PP\n.nf\n");
		man_line("", verb->examples);
		printf(".fi\n");
	}
}

static void
man_verbs(void)
{
	struct opt_set common = { .n = 0 };

	printf(".SS Options of every verb\n");
	opt_set_add_groups(&common, OPTS_COMMON);
	for (size_t i = 0; i < common.n; i++)
		man_option(&common.v[i], NULL);
	for (const struct verb *const *v = verbs; *v; v++)
		if ((*v)->help)
			man_verb(*v);
}

static int
help_show(struct client *c, const struct args *args, struct err *e)
{
	const char *second = args->nwords > 1 ? args->words[1] : NULL, *near;
	const struct verb *verb;
	size_t used = 0;

	if (args_has(args, "man")) {
		man_verbs();
		return 0;
	}
	if (args->nwords == 0) {
		help_print_overview();
		return 0;
	}
	verb = verb_find(args->words, args->nwords, &used);
	if (verb && verb->help && used == args->nwords) {
		help_print_verb(verb);
		return 0;
	}
	if (!second && verb_is_group(args->words[0])) {
		help_print_group(args->words[0]);
		return 0;
	}
	near = verb_nearest(args->words[0], second);
	return args_usage(e, "There is no verb '%s%s%s'%s%s%s", args->words[0], second ? " " : "", second ? second : "",
	                  near ? ". Did you mean '" : "", near ? near : "", near ? "'?" : "");
}

const struct verb help_verb = {
	.name = "help",
	.args = "[VERB]",
	.help = "Show help",
	.examples = "berth help create",
	.options = help_opts,
	.max = 2,
	.words = "@verb",
	.run = help_show,
};
