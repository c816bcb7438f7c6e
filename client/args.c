#include "client/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct opt common_opts[] = {
	{ "socket", 0, "PATH", "The daemon's socket; BERTH_SOCKET when left out, else /run/berth/berth.sock.", "@file" },
	{ "quiet", 'q', NULL, "No messages and no progress; of a list, the names alone.", NULL },
	{ "help", 'h', NULL, "Show this help.", NULL },
	{ NULL },
};
static const struct opt output_opts[] = {
	{ "output", 'o', "FORMAT", "table, json or csv.", "table json csv" },
	{ "fields", 0, "NAME,…", "Show these fields, in this order.", NULL },
	{ NULL },
};
static const struct opt list_opts[] = {
	{ "sort", 0, "NAME,…", "Order by these fields; a '-' before one reverses it.", NULL },
	{ "no-header", 0, NULL, "No line of titles.", NULL },
	{ NULL },
};
static const struct opt wait_opts[] = {
	{ "no-wait", 0, NULL, "Print the operation's id and don't wait for its end.", NULL },
	{ NULL },
};
static const struct opt many_opts[] = {
	{ "all", 0, NULL, "All containers that it applies to (with --tenant: of that tenant).", NULL },
	{ "label", 0, "KEY[=VALUE]", "Those of them with this label.", NULL },
	{ NULL },
};
static const struct opt tenant_opts[] = {
	{ "tenant", 0, "TENANT", "Names are of this tenant.", NULL },
	{ NULL },
};

int
args_usage(struct err *e, const char *fmt, ...)
{
	char text[sizeof e->message];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(e, ERR_INVALID, "%s", text);
	return err_code(e, "usage");
}

static struct opt *
opt_set_put(struct opt_set *set, const struct opt *row, const struct field *field)
{
	if (set->n == OPTS_MAX || opt_set_find(set, row->name, NULL))
		return NULL;
	set->v[set->n] = *row;
	set->field[set->n] = field;
	return &set->v[set->n++];
}

void
opt_set_add(struct opt_set *set, const struct opt *rows)
{
	for (; rows && rows->name; rows++)
		opt_set_put(set, rows, NULL);
}

void
opt_set_add_groups(struct opt_set *set, unsigned int groups)
{
	static const struct {
		unsigned int group;
		const struct opt *rows;
	} all[] = {
		{ OPTS_WAIT, wait_opts },     { OPTS_MANY, many_opts }, { OPTS_TENANT, tenant_opts },
		{ OPTS_OUTPUT, output_opts }, { OPTS_LIST, list_opts }, { OPTS_COMMON, common_opts },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (groups & all[i].group)
			opt_set_add(set, all[i].rows);
}

/* What a field's value is called in help. */
static const char *
opt_arg_of_field(const struct field *field)
{
	switch (field->type) {
	case FIELD_BOOL:
		return NULL;
	case FIELD_SIZE:
		return "SIZE";
	case FIELD_INT:
	case FIELD_MILLI:
		return "NUMBER";
	case FIELD_TIME:
		return "TIME";
	case FIELD_STRING:
		return "TEXT";
	case FIELD_LIST:
		return "ITEM";
	case FIELD_OBJECT:
		break;
	}
	return "VALUE";
}

bool
opt_is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
			return true;
	return false;
}

void
opt_set_add_schema(struct opt_set *set, const struct schema *schema, unsigned int flags, const char *skip)
{
	for (const struct field *f = schema->fields; f->name && set->n < OPTS_MAX; f++) {
		char *name = set->names[set->n];
		struct opt row = { name, 0, opt_arg_of_field(f), f->help, NULL };

		if (!(f->flags & flags) || (f->flags & FIELD_SECRET) || f->type == FIELD_OBJECT || opt_is_listed(skip, f->name))
			continue;
		snprintf(name, OPT_NAME_MAX, "%s", f->name);
		for (char *c = name; *c; c++)
			if (*c == '_')
				*c = '-';
		opt_set_put(set, &row, f);
	}
}

const struct opt *
opt_set_find(const struct opt_set *set, const char *name, const struct field **field_out)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->v[i].name, name) != 0)
			continue;
		if (field_out)
			*field_out = set->field[i];
		return &set->v[i];
	}
	return NULL;
}

size_t
args_distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	size_t la = strlen(a), lb = strlen(b), d[3][MAX + 1];

	if (la > MAX || lb > MAX)
		return MAX;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = d[i % 3], *last = d[(i + 2) % 3], *before = d[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t cost = last[j - 1] + (a[i - 1] != b[j - 1]);

			if (last[j] + 1 < cost)
				cost = last[j] + 1;
			if (now[j - 1] + 1 < cost)
				cost = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < cost)
				cost = before[j - 2] + 1;
			now[j] = cost;
		}
	}
	return d[la % 3][lb];
}

void
args_nearest(const char *word, const char *candidate, const char **best, size_t *best_distance)
{
	size_t distance = args_distance(word, candidate), len = strlen(word);
	size_t limit = len < 5 ? 1 : len < 8 ? 2 : 3;

	/* A word that was only begun is near, too. */
	if (len >= 2 && strncmp(word, candidate, len) == 0)
		distance = 1;
	if (distance > limit || distance >= len || (*best && distance >= *best_distance))
		return;
	*best = candidate;
	*best_distance = distance;
}

