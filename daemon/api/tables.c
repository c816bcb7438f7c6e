/* Tenants, plans, tokens: each a row that changes nothing but itself. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/hooks.h"
#include "daemon/api/idempotency.h"
#include "daemon/api/isolation.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/ip_pool.h"
#include "daemon/model/network.h"
#include "daemon/model/tenant.h"
#include "daemon/model/token.h"
#include "daemon/model/webhook.h"

/* A row under work, and the text that is shown once with it. */
struct table_work {
	const struct noun *noun;
	union table_record row;
	char secret[TOKEN_TEXT_SIZE];
};

struct noun {
	enum op_id list, create, show, set, delete;
	enum store_table table;
	const char *key;  /* the field that {id} names it by */
	const char *path; /* of all of them */
	int (*find)(struct call *c, union table_record *row);
	int (*make)(struct call *c, struct table_work *work);
	int (*change)(struct call *c, union table_record *row);
	int (*remove)(struct call *c, const union table_record *row);
	/* Adds what the row doesn't hold; or NULL. */
	int (*tell)(struct call *c, const union table_record *row, struct json_object *json);
};

/* What the model does with a noun's row. */
#define ROW_FUNCTIONS(noun)                                                                                                        \
	static int noun##_row_find(struct call *c, union table_record *row)                                                        \
	{                                                                                                                          \
		return noun##_find(&c->api->model, &c->who, c->arg, &row->noun, &c->err);                                          \
	}                                                                                                                          \
	static int noun##_row_change(struct call *c, union table_record *row)                                                      \
	{                                                                                                                          \
		return noun##_change(&c->api->model, &c->who, &row->noun, c->body, c->query.dry_run, &c->err);                     \
	}                                                                                                                          \
	static int noun##_row_remove(struct call *c, const union table_record *row)                                                \
	{                                                                                                                          \
		return noun##_delete(&c->api->model, &c->who, &row->noun, c->query.dry_run, &c->err);                              \
	}
/* One without a secret. */
#define ROW_MAKE(noun)                                                                                                             \
	static int noun##_row_make(struct call *c, struct table_work *work)                                                        \
	{                                                                                                                          \
		return noun##_create(&c->api->model, &c->who, c->body, c->query.dry_run, &work->row.noun, &c->err);                \
	}
ROW_FUNCTIONS(tenant)
ROW_MAKE(tenant)
ROW_FUNCTIONS(plan)
ROW_MAKE(plan)
ROW_FUNCTIONS(ip_pool)
ROW_MAKE(ip_pool)
ROW_FUNCTIONS(token)
ROW_FUNCTIONS(webhook)

static int
tenant_row_tell(struct call *c, const union table_record *row, struct json_object *json)
{
	struct totals used = { 0 };

	if (store_tenant_used(c->api->model.store, row->tenant.name, &used, &c->err) < 0)
		return -1;
	json_object_object_add(json, "used", record_to_json(&totals_schema, &used, false));
	return 0;
}

static int
token_row_make(struct call *c, struct table_work *work)
{
	return token_create(&c->api->model, &c->who, c->body, c->query.dry_run, &work->row.token, work->secret, &c->err);
}

/* How many are held tells of others. */
static int
ip_pool_row_tell(struct call *c, const union table_record *row, struct json_object *json)
{
	int64_t used;

	if (role_is_tenants(c->who.role))
		return 0;
	if (ip_pool_count_used(&c->api->model, &row->ip_pool, &used, &c->err) < 0)
		return -1;
	json_object_object_add(json, "used", json_object_new_int64(used));
	return 0;
}

static int
network_row_find(struct call *c, union table_record *row)
{
	return network_find(&c->api->model, &c->who, c->arg, &row->network, &c->err);
}

/* It holds for the next packet; what is told is in order with whatever is asked for later. */
static int
network_row_changed(struct call *c, int rc)
{
	return rc < 0 || c->query.dry_run ? rc : isolation_tell(c->api, &c->err);
}

