#include "daemon/model/operation.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/uuid.h"
#include "schema/check.h"

#define OPERATION (&operation_schema)

static int
operation_out_of_memory(struct err *e)
{
	return err_set(e, ERR_INTERNAL, "out of memory");
}

const char *
operation_kind(enum op_id op, char buf[OPERATION_KIND_MAX])
{
	const char *name = op_get(op)->name;
	size_t i = 0;

	for (; name[i] && i + 1 < OPERATION_KIND_MAX; i++)
		buf[i] = (char)tolower((unsigned char)name[i]);
	buf[i] = '\0';
	return buf;
}

enum op_id
operation_op(const struct operation *operation)
{
	for (int i = 0; i < OP_COUNT; i++)
		if (operation->kind && strcasecmp(op_get((enum op_id)i)->name, operation->kind) == 0)
			return (enum op_id)i;
	return OP_COUNT;
}

bool
operation_is_change(enum op_id op)
{
	return op == CONTAINER_SET || op == CONTAINER_SUSPEND || op == CONTAINER_UNSUSPEND;
}

int
operation_find(struct model *m, const struct who *who, const char *id, struct operation *operation_out, struct err *e)
{
	int rc = check_uuid(id) ? 0 : store_operation_get(m->store, id, operation_out, e);

	if (rc == 1 && !who_sees(who, operation_out->tenant)) {
		record_clear(OPERATION, operation_out);
		rc = 0;
	}
	if (rc == 1)
		model_is_about(m, operation_out->tenant, operation_out->container, NULL);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "There is no operation '%.80s'; ended ones are kept for seven days", id);
	return rc < 0 ? -1 : 0;
}

int
operation_make(struct operation *out, enum op_id op, const struct container_view *container, const char *template,
               const struct who *who, struct err *e)
{
	char id[UUID_SIZE], kind[OPERATION_KIND_MAX];
	bool ok;

	uuid_make(id);
	ok = row_put_text(OPERATION, out, "id", id) && row_put_text(OPERATION, out, "kind", operation_kind(op, kind)) &&
	     row_put_text(OPERATION, out, "state", operation_state_name(OPERATION_QUEUED)) &&
	     row_put_text(OPERATION, out, "template", template) && row_put_text(OPERATION, out, "actor", who->actor);
	if (ok && container)
		ok = row_put_text(OPERATION, out, "container", container->config.id) &&
		     row_put_text(OPERATION, out, "tenant", container->config.tenant) &&
		     row_put_text(OPERATION, out, "name", container->config.name);
	row_put_int(OPERATION, out, "created_at", model_now());
	row_put_int(OPERATION, out, "by_tenant", role_is_tenants(who->role));
	return ok ? 0 : operation_out_of_memory(e);
}

static bool
operation_is_reserved(const struct model *m, const char *container)
{
	for (size_t i = 0; i < RESERVED_MAX; i++)
		if (m->reserved[i].until > model_now() && strcmp(m->reserved[i].container, container) == 0)
			return true;
	return false;
}

/* In its own place, or in that of the oldest. */
static void
operation_reserve(struct model *m, const char *container)
{
	struct reservation *place = &m->reserved[0];

	for (size_t i = 0; i < RESERVED_MAX; i++) {
		if (strcmp(m->reserved[i].container, container) == 0) {
			place = &m->reserved[i];
			break;
		}
		if (m->reserved[i].until < place->until)
			place = &m->reserved[i];
	}
	snprintf(place->container, sizeof place->container, "%s", container);
	place->until = model_now() + RESERVED_S;
}

int
operation_check_lock(struct model *m, const struct who *who, const char *container, struct err *e)
{
	struct operation other = { 0 };
	int rc = store_operation_open(m->store, container, &other, e);

	if (rc == 1 && other.by_tenant && !role_is_tenants(who->role))
		operation_reserve(m, container);
	if (rc == 1)
		rc = err_set(e, ERR_LOCKED, "The operation %s (%s) is under way on this container: wait for its end, or cancel it",
		             other.id, other.kind);
	else if (rc == 0 && role_is_tenants(who->role) && operation_is_reserved(m, container))
		rc = err_set(e, ERR_LOCKED, "The host's operator is about to act on this container: try again in %d s", RESERVED_S);
	record_clear(OPERATION, &other);
	return rc;
}

int
operation_check_cancel(const struct who *who, const struct operation *operation, struct err *e)
{
	if (!operation_is_open(operation)) {
		err_set(e, ERR_CONFLICT, "The operation has ended already: its state is %s", operation->state);
		return err_code(e, "already_ended");
	}
	/* Else nothing that is done to a tenant would ever come about, a suspension first of all. */
	if (role_is_tenants(who->role) && !operation->by_tenant) {
		err_set(e, ERR_DENIED, "The operation is the host's operator's: only he can cancel it");
		return err_code(e, "operators_operation");
	}
	return 0;
}

int
operation_insert(struct model *m, const struct operation *operation, struct err *e)
{
	if (m->subject) {
		snprintf(m->subject->operation, sizeof m->subject->operation, "%s", operation->id);
		m->subject->ended = !operation_is_open(operation);
	}
	model_is_about(m, operation->tenant, operation->container, NULL);
	return store_operation_insert(m->store, operation, e);
}

int
operation_started(struct model *m, const char *id, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_operation_started(m->store, id, model_now(), e) < 0)
		return -1;
	return model_commit(m, &txn, e);
}

int
operation_keep_request(struct model *m, const char *id, const char *request, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_operation_keep_request(m->store, id, request, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}

static int
operation_record(struct model *m, enum op_id op, const char *template, const struct who *who, bool dry_run, struct txn *txn,
                 struct operation *operation_out, struct err *e)
{
	if (operation_make(operation_out, op, NULL, template, who, e) < 0 || operation_insert(m, operation_out, e) < 0)
		return -1;
	return dry_run ? 0 : txn_commit(txn, e);
}

int
operation_host(struct model *m, const struct who *who, enum op_id op, bool dry_run, struct operation *operation_out, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	return txn_begin(&txn, m->store, e) < 0 ? -1 : operation_record(m, op, NULL, who, dry_run, &txn, operation_out, e);
}

int
operation_template_build(struct model *m, const struct who *who, const char *template, bool dry_run,
                         struct operation *operation_out, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	return operation_record(m, TEMPLATE_BUILD, template, who, dry_run, &txn, operation_out, e);
}

int
operation_template_delete(struct model *m, const struct who *who, const char *ref, bool dry_run, struct operation *operation_out,
                          struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int64_t users = 0;

	if (txn_begin(&txn, m->store, e) < 0 || store_template_users(m->store, ref, &users, e) < 0)
		return -1;
	if (users > 0) {
		err_set(e, ERR_CONFLICT, "The template %s is in use by %lld container%s", ref, (long long)users,
		        users == 1 ? "" : "s");
		return err_code(e, "template_in_use");
	}
	if (store_template_mark_deleting(m->store, ref, true, e) < 0)
		return -1;
	return operation_record(m, TEMPLATE_DELETE, ref, who, dry_run, &txn, operation_out, e);
}
