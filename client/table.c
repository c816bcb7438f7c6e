#include "client/table.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/call.h"
#include "client/choice.h"
#include "client/print.h"
#include "client/problem.h"
#include "daemon/util/fd.h"

int
table_list(struct client *c, const struct table *t, struct err *e)
{
	struct json_object *items = NULL;
	int rc;

	if (print_check(c, &t->view, e) < 0 || call_list(c, t->list, NULL, NULL, &items, e) < 0)
		return -1;
	rc = print_list(c, &t->view, items, e);
	json_object_put(items);
	return rc;
}

int
table_show(struct client *c, const struct table *t, const struct args *args, struct err *e)
{
	struct json_object *item = NULL;
	int rc;

	if (print_check(c, &t->view, e) < 0 || call_json(c, t->show, args->words[0], NULL, NULL, &item, e) < 0)
		return -1;
	rc = print_object(c, &t->view, item, e);
	json_object_put(item);
	return rc;
}

/* A token's text is data, so that a script can take it: nothing else is on standard output. */
static int
table_tell_made(struct client *c, const struct table *t, struct json_object *item, struct err *e)
{
	const char *token = call_text(item, "token"), *secret = token ? token : call_text(item, "secret"),
	           *key = call_text(item, t->view.key);

	if (c->output != OUTPUT_TABLE)
		return print_object(c, &t->view, item, e);
	client_say(c, "%s %s: created%s", t->noun, key ? key : "",
	           !secret ? ""
	           : token ? "; its text is shown this once:"
	                   : "; its secret is shown this once:");
	if (secret && (puts(secret) < 0 || fflush(stdout) != 0))
		return err_sys(e, "write to standard output");
	return 0;
}

static int
table_send(struct client *c, enum op_id op, const char *id, const void *record, struct json_object **item_out, struct err *e)
{
	struct json_object *body = record_to_json(op_get(op)->body, record, false);
	int rc = body ? call_json(c, op, id, NULL, body, item_out, e) : err_set(e, ERR_INTERNAL, "out of memory");

	json_object_put(body);
	return rc;
}

static int
table_wrong(struct err *e)
{
	if (e->nparams > 0)
		snprintf(e->message, sizeof e->message, "The command line is wrong:");
	return -1;
}

int
table_create(struct client *c, const struct table *t, const struct args *args, struct err *e)
{
	const struct schema *schema = op_get(t->create)->body;
	struct json_object *item = NULL;
	void *row = calloc(1, schema->size);
	int rc;

	if (!row)
		return err_set(e, ERR_INTERNAL, "out of memory");
	rc = choice_set(schema, row, field_find(schema, "name", NULL), "NAME", args->words[0], e);
	if (choice_take_options(schema, row, args, e) < 0 || rc < 0)
		rc = table_wrong(e);
	if (rc == 0)
		rc = table_send(c, t->create, NULL, row, &item, e);
	if (rc == 0)
		rc = table_tell_made(c, t, item, e);
	json_object_put(item);
	record_clear(schema, row);
	free(row);
	return rc;
}

static int
table_take_words(const struct schema *schema, void *row, const struct args *args, struct err *e)
{
	int rc = 0;

	for (size_t i = 1; i < args->nwords; i++) {
		const char *value;
		AUTO_FREE char *key = choice_split(args->words[i], &value);

		if (!key)
			return err_set(e, ERR_INTERNAL, "out of memory");
		if (!value)
			rc = err_param(e, key, "needs a value: %s=VALUE", key);
		else if (choice_set_key(schema, row, key, value, e) < 0)
			rc = -1;
	}
	return rc < 0 ? table_wrong(e) : 0;
}

int
table_set(struct client *c, const struct table *t, const struct args *args, struct err *e)
{
	const struct schema *schema = op_get(t->set)->body;
	struct json_object *item = NULL;
	void *row = calloc(1, schema->size);
	int rc;

	if (!row)
		return err_set(e, ERR_INTERNAL, "out of memory");
	rc = table_take_words(schema, row, args, e);
	if (rc == 0)
		rc = table_send(c, t->set, args->words[0], row, &item, e);
	if (rc == 0)
		client_say(c, "%s %s: changed", t->noun, args->words[0]);
	json_object_put(item);
	record_clear(schema, row);
	free(row);
	return rc;
}

int
table_delete(struct client *c, const struct table *t, const struct args *args, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < args->nwords; i++) {
		struct json_object *item = NULL;

		if (call_json(c, t->delete, args->words[i], NULL, NULL, &item, e) == 0) {
			client_say(c, "%s %s: deleted", t->noun, args->words[i]);
		} else {
			problem_print(args->words[i], e);
			status = status ? status : problem_exit_status(e);
			err_clear(e);
		}
		json_object_put(item);
	}
	return status;
}
