#include "daemon/model/webhook.h"

#include <json-c/json.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "daemon/model/journal.h"

#define HOOK (&webhook_schema)

enum { WEBHOOK_ID_BYTES = 8, WEBHOOK_SECRET_BYTES = 32, WEBHOOK_RETRY_MAX_S = 3600 };

int
webhook_find(struct model *m, const struct who *who, const char *id, struct webhook *hook_out, struct err *e)
{
	int rc = store_table_get(m->store, TABLE_WEBHOOK, id, hook_out, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || !who_sees(who, hook_out->tenant))
		return err_set(e, ERR_NOT_FOUND, "There is no webhook '%.80s': it goes by its id, not by its name", id);
	model_is_about(m, hook_out->tenant, NULL, NULL);
	return 0;
}

/* The merged result. */
static void
webhook_check(struct model *m, const struct webhook *hook, struct err *e)
{
	if (!m->settings->hook_http && strncmp(hook->url, "http://", 7) == 0)
		err_param(e, "url", "must begin with https:// (the operator may allow http:// by hook_http)");
}

static int
webhook_check_tenant(struct model *m, const struct who *who, const struct webhook *hook, struct err *e)
{
	int64_t number, count = 0;
	int rc = 1;

	if (hook->tenant)
		rc = who_sees(who, hook->tenant) ? store_tenant_number(m->store, hook->tenant, &number, e) : 0;
	if (rc == 0)
		err_param(e, "tenant", "there is no tenant '%s'", hook->tenant);
	if (rc <= 0 || store_webhook_count(m->store, hook->tenant, &count, e) < 0)
		return rc < 0 ? -1 : 0;
	if (count < (hook->tenant ? WEBHOOKS_OF_TENANT : WEBHOOKS_OF_HOST))
		return 0;
	err_set(e, ERR_CONFLICT, "There are %lld webhooks already: delete one first", (long long)count);
	return err_code(e, "too_many_webhooks");
}

/* Only what comes from now on. */
static int
webhook_fill(struct model *m, const struct who *who, struct webhook *hook, struct err *e)
{
	const struct event_filter filter = { .tenant = hook->tenant };
	unsigned char bytes[WEBHOOK_ID_BYTES];
	char id[2 * WEBHOOK_ID_BYTES + 1];
	int64_t last;

	if (store_event_before(m->store, &filter, 0, &last, e) < 0)
		return -1;
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(id, sizeof id, bytes, sizeof bytes);
	if (!record_has(HOOK, hook, "enabled"))
		row_put_int(HOOK, hook, "enabled", 1);
	row_put_int(HOOK, hook, "position", last);
	row_put_int(HOOK, hook, "created_at", model_now());
	row_put_int(HOOK, hook, "revision", 1);
	return row_put_text(HOOK, hook, "id", id) && row_put_text(HOOK, hook, "created_by", who->actor)
	               ? 0
	               : err_set(e, ERR_INTERNAL, "out of memory");
}

static void
webhook_make_secret(char *out, size_t size)
{
	unsigned char bytes[WEBHOOK_SECRET_BYTES];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(out, size, bytes, sizeof bytes);
	sodium_memzero(bytes, sizeof bytes);
}

int
webhook_create(struct model *m, const struct who *who, const struct webhook *body, bool dry_run, struct webhook *hook_out,
               char *secret_out, size_t size, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	secret_out[0] = '\0';
	if (!record_copy(HOOK, hook_out, body) ||
	    (role_is_tenants(who->role) && !hook_out->tenant && !row_put_text(HOOK, hook_out, "tenant", who->tenant)))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	webhook_check(m, hook_out, e);
	if (webhook_check_tenant(m, who, hook_out, e) < 0 || err_is_set(e) || webhook_fill(m, who, hook_out, e) < 0)
		return -1;
	if (!body->secret)
		webhook_make_secret(secret_out, size);
	if (store_table_insert(m->store, TABLE_WEBHOOK, hook_out, e) < 0 ||
	    store_webhook_set_secret(m->store, hook_out->id, body->secret ? body->secret : secret_out, e) < 0)
		return -1;
	model_is_about(m, hook_out->tenant, NULL, hook_out->id);
	return dry_run ? 0 : model_commit(m, &txn, e);
}

