/*
 * Nouns that are rows of a table at the daemon and all that: tenants, plans, tokens, networks, webhooks, pools of addresses.
 * list, show, create, set and delete of each are the same code over its operations and its view.
 */
#ifndef BERTH_TABLE_H
#define BERTH_TABLE_H

#include "client/client.h"
#include "client/print.h"
#include "schema/ops.h"

struct table {
	const char *noun; /* as the verbs and messages call it */
	enum op_id list, show, create, set, delete;
	struct view view;
};

/* The exit status, or -1 with an error. */
int table_list(struct client *c, const struct table *t, struct err *e);
int table_show(struct client *c, const struct table *t, const struct args *args, struct err *e);
int table_create(struct client *c, const struct table *t, const struct args *args, struct err *e);
int table_set(struct client *c, const struct table *t, const struct args *args, struct err *e);
int table_delete(struct client *c, const struct table *t, const struct args *args, struct err *e);

/* What a noun's verbs run: noun_list() and so on, over TABLE. */
#define TABLE_VERBS(noun, TABLE)                                                                                                   \
	static int noun##_list(struct client *c, const struct args *args, struct err *e)                                           \
	{                                                                                                                          \
		return table_list(c, TABLE, e);                                                                                    \
	}                                                                                                                          \
	static int noun##_show(struct client *c, const struct args *args, struct err *e)                                           \
	{                                                                                                                          \
		return table_show(c, TABLE, args, e);                                                                              \
	}                                                                                                                          \
	static int noun##_create(struct client *c, const struct args *args, struct err *e)                                         \
	{                                                                                                                          \
		return table_create(c, TABLE, args, e);                                                                            \
	}                                                                                                                          \
	static int noun##_set(struct client *c, const struct args *args, struct err *e)                                            \
	{                                                                                                                          \
		return table_set(c, TABLE, args, e);                                                                               \
	}                                                                                                                          \
	static int noun##_delete(struct client *c, const struct args *args, struct err *e)                                         \
	{                                                                                                                          \
		return table_delete(c, TABLE, args, e);                                                                            \
	}

#endif
