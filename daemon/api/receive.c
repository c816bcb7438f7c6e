/* What the engine says. */
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/boot.h"
#include "daemon/api/callers.h"
#include "daemon/api/copier.h"
#include "daemon/api/hooks.h"
#include "daemon/api/isolation.h"
#include "daemon/api/late.h"
#include "daemon/api/meter.h"
#include "daemon/api/queue.h"
#include "daemon/api/recovery.h"
#include "daemon/model/audit.h"
#include "daemon/model/container_observe.h"
#include "daemon/model/operation.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

void
api_forget(struct api *api, struct conn *conn)
{
	link_forget(api->link, conn);
	follow_forget(api->follow, conn);
}

static int
api_receive_observed(struct api *api, const struct observed *observed, struct err *e)
{
	if (!api->ready && !strv_add(&api->known, observed->id))
		return err_set(e, ERR_INTERNAL, "out of memory");
	return container_observe(&api->model, observed, e);
}

/* A deletion's end follows and takes the row; else there is nothing to show but that it is not running. */
static int
api_receive_gone(struct api *api, const struct observed *gone, struct err *e)
{
	struct operation open = { 0 };
	int rc = store_operation_open(api->model.store, gone->id, &open, e);

	record_clear(&operation_schema, &open);
	if (rc == 0)
		log_warning("the engine has lost the container %s", gone->id);
	return rc < 0 ? -1 : 0;
}

static int
api_receive_template(struct api *api, const struct template *template, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, api->model.store, e) < 0 || store_template_put(api->model.store, template, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}

static int
api_receive_template_gone(struct api *api, const struct template *template, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	char ref[128];

	snprintf(ref, sizeof ref, "%s@%s", template->name, template->version);
	if (txn_begin(&txn, api->model.store, e) < 0 || store_template_gone(api->model.store, ref, e) < 0)
		return -1;
	return txn_commit(&txn, e);
}

/* One that can't be asked for ends as any other. */
static void
api_send_works(struct api *api, const struct works *works)
{
	for (size_t i = 0; i < works->n; i++) {
		const struct work *work = &works->v[i];
		struct err why = { 0 };

		if (queue_add(api->queue, work->type, &work->request, &why) < 0)
			late_fail(api->late, work->request.op, &why);
	}
}

/* Who waits for it goes on also where its end can't be recorded yet: each of these does it once. */
static int
api_receive_done(struct api *api, const struct done *done, struct err *e)
{
	AUTO_WORKS struct works works = { 0 };
	int rc;

	FAULT("api.done");
	rc = done->cut_short ? operation_end_cut_short(&api->model, done, &works, e) : operation_end(&api->model, done, e);
	FAULT("api.ended");
	if (rc == 0) {
		log_debug("a stream ended: %s%s%s", done->op, done->message ? ": " : "", done->message ? done->message : "");
		rc = audit_end_session(&api->model, done, e) < 0 ? -1 : 0;
	}
	if (rc == 1)
		rc = operation_follow_up(&api->model, done, &works, e);
	follow_end_progress(api->follow, done->op);
	boot_ended(api->boot, done);
	if (rc >= 0)
		api_send_works(api, &works);
	queue_ended(api->queue, done->op);
	return rc < 0 ? -1 : 0;
}

static int
api_serve(struct api *api, const struct ready *ready, struct err *e)
{
	snprintf(api->storage, sizeof api->storage, "%s", ready->storage ? ready->storage : "");
	api->ready = true;
	hooks_kick(api->hooks);
	api->http = http_server_new(api, api->base);
	if (!api->http || !http_listen(api->http, api->listen_fd, false))
		return err_set(e, ERR_INTERNAL, "out of memory");
	for (size_t i = 0; i < api->ntokens; i++)
		if (!http_listen(api->http, api->token_fds[i], true))
			return err_set(e, ERR_INTERNAL, "out of memory");
	return 0;
}

