#include "daemon/api/audit.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/handlers.h"
#include "daemon/api/recovery.h"
#include "daemon/api/reply.h"
#include "daemon/api/show.h"
#include "daemon/model/audit.h"
#include "daemon/model/container.h"
#include "daemon/model/operation.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/check.h"

#define AUDIT (&audit_schema)

/* Of one caller's refused requests so many are written at once, then one each so often; a caller is a tenant with all its tokens.
 */
enum { AUDIT_BURST = 30, AUDIT_EVERY_S = 300, AUDIT_STRANGERS = 64, AUDIT_KEY_MAX = 80, AUDIT_TICK_S = 60 };

struct allowance {
	LIST_ENTRY(allowance) link;
	char key[AUDIT_KEY_MAX];
	bool stranger;
	int64_t left;
	int64_t since;              /* when `left` was last raised */
	int64_t missed;             /* not written */
	struct audit_entry example; /* the last of them */
};

struct audit {
	struct api *api;
	struct event *tick;
	size_t strangers;
	LIST_HEAD(, allowance) allowances;
};

bool
audit_applies(const struct call *c)
{
	return c->op && c->op->method != METHOD_GET && !c->query.dry_run && c->api->model.store && !c->api->recovery;
}

/* One of several lines on a host with the older hierarchies: the unified one's, or systemd's. */
static void
audit_read_cgroup(pid_t pid, char *out, size_t size)
{
	char path[64], text[4096], *save = NULL, *found = NULL;
	AUTO_CLOSE int fd = -1;
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	text[len > 0 ? len : 0] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "0::", 3) == 0 || (strstr(line, ":name=systemd:") && !found))
			found = strchr(strchr(line, ':') + 1, ':') + 1;
		if (strncmp(line, "0::/", 4) == 0 && line[4])
			break;
	}
	snprintf(out, size, "%s", found ? found : "");
}

static bool
audit_put_peer(struct audit_entry *entry, const struct peer *peer)
{
	char cgroup[200];

	if (peer->pid <= 0)
		return true;
	row_put_int(AUDIT, entry, "uid", peer->uid);
	row_put_int(AUDIT, entry, "pid", peer->pid);
	audit_read_cgroup(peer->pid, cgroup, sizeof cgroup);
	return !cgroup[0] || check_line(cgroup) || row_put_text(AUDIT, entry, "cgroup", cgroup);
}

/* As it may be shown: of printable ASCII, and a token that stands where none belongs without its secret. */
static void
audit_clean(const char *text, char out[SUBJECT_OBJECT_SIZE])
{
	static const char prefix[] = "berth_";
	const char *token = strstr(text, prefix);
	size_t max = token ? (size_t)(token - text) + sizeof prefix - 1 + 16 : SUBJECT_OBJECT_SIZE - 1;
	size_t i = 0;

	for (; i < max && i < SUBJECT_OBJECT_SIZE - 1 && text[i]; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[i] = '\0';
}

/* What a creation's body names. */
static const char *
audit_named(const struct call *c)
{
	static const char *const names[] = { "name", "template" };

	for (size_t i = 0; c->body && i < sizeof names / sizeof *names; i++) {
		const struct field *f = field_find(c->op->body, names[i], NULL);

		if (f && f->type == FIELD_STRING && *field_string(f, c->body))
			return *field_string(f, c->body);
	}
	return "";
}

static bool
audit_put_subject(struct audit_entry *entry, const struct call *c)
{
	const struct subject *subject = &c->subject;
	const char *tenant = c->who.tenant[0] ? c->who.tenant : subject->tenant;
	char object[SUBJECT_OBJECT_SIZE];

	audit_clean(subject->object[0] ? subject->object : c->arg[0] ? c->arg : audit_named(c), object);
	return row_put_text(AUDIT, entry, "tenant", tenant[0] ? tenant : NULL) &&
	       row_put_text(AUDIT, entry, "object", object[0] ? object : NULL) &&
	       row_put_text(AUDIT, entry, "container", subject->container[0] ? subject->container : NULL) &&
	       row_put_text(AUDIT, entry, "operation", subject->operation[0] ? subject->operation : NULL);
}

static int
audit_fill(const struct call *c, int status, const char *code, struct audit_entry *entry, struct err *e)
{
	char kind[OPERATION_KIND_MAX];

	row_put_int(AUDIT, entry, "status", status);
	if (row_put_text(AUDIT, entry, "actor", c->who.actor) && row_put_text(AUDIT, entry, "role", role_name(c->who.role)) &&
	    row_put_text(AUDIT, entry, "kind", operation_kind(c->id, kind)) && row_put_text(AUDIT, entry, "code", code) &&
	    audit_put_peer(entry, c->peer) && audit_put_subject(entry, c))
		return 0;
	return err_set(e, ERR_INTERNAL, "out of memory");
}

/* As the handler is about to answer. */
static int
audit_success(const struct call *c)
{
	switch (c->op->kind) {
	case KIND_JOB:
		return c->subject.ended ? 200 : 202;
	case KIND_STREAM:
		return 101;
	case KIND_READ:
	case KIND_TEXT:
	case KIND_WRITE:
	case KIND_QUERY:
	case KIND_FOLLOW:
		break;
	}
	return op_accepts(c->op) == FIELD_CREATE ? 201 : 200;
}

int
audit_last_part(struct call *c, struct err *e)
{
	struct audit_entry entry = { 0 };
	int rc;

	c->audited = true;
	rc = audit_fill(c, audit_success(c), NULL, &entry, e);
	if (rc == 0)
		rc = audit_add(&c->api->model, &entry, e);
	record_clear(AUDIT, &entry);
	return rc;
}

int
audit_session(struct call *c, const char *id)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!audit_applies(c))
		return 0;
	snprintf(c->subject.operation, sizeof c->subject.operation, "%s", id);
	if (txn_begin(&txn, c->api->model.store, &c->err) == 0 && txn_commit(&txn, &c->err) == 0)
		return 0;
	/* Whoever makes room on a full host has to get in for it; no tenant does anything that isn't recorded. */
	if (c->err.kind != ERR_NO_SPACE || role_is_tenants(c->who.role))
		return -1;
	log_warning("%s by %s in %s can't be recorded: %s", c->op->name, c->who.actor, c->arg, c->err.message);
	err_clear(&c->err);
	return 0;
}

