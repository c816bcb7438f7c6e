#include "daemon/model/audit.h"

#include <string.h>

#define AUDIT (&audit_schema)

int
audit_add(struct model *m, struct audit_entry *entry, struct err *e)
{
	if (!record_has(AUDIT, entry, "time"))
		row_put_int(AUDIT, entry, "time", model_now());
	if (!record_has(AUDIT, entry, "count"))
		row_put_int(AUDIT, entry, "count", 1);
	return store_audit_add(m->store, entry, e);
}

/* kind NULL: it succeeded. */
static bool
audit_put_end(struct audit_entry *entry, const char *kind, const char *code)
{
	row_put_int(AUDIT, entry, "status", kind ? err_kind_info(err_kind_of_code(kind))->http_status : 200);
	return row_put_text(AUDIT, entry, "code", kind ? (code ? code : kind) : NULL);
}

int
audit_add_end(struct model *m, const struct operation *o, struct err *e)
{
	struct audit_entry entry = { 0 };
	bool ok = row_put_text(AUDIT, &entry, "actor", o->actor ? o->actor : who_daemon.actor) &&
	          row_put_text(AUDIT, &entry, "kind", o->kind) && row_put_text(AUDIT, &entry, "tenant", o->tenant) &&
	          row_put_text(AUDIT, &entry, "object", o->name ? o->name : o->template) &&
	          row_put_text(AUDIT, &entry, "container", o->container) && row_put_text(AUDIT, &entry, "operation", o->id) &&
	          audit_put_end(&entry, o->error_kind, o->error_code);
	int rc = ok ? audit_add(m, &entry, e) : err_set(e, ERR_INTERNAL, "out of memory");

	record_clear(AUDIT, &entry);
	return rc;
}

int
audit_end_session(struct model *m, const struct done *done, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	struct audit_entry entry = { 0 };
	int rc = txn_begin(&txn, m->store, e) < 0 ? -1 : store_audit_of(m->store, done->op, &entry, e);

	if (rc == 1) {
		row_put_int(AUDIT, &entry, "time", model_now());
		rc = audit_put_end(&entry, done->kind, done->code) ? audit_add(m, &entry, e)
		                                                   : err_set(e, ERR_INTERNAL, "out of memory");
		if (rc == 0)
			rc = txn_commit(&txn, e) < 0 ? -1 : 1;
	}
	record_clear(AUDIT, &entry);
	return rc;
}