static int
network_row_make(struct call *c, struct table_work *work)
{
	return network_row_changed(c,
	                           network_create(&c->api->model, &c->who, c->body, c->query.dry_run, &work->row.network, &c->err));
}

static int
network_row_change(struct call *c, union table_record *row)
{
	return network_row_changed(c, network_change(&c->api->model, &c->who, &row->network, c->body, c->query.dry_run, &c->err));
}

static int
network_row_remove(struct call *c, const union table_record *row)
{
	return network_row_changed(c, network_delete(&c->api->model, &c->who, &row->network, c->query.dry_run, &c->err));
}

/* On the host's bridges others are as well. */
static int
network_row_tell(struct call *c, const union table_record *row, struct json_object *json)
{
	int64_t used;

	if (role_is_tenants(c->who.role) && !row->network.tenant)
		return 0;
	if (store_network_used(c->api->model.store, row->network.id, &used, &c->err) < 0)
		return -1;
	json_object_object_add(json, "used", json_object_new_int64(used));
	return 0;
}

static int
webhook_row_make(struct call *c, struct table_work *work)
{
	return webhook_create(&c->api->model, &c->who, c->body, c->query.dry_run, &work->row.webhook, work->secret,
	                      sizeof work->secret, &c->err);
}

static int
webhook_row_tell(struct call *c, const union table_record *row, struct json_object *json)
{
	int64_t pending = 0;

	if (store_webhook_pending(c->api->model.store, row->webhook.tenant, hooks_position(c->api->hooks, &row->webhook), &pending,
	                          &c->err) < 0)
		return -1;
	json_object_object_add(json, "pending", json_object_new_int64(pending));
	return 0;
}

static const struct noun nouns[] = {
	{ TENANT_LIST, TENANT_CREATE, TENANT_SHOW, TENANT_SET, TENANT_DELETE, TABLE_TENANT, "name", "/v1/tenants/", tenant_row_find,
	  tenant_row_make, tenant_row_change, tenant_row_remove, tenant_row_tell },
	{ PLAN_LIST, PLAN_CREATE, PLAN_SHOW, PLAN_SET, PLAN_DELETE, TABLE_PLAN, "name", "/v1/plans/", plan_row_find, plan_row_make,
	  plan_row_change, plan_row_remove, NULL },
	{ IP_POOL_LIST, IP_POOL_CREATE, IP_POOL_SHOW, IP_POOL_SET, IP_POOL_DELETE, TABLE_IP_POOL, "name", "/v1/ip-pools/",
	  ip_pool_row_find, ip_pool_row_make, ip_pool_row_change, ip_pool_row_remove, ip_pool_row_tell },
	{ NETWORK_LIST, NETWORK_CREATE, NETWORK_SHOW, NETWORK_SET, NETWORK_DELETE, TABLE_NETWORK, "id", "/v1/networks/",
	  network_row_find, network_row_make, network_row_change, network_row_remove, network_row_tell },
	{ TOKEN_LIST, TOKEN_CREATE, TOKEN_SHOW, TOKEN_SET, TOKEN_DELETE, TABLE_TOKEN, "id", "/v1/tokens/", token_row_find,
	  token_row_make, token_row_change, token_row_remove, NULL },
	{ WEBHOOK_LIST, WEBHOOK_CREATE, WEBHOOK_SHOW, WEBHOOK_SET, WEBHOOK_DELETE, TABLE_WEBHOOK, "id", "/v1/webhooks/",
	  webhook_row_find, webhook_row_make, webhook_row_change, webhook_row_remove, webhook_row_tell },
};

static const struct noun *
noun_of(enum op_id op)
{
	const struct noun *n = nouns;

	while (n->list != op && n->create != op && n->show != op && n->set != op && n->delete != op)
		n++;
	return n;
}

static void
table_clear(struct table_work *work)
{
	record_clear(store_table_schema(work->noun->table), &work->row);
	explicit_bzero(work->secret, sizeof work->secret);
}
#define AUTO_WORK __attribute__((cleanup(table_clear)))