static void
webhook_forget_failures(struct webhook *hook)
{
	static const char *const fields[] = { "failures", "failing_since", "next_try_at" };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		record_mark(HOOK, hook, fields[i], false);
	hook->failures = 0;
	hook->failing_since = hook->next_try_at = 0;
}

int
webhook_change(struct model *m, const struct who *who, struct webhook *hook, const struct webhook *patch, bool dry_run,
               struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!record_merge(HOOK, hook, patch))
		return err_set(e, ERR_INTERNAL, "out of memory");
	webhook_check(m, hook, e);
	if (err_is_set(e))
		return -1;
	row_put_int(HOOK, hook, "revision", hook->revision + 1);
	/* Whoever mends it is not to wait. */
	webhook_forget_failures(hook);
	if (txn_begin(&txn, m->store, e) < 0 || store_table_update(m->store, TABLE_WEBHOOK, hook->id, hook, e) < 0)
		return -1;
	if (patch->secret && store_webhook_set_secret(m->store, hook->id, patch->secret, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
webhook_delete(struct model *m, const struct who *who, const struct webhook *hook, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_table_delete(m->store, TABLE_WEBHOOK, hook->id, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

static int
webhook_write(struct model *m, const struct webhook *hook, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_table_update(m->store, TABLE_WEBHOOK, hook->id, hook, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}

int
webhook_delivered(struct model *m, struct webhook *hook, int64_t seq, struct err *e)
{
	row_put_int(HOOK, hook, "position", seq);
	row_put_int(HOOK, hook, "last_success_at", model_now());
	webhook_forget_failures(hook);
	return webhook_write(m, hook, e);
}

int
webhook_pass(struct model *m, struct webhook *hook, int64_t seq, struct err *e)
{
	row_put_int(HOOK, hook, "position", seq);
	return webhook_write(m, hook, e);
}

/* Twice as long each time, and of many that failed together not all at once. */
static int64_t
webhook_delay(int64_t first, int64_t failures)
{
	int64_t delay = first;

	for (int64_t i = 1; i < failures && delay < WEBHOOK_RETRY_MAX_S; i++)
		delay *= 2;
	if (delay > WEBHOOK_RETRY_MAX_S)
		delay = WEBHOOK_RETRY_MAX_S;
	return delay - (int64_t)randombytes_uniform((uint32_t)delay / 2 + 1);
}

static int
webhook_tell_end(struct model *m, const struct webhook *hook, struct err *e)
{
	struct json_object *data = json_object_new_object();
	struct event_row event = { .time = model_now(), .type = event_name(EVENT_WEBHOOK_DISABLED), .tenant = hook->tenant };
	int rc;

	if (!data)
		return err_set(e, ERR_INTERNAL, "out of memory");
	json_object_object_add(data, "webhook", json_object_new_string(hook->id));
	json_object_object_add(data, "name", json_object_new_string(hook->name));
	json_object_object_add(data, "error", json_object_new_string(hook->last_error));
	event.data = json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN);
	rc = store_event_add(m->store, &event, EVENTS_KEPT, e);
	json_object_put(data);
	return rc;
}

int
webhook_failed(struct model *m, struct webhook *hook, const char *why, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int64_t now = model_now();

	row_put_int(HOOK, hook, "failures", hook->failures + 1);
	row_put_int(HOOK, hook, "last_error_at", now);
	if (!record_has(HOOK, hook, "failing_since"))
		row_put_int(HOOK, hook, "failing_since", now);
	row_put_int(HOOK, hook, "next_try_at", now + webhook_delay(m->settings->hook_retry, hook->failures));
	if (!row_put_text(HOOK, hook, "last_error", why))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (now - hook->failing_since >= m->settings->hook_give_up) {
		row_put_int(HOOK, hook, "enabled", 0);
		row_put_int(HOOK, hook, "revision", hook->revision + 1);
		record_mark(HOOK, hook, "next_try_at", false);
	}
	if (txn_begin(&txn, m->store, e) < 0 || (!hook->enabled && webhook_tell_end(m, hook, e) < 0) ||
	    store_table_update(m->store, TABLE_WEBHOOK, hook->id, hook, e) < 0)
		return -1;
	return hook->enabled ? txn_commit(&txn, e) : model_commit(m, &txn, e);
}