static int
args_unknown(const struct opt_set *set, const char *name, struct err *e)
{
	const char *best = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < set->n; i++)
		args_nearest(name, set->v[i].name, &best, &distance);
	if (best)
		return args_usage(e, "There is no option --%s. Did you mean --%s?", name, best);
	return args_usage(e, "There is no option --%s", name);
}

static int
args_add(struct args *args, const struct opt *opt, const struct field *field, const char *value, struct err *e)
{
	struct arg *more = realloc(args->given, (args->n + 1) * sizeof *more);

	if (!more)
		return err_set(e, ERR_INTERNAL, "out of memory");
	args->given = more;
	more[args->n++] = (struct arg){ opt->name, value, field };
	return 0;
}

static int
args_add_word(struct args *args, char *word, struct err *e)
{
	char **more = realloc(args->words, (args->nwords + 2) * sizeof *more);

	if (!more)
		return err_set(e, ERR_INTERNAL, "out of memory");
	args->words = more;
	more[args->nwords++] = word;
	more[args->nwords] = NULL;
	return 0;
}

/* "--name", "--name=value", "--name value"; *i is moved past what was used. */
static int
args_take_long(struct args *args, const struct opt_set *set, int argc, char **argv, int *i, struct err *e)
{
	char *text = argv[*i] + 2, *eq = strchr(text, '=');
	const struct field *field = NULL;
	const char *value = eq ? eq + 1 : NULL;
	char name[OPT_NAME_MAX];
	const struct opt *opt;

	snprintf(name, sizeof name, "%.*s", eq ? (int)(eq - text) : (int)strlen(text), text);
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = '-';
	opt = opt_set_find(set, name, &field);
	if (!opt)
		return args_unknown(set, name, e);
	if (!opt->arg && value && !field)
		return args_usage(e, "The option --%s takes no value", name);
	if (opt->arg && !value) {
		if (*i + 1 >= argc)
			return args_usage(e, "The option --%s needs a value: --%s %s", name, name, opt->arg);
		value = argv[++*i];
	}
	return args_add(args, opt, field, value, e);
}

static const struct opt *
args_find_letter(const struct opt_set *set, char letter, const struct field **field_out)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->v[i].letter == letter) {
			*field_out = set->field[i];
			return &set->v[i];
		}
	return NULL;
}

/* "-q", "-qf", "-ojson", "-o json". */
static int
args_take_short(struct args *args, const struct opt_set *set, int argc, char **argv, int *i, struct err *e)
{
	for (char *c = argv[*i] + 1; *c; c++) {
		const struct field *field = NULL;
		const struct opt *opt = args_find_letter(set, *c, &field);

		if (!opt)
			return args_usage(e, "There is no option -%c", *c);
		if (!opt->arg) {
			if (args_add(args, opt, field, NULL, e) < 0)
				return -1;
			continue;
		}
		if (c[1])
			return args_add(args, opt, field, c + 1, e);
		if (*i + 1 >= argc)
			return args_usage(e, "The option -%c needs a value: -%c %s", *c, *c, opt->arg);
		return args_add(args, opt, field, argv[++*i], e);
	}
	return 0;
}

int
args_parse(struct args *args, const struct opt_set *set, int argc, char **argv, size_t stop_at, struct err *e)
{
	bool words_only = false;

	for (int i = 0; i < argc; i++) {
		int rc;

		if (!words_only && strcmp(argv[i], "--") == 0) {
			words_only = true;
			continue;
		}
		if (words_only || argv[i][0] != '-' || argv[i][1] == '\0')
			rc = args_add_word(args, argv[i], e);
		else if (argv[i][1] == '-')
			rc = args_take_long(args, set, argc, argv, &i, e);
		else
			rc = args_take_short(args, set, argc, argv, &i, e);
		if (rc < 0)
			return -1;
		if (stop_at > 0 && args->nwords >= stop_at)
			words_only = true;
	}
	return 0;
}

void
args_clear(struct args *args)
{
	free(args->given);
	free(args->words);
	memset(args, 0, sizeof *args);
}

bool
args_has(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->n; i++)
		if (strcmp(args->given[i].name, name) == 0)
			return true;
	return false;
}

const char *
args_value(const struct args *args, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < args->n; i++)
		if (strcmp(args->given[i].name, name) == 0)
			value = args->given[i].value;
	return value;
}

int
args_int(const struct args *args, const char *name, int64_t min, int64_t max, int64_t *value_out, struct err *e)
{
	const char *text = args_value(args, name), *why = NULL;
	int64_t value;

	if (!text)
		return 0;
	if (field_parse_int(text, &value, &why) < 0)
		return args_usage(e, "--%s '%s' %s", name, text, why);
	if (value < min || value > max)
		return args_usage(e, "--%s %s must be from %lld to %lld", name, text, (long long)min, (long long)max);
	*value_out = value;
	return 0;
}