static const char *
table_key(const struct noun *noun, const union table_record *row)
{
	return *field_string(field_find(store_table_schema(noun->table), noun->key, NULL), row);
}

/* As the caller may see it. NULL with c->err. */
static struct json_object *
table_json(struct call *c, const struct noun *noun, const union table_record *row)
{
	const struct schema *schema = store_table_schema(noun->table);
	struct json_object *json = record_to_json(schema, row, false);

	if (!json) {
		err_set(&c->err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	show_hide(c->who.role, schema, json);
	if (noun->tell && noun->tell(c, row, json) < 0) {
		json_object_put(json);
		return NULL;
	}
	return json;
}

static struct answered
table_answer(struct call *c, const struct table_work *work, int status)
{
	const struct schema *schema = store_table_schema(work->noun->table);
	struct json_object *json = table_json(c, work->noun, &work->row);
	struct buf headers = { 0 };
	struct answered answered;

	if (json && work->secret[0])
		json_object_object_add(json, work->noun->table == TABLE_TOKEN ? "token" : "secret",
		                       json_object_new_string(work->secret));
	if (!json || reply_select(c, json) < 0) {
		json_object_put(json);
		return reply_error(c);
	}
	buf_addf(&headers, "ETag: \"%lld\"\r\n", (long long)*field_int(field_find(schema, "revision", NULL), &work->row));
	if (status == 201) {
		buf_addf(&headers, "Location: %s", work->noun->path);
		op_escape(table_key(work->noun, &work->row), &headers);
		buf_addf(&headers, "\r\n");
	}
	if (!headers.failed)
		idempotency_keep(c, status, headers.data,
		                 json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		                 work->secret[0]);
	answered = reply_json(c, status, headers.failed ? NULL : json, headers.data);
	buf_clear(&headers);
	return answered;
}

static int
table_check_match(struct call *c, const struct table_work *work)
{
	const struct schema *schema = store_table_schema(work->noun->table);

	return reply_check_match(c, *field_int(field_find(schema, "revision", NULL), &work->row));
}

static int
table_add_item(void *arg, const void *record)
{
	struct page *page = arg;
	const struct noun *noun = noun_of(page->c->id);
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = table_json(page->c, noun, record);
	if (!json || page_add(page, json, "%s", table_key(noun, record)) < 0)
		return -1;
	return reply_select(page->c, json);
}

static int
table_read_page(struct call *c, char *after, struct page *page)
{
	return store_table_list(c->api->model.store, noun_of(c->id)->table, c->who.tenant[0] ? c->who.tenant : NULL, after,
	                        page->left + 1, table_add_item, page, &c->err);
}

struct answered
table_handle_list(struct call *c)
{
	return handler_list(c, table_read_page);
}

struct answered
table_handle_create(struct call *c)
{
	AUTO_WORK struct table_work work = { .noun = noun_of(c->id) };

	if (work.noun->make(c, &work) < 0)
		return reply_error(c);
	if (c->query.dry_run)
		work.secret[0] = '\0';
	return table_answer(c, &work, c->query.dry_run ? 200 : 201);
}

struct answered
table_handle_show(struct call *c)
{
	AUTO_WORK struct table_work work = { .noun = noun_of(c->id) };

	return work.noun->find(c, &work.row) < 0 ? reply_error(c) : table_answer(c, &work, 200);
}

struct answered
table_handle_set(struct call *c)
{
	AUTO_WORK struct table_work work = { .noun = noun_of(c->id) };

	if (work.noun->find(c, &work.row) < 0 || table_check_match(c, &work) < 0 || work.noun->change(c, &work.row) < 0)
		return reply_error(c);
	return table_answer(c, &work, 200);
}

struct answered
table_handle_delete(struct call *c)
{
	AUTO_WORK struct table_work work = { .noun = noun_of(c->id) };

	if (work.noun->find(c, &work.row) < 0 || table_check_match(c, &work) < 0 || work.noun->remove(c, &work.row) < 0)
		return reply_error(c);
	return table_answer(c, &work, 200);
}