static void
audit_write(struct api *api, struct audit_entry *entry)
{
	AUTO_TXN struct txn txn = { 0 };
	struct err e = { 0 };

	if (txn_begin(&txn, api->model.store, &e) < 0 || audit_add(&api->model, entry, &e) < 0 || txn_commit(&txn, &e) < 0)
		log_err(&e, "write the audit");
}

static void
allowance_raise(struct allowance *a, int64_t now)
{
	int64_t more = (now - a->since) / AUDIT_EVERY_S;

	if (now < a->since)
		a->since = now;
	if (more <= 0)
		return;
	a->left = a->left + more > AUDIT_BURST ? AUDIT_BURST : a->left + more;
	a->since += more * AUDIT_EVERY_S;
}

static void
allowance_free(struct audit *audit, struct allowance *a)
{
	LIST_REMOVE(a, link);
	audit->strangers -= a->stranger;
	record_clear(AUDIT, &a->example);
	free(a);
}

/* One that nobody knows is told apart by his user on the host, up to so many. */
static struct allowance *
allowance_of(struct audit *audit, const struct audit_entry *entry)
{
	enum role role = ROLE_NONE;
	bool stranger = !entry->role || !role_of_name(entry->role, &role);
	char key[AUDIT_KEY_MAX] = "others";
	struct allowance *a;

	if (role_is_tenants(role))
		snprintf(key, sizeof key, "tenant:%s", entry->tenant ? entry->tenant : "");
	else if (!stranger || audit->strangers < AUDIT_STRANGERS)
		snprintf(key, sizeof key, "%s%s", stranger ? "stranger:" : "", entry->actor);
	LIST_FOREACH(a, &audit->allowances, link)
	if (strcmp(a->key, key) == 0)
		return a;
	a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	memcpy(a->key, key, sizeof key);
	a->stranger = stranger;
	audit->strangers += stranger;
	a->left = AUDIT_BURST;
	a->since = model_now();
	LIST_INSERT_HEAD(&audit->allowances, a, link);
	return a;
}

/* The entry stands for those before it as well. */
static void
allowance_spend(struct audit *audit, struct allowance *a, struct audit_entry *entry)
{
	if (entry != &a->example)
		a->missed++;
	row_put_int(AUDIT, entry, "count", a->missed);
	audit_write(audit->api, entry);
	a->missed = 0;
	a->left--;
	record_clear(AUDIT, &a->example);
}

/* Takes the entry over. */
static void
audit_refused(struct audit *audit, struct audit_entry *entry)
{
	struct allowance *a = allowance_of(audit, entry);

	if (a)
		allowance_raise(a, model_now());
	if (a && a->left > 0) {
		allowance_spend(audit, a, entry);
	} else if (a) {
		a->missed++;
		row_put_int(AUDIT, entry, "time", model_now());
		record_clear(AUDIT, &a->example);
		a->example = *entry;
		return;
	}
	record_clear(AUDIT, entry);
}