static int
api_receive_ready(struct api *api, const struct ready *ready, struct err *e)
{
	AUTO_WORKS struct works works = { 0 };

	if (api->ready)
		return err_set(e, ERR_BAD_REQUEST, "a second handshake");
	FAULT("api.told-all");
	if (operation_reconcile(&api->model, &api->known, ready, &works, e) < 0)
		return err_wrap(e, "settle what the last daemon left");
	FAULT("api.reconciled");
	if (isolation_tell(api, e) < 0)
		return err_wrap(e, "tell which networks keep tenants apart");
	if (queue_restore(api->queue, &ready->operations, e) < 0)
		return err_wrap(e, "settle what the last daemon left");
	api_send_works(api, &works);
	FAULT("api.works-sent");
	strv_clear(&api->known);
	api->copier = copier_new(api);
	api->meter = meter_new(api);
	if (!api->copier || !api->meter)
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (api_serve(api, ready, e) < 0)
		return -1;
	log_info("ready: %zu operations to settle", works.n);
	return boot_begin_due(api->boot, e);
}

/* What was told so far is in memory. */
static int
api_create_store(struct api *api, struct err *e)
{
	recovery_free(api->recovery);
	api->recovery = NULL;
	if (store_save(api->model.store, API_DATABASE, e) < 0)
		return err_wrap(e, "create the database");
	store_close(api->model.store);
	api->model.store = NULL;
	return store_open(API_DATABASE, &api->model.store, e);
}

static int
api_receive_without_store(struct api *api, struct msg *msg, struct err *e)
{
	switch (recovery_receive(api->recovery, msg, e)) {
	case 0:
		return 0;
	case RECOVERY_NEEDED:
		store_close(api->model.store);
		api->model.store = NULL;
		return api_serve(api, msg->record, e);
	case RECOVERY_NOT_NEEDED:
		return api_create_store(api, e) < 0 ? -1 : api_receive_ready(api, msg->record, e);
	}
	return -1;
}

int
api_record(struct api *api, struct msg *msg, struct err *e)
{
	switch ((int)msg->type) {
	case REPLY_TEMPLATE:
		return api_receive_template(api, msg->record, e);
	case REPLY_OBSERVED:
		return api_receive_observed(api, msg->record, e);
	case REPLY_GONE:
		return api_receive_gone(api, msg->record, e);
	case REPLY_TEMPLATE_GONE:
		return api_receive_template_gone(api, msg->record, e);
	case REPLY_READY:
		return api_receive_ready(api, msg->record, e);
	case REPLY_DONE:
		return api_receive_done(api, msg->record, e);
	}
	return err_set(e, ERR_BAD_REQUEST, "%s isn't for the api", msg_info(msg->type)->name);
}

/* What isn't for the journal. 1 it was that, 0 it is to be recorded, -1 error. */
static int
api_receive_passing(struct api *api, struct msg *msg, struct err *e)
{
	switch ((int)msg->type) {
	case ALIVE:
		return link_send_alive(api->link, msg->record, e) < 0 ? -1 : 1;
	case REPLY_TEMPLATE:
		return !api->model.store;
	case REPLY_SESSION:
		return callers_take_over(api->callers, msg->record, e) < 0 ? -1 : 1;
	}
	if (api->recovery)
		return api_receive_without_store(api, msg, e) < 0 ? -1 : 1;
	switch ((int)msg->type) {
	case REPLY_PROGRESS:
		follow_progress(api->follow, msg->record);
		return 1;
	case HOOK_ENDED:
		hooks_ended(api->hooks, msg->record);
		return 1;
	case REPLY_SAMPLES:
		return api->meter && meter_receive(api->meter, msg->record, e) < 0 ? -1 : 1;
	case REPLY_DONE:
		/* The audit is told of its end as well. */
		callers_stream_ended(api->callers, ((const struct done *)msg->record)->op);
		return link_answer(api->link, msg->record) || copier_ended(api->copier, msg->record) ||
		       meter_ended(api->meter, msg->record);
	}
	return 0;
}

/* A full disk or the like: it is recorded later, after what waits already, and whoever asks is still answered. */
int
api_receive(struct api *api, struct msg *msg, struct err *e)
{
	int rc = api_receive_passing(api, msg, e);

	if (rc == 0 && !late_waits(api->late) && api_record(api, msg, e) == 0)
		return 0;
	if (rc == 1)
		return 0;
	if (!api->ready || (err_is_set(e) && e->kind == ERR_BAD_REQUEST))
		return -1;
	if (err_is_set(e))
		log_err(e, "record what the engine said (%s)", msg_info(msg->type)->name);
	return rc < 0 ? 0 : late_keep(api->late, msg, e);
}
