/* What concerns the daemon and its host as a whole. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/container.h"
#include "daemon/model/operation.h"
#include "daemon/util/json.h"
#include "schema/check.h"
#include "schema/openapi.h"
#include "schema/stream.h"

static const char *const host_features[] = {
	"allowance", "audit",      "capacity", "doctor",  "dry-run",    "events",   "firewall",      "forwards",
	"ip-pools",  "metrics",    "networks", "openapi", "operations", "plans",    "rates",         "recovery",
	"rescue",    "suspension", "tenants",  "tokens",  "usage",      "webhooks", STREAM_PROTOCOL,
};

struct answered
host_handle_features(struct call *c)
{
	struct json_object *json = json_object_new_object(), *features;

	if (!json)
		return reply_out_of_memory(c);
	json_put_text(json, "version", "%s", PACKAGE_VERSION);
	json_put_text(json, "api", "v1");
	features = json_put_list(json, "features");
	for (size_t i = 0; i < sizeof host_features / sizeof *host_features; i++)
		json_append_text(features, host_features[i]);
	json_put_text(json, "instance", "%s", c->api->settings.instance);
	json_put_text(json, "role", "%s", role_name(c->who.role));
	if (c->who.tenant[0])
		json_put_text(json, "tenant", "%s", c->who.tenant);
	json_put_text(json, "actor", "%s", c->who.actor);
	return reply_json(c, 200, json, NULL);
}

struct answered
host_handle_openapi(struct call *c)
{
	if (!c->api->reference)
		c->api->reference = openapi_text(false);
	if (!c->api->reference)
		return reply_out_of_memory(c);
	return reply_constant(c, c->api->reference);
}

/* What was thrown away can't be told any more: whoever follows has to look at everything anew. */
static int
host_check_kept(struct call *c, const struct event_filter *filter, int64_t since)
{
	int64_t first, last;

	if (since <= 0)
		return 0;
	if (store_event_first(c->api->model.store, filter, &first, &c->err) < 0 ||
	    store_event_before(c->api->model.store, filter, 0, &last, &c->err) < 0)
		return -1;
	if (since >= first - 1 && since <= last)
		return 0;
	c->status = 410;
	/* The numbers of a journal that was lost: those of this one would seem seen already. */
	if (since > last) {
		err_set(&c->err, ERR_NOT_FOUND,
		        "The newest event is %lld, there is none of number %lld: begin anew with what there is now",
		        (long long)last, (long long)since);
		return err_code(&c->err, "events_gone");
	}
	err_set(&c->err, ERR_NOT_FOUND,
	        "The events after %lld are gone, the oldest kept is %lld: begin anew with what there is now", (long long)since,
	        (long long)first);
	return err_code(&c->err, "events_gone");
}

/* A reconnecting client says where it was by header; RFC-less, but every browser does so. */
static int
host_since(struct call *c, const struct event_filter *filter, int64_t *since_out)
{
	const char *last = c->request->last_event_id, *why;
	int64_t before;

	*since_out = c->query.since;
	if (*last && (field_parse_int(last, since_out, &why) < 0 || *since_out < 0))
		return err_param(&c->err, "Last-Event-ID", "must be a sequence number");
	if (host_check_kept(c, filter, *since_out) < 0)
		return -1;
	if (*last || !record_has(c->op->query, &c->query, "tail"))
		return 0;
	if (store_event_before(c->api->model.store, filter, c->query.tail, &before, &c->err) < 0)
		return -1;
	if (before > *since_out)
		*since_out = before;
	return 0;
}

struct answered
host_handle_events(struct call *c)
{
	bool endless = !record_has(c->op->query, &c->query, "follow") || c->query.follow;
	struct event_filter filter = { .tenant = c->who.tenant[0] ? c->who.tenant : NULL };
	char container[UUID_SIZE];
	int64_t since = 0;

	if (handler_filter_container(c, container) < 0)
		return reply_error(c);
	filter.container = container[0] ? container : NULL;
	return host_since(c, &filter, &since) < 0 ? reply_error(c) : follow_events(c, since, &filter, endless);
}

struct answered
host_handle_which(struct call *c)
{
	struct request request = { 0 };
	struct answered answered;

	if (record_count(&c->query) != 1) {
		err_set(&c->err, ERR_INVALID, "Give exactly one of pid, uid, address, mac and veth");
		return reply_error(c);
	}
	if (!handler_fill_request(&request, c->op->query, &c->query) || !handler_name_request(&request))
		answered = reply_out_of_memory(c);
	else
		answered = link_query(c, REQUEST_WHICH, &request);
	record_clear(&request_schema, &request);
	return answered;
}

struct answered
host_handle_doctor(struct call *c)
{
	struct request request = { 0 };
	struct answered answered;

	answered = handler_name_request(&request) ? link_query(c, REQUEST_DOCTOR, &request) : reply_out_of_memory(c);
	record_clear(&request_schema, &request);
	return answered;
}

struct answered
host_handle_fix(struct call *c)
{
	struct operation operation = { 0 };
	struct request request = { 0 };
	struct answered answered;

	row_put_int(&request_schema, &request, "fix", 1);
	if (operation_host(&c->api->model, &c->who, DOCTOR_FIX, c->query.dry_run, &operation, &c->err) < 0)
		answered = reply_error(c);
	else if (c->query.dry_run)
		answered = reply_json(c, 200, show_operation(c->who.role, &operation), NULL);
	else
		answered = handler_start(c, REQUEST_DOCTOR, &request, &operation);
	record_clear(&operation_schema, &operation);
	record_clear(&request_schema, &request);
	return answered;
}