void
audit_end(struct call *c)
{
	struct audit_entry entry = { 0 };
	struct err e = { 0 };

	/* A session that was written and couldn't be opened has its end told as well. */
	if (!audit_applies(c) || c->answered == 0 || (c->audited && (c->answered < 400 || c->op->kind != KIND_STREAM)))
		return;
	if (audit_fill(c, c->answered, c->answered >= 400 ? reply_code(&c->err) : NULL, &entry, &e) < 0) {
		log_err(&e, "write the audit");
		record_clear(AUDIT, &entry);
	} else if (c->answered < 400) {
		audit_write(c->api, &entry);
		record_clear(AUDIT, &entry);
	} else {
		audit_refused(c->api->audit, &entry);
	}
}

void
audit_unauthorized(struct api *api, const struct peer *peer, const struct http_request *request)
{
	struct call c = { .api = api, .peer = peer, .request = request, .answered = 401 };

	if (op_match(request->method, request->path, &c.op, c.arg, sizeof c.arg, &c.allowed) != 1)
		return;
	c.id = (enum op_id)(c.op - op_get((enum op_id)0));
	snprintf(c.who.actor, sizeof c.who.actor, "unknown");
	/* Beside him may stand a proxy. */
	if (!peer->token_only)
		snprintf(c.who.actor, sizeof c.who.actor, "uid:%u", (unsigned int)peer->uid);
	err_set(&c.err, ERR_UNAUTHORIZED, "no credential");
	audit_end(&c);
}

static void
audit_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct audit *audit = arg;
	struct allowance *a, *next;
	int64_t now = model_now();

	for (a = LIST_FIRST(&audit->allowances); a; a = next) {
		next = LIST_NEXT(a, link);
		allowance_raise(a, now);
		if (a->missed > 0 && a->left > 0)
			allowance_spend(audit, a, &a->example);
		if (a->missed == 0 && a->left == AUDIT_BURST)
			allowance_free(audit, a);
	}
}

struct audit *
audit_new(struct api *api)
{
	const struct timeval every = { AUDIT_TICK_S, 0 };
	struct audit *audit = calloc(1, sizeof *audit);

	if (!audit)
		return NULL;
	audit->api = api;
	LIST_INIT(&audit->allowances);
	audit->tick = event_new(api->base, -1, EV_PERSIST, audit_on_tick, audit);
	if (audit->tick && event_add(audit->tick, &every) == 0)
		return audit;
	audit_free(audit);
	return NULL;
}

void
audit_free(struct audit *audit)
{
	struct allowance *a;

	if (!audit)
		return;
	while ((a = LIST_FIRST(&audit->allowances))) {
		if (a->missed > 0 && audit->api->model.store)
			allowance_spend(audit, a, &a->example);
		allowance_free(audit, a);
	}
	if (audit->tick)
		event_free(audit->tick);
	free(audit);
}

/* The list. */

static int
audit_add_item(void *arg, const void *record)
{
	const struct audit_row *row = record;
	struct page *page = arg;
	struct json_object *json;

	if (page_is_full(page))
		return 1;
	json = record_to_json(AUDIT, &row->entry, false);
	if (json) {
		show_hide(page->c->who.role, AUDIT, json);
		json_object_object_add(json, "seq", json_object_new_int64(row->seq));
	}
	if (page_add(page, json, "%lld", (long long)row->seq) < 0)
		return -1;
	return reply_select(page->c, json);
}

static int
audit_read_page(struct call *c, char *after, struct page *page)
{
	struct audit_filter filter = {
		.own = c->who.tenant[0] ? c->who.tenant : NULL,
		.tenant = c->query.tenant,
		.actor = c->query.actor,
		.kind = c->query.kind,
		.has_since = record_has(c->op->query, &c->query, "since"),
		.since = c->query.since,
		.has_until = record_has(c->op->query, &c->query, "until"),
		.until = c->query.until,
		.limit = page->left + 1,
	};
	char container[UUID_SIZE];
	const char *why;

	if (c->query.tenant && !who_sees(&c->who, c->query.tenant))
		return 0;
	if (after[0] && (field_parse_int(after, &filter.before, &why) < 0 || filter.before <= 0))
		return err_param(&c->err, "cursor", "is none that this server gave");
	if (handler_filter_container(c, container) < 0)
		return -1;
	filter.container = container[0] ? container : NULL;
	return store_audit_list(c->api->model.store, &filter, audit_add_item, page, &c->err);
}

struct answered
audit_handle_list(struct call *c)
{
	return handler_list(c, audit_read_page);
}
