/* Completion for shells: the words typed so far in, one candidate a line out. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/verbs.h"
#include "daemon/util/fd.h"

/* Waiting for a busy daemon would hang the user's prompt. */
enum { COMPLETE_TIMEOUT_MS = 1000 };

static void
complete_one(const char *candidate, const char *prefix)
{
	if (strncmp(candidate, prefix, strlen(prefix)) == 0)
		puts(candidate);
}

static void
complete_remote(struct client *c, enum op_id op, const char *field, const char *prefix)
{
	AUTO_REPLY struct http_reply reply = { 0 };
	AUTO_BUF struct buf path = { 0 };
	struct http_request request = { .method = "GET", .timeout_ms = COMPLETE_TIMEOUT_MS };
	struct json_object *page, *items = NULL;

	buf_addf(&path, "%s?limit=1000&fields=%s", op_get(op)->path, field);
	request.path = path.data;
	if (path.failed || http_exchange(&c->http, &request, &reply, NULL) < 0 || reply.status != 200 || reply.body.len == 0)
		return;
	page = json_tokener_parse(reply.body.data);
	if (json_object_is_type(page, json_type_object) && json_object_object_get_ex(page, "items", &items) &&
	    json_object_is_type(items, json_type_array))
		for (size_t i = 0; i < json_object_array_length(items); i++) {
			const char *text = call_text(json_object_array_get_idx(items, i), field);

			/* These are names by the daemon's rules; anything else has no place in a shell. */
			if (text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-@")] == '\0')
				complete_one(text, prefix);
		}
	json_object_put(page);
}

/* Whether the row before this one is of the same group, whose word was told with it. */
static bool
complete_is_told(const struct verb *const *verb, size_t len)
{
	return verb > verbs && verb[0]->name[len] == ' ' && strncmp(verb[-1]->name, verb[0]->name, len + 1) == 0;
}

/* First words, or the second ones of a group. */
static void
complete_verbs(const char *group, const char *prefix)
{
	for (const struct verb *const *v = verbs; *v; v++) {
		const char *name = (*v)->name;
		size_t len = strcspn(name, " ");
		char word[32];

		snprintf(word, sizeof word, "%.*s", (int)len, name);
		if (group && strcmp(word, group) == 0 && name[len])
			complete_one(name + len + 1, prefix);
		if (!group && (*v)->help && !complete_is_told(v, len))
			complete_one(word, prefix);
	}
}

/* values: see struct opt. */
/* Words whose values the daemon knows. */
static const struct {
	const char *word;
	enum op_id list;
	const char *field;
} complete_names[] = {
	{ "@container", CONTAINER_LIST, "name" }, { "@template", TEMPLATE_LIST, "id" }, { "@tenant", TENANT_LIST, "name" },
	{ "@plan", PLAN_LIST, "name" },           { "@pool", IP_POOL_LIST, "name" },    { "@token", TOKEN_LIST, "id" },
	{ "@network", NETWORK_LIST, "name" },     { "@webhook", WEBHOOK_LIST, "id" },   { "@operation", OPERATION_LIST, "id" },
};

static void
complete_values(struct client *c, const char *values, const char *prefix)
{
	AUTO_FREE char *copy = values ? strdup(values) : NULL;
	char *save = NULL;

	if (!copy)
		return;
	for (size_t i = 0; i < sizeof complete_names / sizeof *complete_names; i++)
		if (strcmp(values, complete_names[i].word) == 0) {
			complete_remote(c, complete_names[i].list, complete_names[i].field, prefix);
			return;
		}
	if (strcmp(values, "@verb") == 0) {
		complete_verbs(NULL, prefix);
	} else if (strcmp(values, "@file") == 0) {
		puts("@file");
	} else {
		for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
			complete_one(word, prefix);
	}
}

static void
complete_keys(const struct verb *verb, const char *prefix)
{
	for (const struct field *f = verb->schema->fields; f->name; f++) {
		char word[64];

		if (!(f->flags & verb->flags))
			continue;
		snprintf(word, sizeof word, "%s%s", f->name, f->flags & FIELD_SECRET ? "" : "=");
		complete_one(word, prefix);
	}
}

static void
complete_words_of(struct client *c, const struct verb *verb, char *const *words, size_t n, const char *prefix)
{
	struct opt_set set;
	const struct opt *before = NULL;
	size_t positional = 0;

	verb_options(verb, &set);
	for (size_t i = 0; i < n; i++) {
		bool option = strncmp(words[i], "--", 2) == 0;

		if (strcmp(words[i], "--") == 0)
			return;
		if (before) {
			before = NULL;
			continue;
		}
		before = option                        ? opt_set_find(&set, words[i] + 2, NULL)
		         : strcmp(words[i], "-o") == 0 ? opt_set_find(&set, "output", NULL)
		                                       : NULL;
		if (before && !before->arg)
			before = NULL;
		positional += words[i][0] != '-';
	}
	if (before) {
		complete_values(c, before->values, prefix);
		return;
	}
	for (size_t i = 0; i < set.n && *prefix == '-'; i++) {
		char word[OPT_NAME_MAX + 2];

		snprintf(word, sizeof word, "--%s", set.v[i].name);
		complete_one(word, prefix);
	}
	if (*prefix == '-' || positional >= verb->max)
		return;
	if (verb->keys && positional > 0)
		complete_keys(verb, prefix);
	else
		complete_values(c, verb->words, prefix);
}

/* How many words are options before the verb. */
static size_t
complete_skip(char *const *words, size_t n)
{
	struct opt_set common = { .n = 0 };
	size_t i = 0;

	opt_set_add_groups(&common, OPTS_COMMON | OPTS_OUTPUT);
	for (; i < n && words[i][0] == '-'; i++) {
		const struct opt *opt = strcmp(words[i], "-o") == 0 ? opt_set_find(&common, "output", NULL)
		                        : words[i][1] == '-'        ? opt_set_find(&common, words[i] + 2, NULL)
		                                                    : NULL;

		if (opt && opt->arg)
			i++;
	}
	return i < n ? i : n;
}

/* The last word is the one under the cursor, empty when it isn't begun. */
static int
complete_show(struct client *c, const struct args *args, struct err *e)
{
	size_t n = args->nwords > 0 ? args->nwords - 1 : 0, used = 0, skip = complete_skip(args->words, n);
	const char *prefix = args->nwords > 0 ? args->words[n] : "";
	char *const *words = args->words + skip;
	const struct verb *verb;

	n -= skip;
	verb = verb_find(words, n, &used);
	if (verb)
		complete_words_of(c, verb, words + used, n - used, prefix);
	else if (n == 0)
		complete_verbs(NULL, prefix);
	else if (n == 1 && verb_is_group(words[0]))
		complete_verbs(words[0], prefix);
	return 0;
}

const struct verb complete_verb = {
	.name = "complete",
	.args = "WORD…",
	.max = WORDS_ANY,
	.stop = 1,
	.run = complete_show,
};
