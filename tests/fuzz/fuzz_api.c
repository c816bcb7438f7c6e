/*
 * The whole api but its engine: a connection whose first byte says who calls, then what he sends. Two tenants have the same kinds
 * of things; what belongs to globex bears marks that no answer to acme's callers may hold, and that none of them may change. Who
 * may only read changes nothing at all, whatever filter, cursor, name or body he finds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/callers.h"
#include "daemon/api/conn.h"
#include "daemon/api/queue.h"
#include "daemon/model/container_observe.h"
#include "daemon/model/operation.h"
#include "daemon/model/token.h"
#include "daemon/store/sql.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seeds.h"

/* In globex's things alone; not in the inputs that are made from the tables. */
#define MARK "7f3a91c0d2e8b4"

enum { ANSWER_MAX = 1 << 20, TURNS = 4, FAR_FUTURE = 2000000000 };

static struct api api = { .model.settings = &api.settings, .listen_fd = -1 };
static struct http_server server;
static int engine = -1; /* the link's other end */
static unsigned char *snapshot;
static sqlite3_int64 snapshot_len;
static int changes; /* of the database as it was loaded */
static int64_t audits;
static char secret_id[37];
static char answer[ANSWER_MAX + 1];

static void
must(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "fuzz_api: %s\n", what);
	abort();
}

/* What the engine is asked is thrown away; of a query the answer is "not now". */
static void
drain_engine(void)
{
	static char data[MSG_MAX];
	int fds[FD_PASS_MAX];
	size_t nfds;
	ssize_t n;

	while ((n = fd_recv(engine, data, sizeof data, fds, &nfds, MSG_DONTWAIT)) > 0) {
		struct msg msg = { 0 };
		struct err e = { 0 };

		for (size_t i = 0; i < nfds; i++)
			close(fds[i]);
		/* Whatever a stranger sends, what leaves for the engine is well-formed. */
		must(msg_decode(data, (size_t)n, &msg, &e) == 0 &&
		             (msg.type == ISOLATION || msg_check_request(msg.type, msg.record, &e) == 0),
		     "a request that the engine would refuse");
		/* A stream ends at once. */
		if (msg.type != ALIVE && msg.type != ISOLATION)
			callers_stream_ended(api.callers, ((const struct request *)msg.record)->op);
		msg_clear(&msg);
	}
}

/* What the audit has written: an entry, and a tenant's number for it. */
static int64_t
count_audits(void)
{
	static const char sql[] = "SELECT count(*) + count(owner) FROM audit";
	struct err e = { 0 };
	int64_t n = 0;

	must(sql_number(api.model.store, &n, sql, &e, "") == 1, e.message);
	return n;
}

static void
begin(void)
{
	struct err e = { 0 };

	must(api_make_parts(&api, &e) == 0, e.message);
	audits = count_audits();
	changes = sqlite3_total_changes(api.model.store->db);
}

static bool
is_changed(void)
{
	return sqlite3_total_changes(api.model.store->db) != changes;
}

/* Beyond that he was refused. */
static bool
has_done_something(void)
{
	return sqlite3_total_changes(api.model.store->db) - changes != count_audits() - audits;
}

/* As it was before. */
static void
restore(void)
{
	struct err e = { 0 };

	api_free_parts(&api);
	store_close(api.model.store);
	must(store_load(snapshot, (size_t)snapshot_len, &api.model.store, &e) == 0, "load the snapshot");
	begin();
}

static void
on_go_on(evutil_socket_t fd, short what, void *arg)
{
	conn_go_on(arg);
}

static size_t
call(const struct seed_caller *caller, const void *data, size_t size)
{
	struct peer peer = { .uid = caller->uid, .gid = caller->uid, .admin = caller->uid == 0 };
	int pair[2];
	size_t len = 0;
	ssize_t n;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0, "make a socket pair");
	must(conn_new(&server, pair[0], &peer) != NULL, "make a connection");
	must(send(pair[1], data, size, MSG_NOSIGNAL) == (ssize_t)size, "send");
	for (int i = 0; i < TURNS; i++) {
		event_base_loop(api.base, EVLOOP_NONBLOCK);
		drain_engine();
		while ((n = recv(pair[1], answer + len, ANSWER_MAX - len, 0)) > 0)
			len += (size_t)n;
	}
	while (!TAILQ_EMPTY(&server.conns))
		conn_free(TAILQ_FIRST(&server.conns));
	close(pair[1]);
	answer[len] = '\0';
	return len;
}

static void
do_as_root(const char *request, const char *status)
{
	call(&seed_callers[0], request, strlen(request));
	must(strncmp(answer, status, strlen(status)) == 0, answer);
}

static void
post(const char *path, const char *body, const char *status)
{
	AUTO_BUF struct buf request = { 0 };

	buf_addf(&request, "POST %s HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", path,
	         strlen(body), body);
	do_as_root(request.data, status);
}

/* As the engine ends it. */
static void
end_creation(const char *state)
{
	const char *location = strstr(answer, "/v1/operations/");
	struct operation operation = { 0 };
	struct observed observed = { 0 };
	struct done done = { 0 };
	struct err e = { 0 };
	char op[37];

	must(location, "an operation");
	snprintf(op, sizeof op, "%.36s", location + strlen("/v1/operations/"));
	must(operation_find(&api.model, &who_daemon, op, &operation, &e) == 0, "the operation");
	row_put_text(&done_schema, &done, "op", op);
	must(operation_end(&api.model, &done, &e) == 1, e.message);
	queue_ended(api.queue, op);
	row_put_text(&observed_schema, &observed, "id", operation.container);
	row_put_text(&observed_schema, &observed, "state", state);
	row_put_int(&observed_schema, &observed, "ctid", strcmp(state, "running") == 0 ? 101 : 102);
	must(container_observe(&api.model, &observed, &e) == 0, e.message);
	snprintf(secret_id, sizeof secret_id, "%s", operation.container);
	record_clear(&operation_schema, &operation);
	record_clear(&observed_schema, &observed);
	record_clear(&done_schema, &done);
}

static void
make_things(void)
{
	post("/v1/tenants", "{\"name\":\"acme\",\"containers\":5}", "HTTP/1.1 201");
	post("/v1/tenants", "{\"name\":\"globex\",\"description\":\"d-" MARK "\",\"billing\":\"b-" MARK "\"}", "HTTP/1.1 201");
	post("/v1/plans", "{\"name\":\"small\",\"memory\":\"64M\",\"disk\":\"64M\"}", "HTTP/1.1 201");
	post("/v1/ip-pools", "{\"name\":\"office\",\"prefix\":\"203.0.113.0/28\",\"tenants\":[\"acme\"]}", "HTTP/1.1 201");
	post("/v1/ip-pools",
	     "{\"name\":\"hidden\",\"prefix\":\"203.0.113.16/28\",\"tenants\":[\"globex\"],\"description\":\"p-" MARK "\"}",
	     "HTTP/1.1 201");
	post("/v1/containers",
	     "{\"name\":\"web\",\"tenant\":\"acme\",\"template\":\"busybox\",\"plan\":\"small\",\"ip\":[\"office\"],\"labels\":["
	     "\"tier=front\"]}",
	     "HTTP/1.1 202");
	end_creation("running");
	post("/v1/containers",
	     "{\"name\":\"secret\",\"tenant\":\"globex\",\"template\":\"busybox\",\"plan\":\"small\",\"ip\":[\"hidden\"],"
	     "\"labels\":[\"tier=front\",\"l=" MARK "\"],\"owner\":\"o-" MARK "\",\"billing\":\"b-" MARK "\",\"hostname\":\"h-" MARK
	     "\"}",
	     "HTTP/1.1 202");
	end_creation("stopped");
	post("/v1/tokens", "{\"name\":\"t-" MARK "\",\"role\":\"owner\",\"tenant\":\"globex\"}", "HTTP/1.1 201");
}

/* Users of the host; their use is noted already. */
static void
make_callers(void)
{
	struct err e = { 0 };
	char body[160];

	for (size_t i = 1; i < SEED_CALLERS && seed_callers[i].role[0]; i++) {
		const struct seed_caller *c = &seed_callers[i];

		snprintf(body, sizeof body, "{\"name\":\"u%u\",\"uid\":%u,\"role\":\"%s\"%s%s%s}", c->uid, c->uid, c->role,
		         c->tenant ? ",\"tenant\":\"" : "", c->tenant ? c->tenant : "", c->tenant ? "\"" : "");
		post("/v1/tokens", body, "HTTP/1.1 201");
	}
	must(sql_script(api.model.store, "UPDATE token SET used_at = 2000000000", &e) == 0, e.message);
}

static void
make_world(void)
{
	struct template template = { 0 };
	struct err e = { 0 };
	int pair[2];

	log_init("fuzz", LOG_LEVEL_ERROR);
	api.base = event_base_new();
	must(api.base && settings_apply_defaults(&api.settings) && token_setup(&e) == 0, "set up");
	row_put_text(&settings_schema, &api.settings, "subnet4", "10.9.0.0/24");
	strv_add(&api.settings.addresses, "203.0.113.0/24");
	must(store_open(":memory:", &api.model.store, &e) == 0, e.message);
	row_put_text(&template_schema, &template, "name", "busybox");
	row_put_text(&template_schema, &template, "version", "1");
	must(store_template_put(api.model.store, &template, &e) == 0, e.message);
	record_clear(&template_schema, &template);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "make a socket pair");
	engine = pair[0];
	api.link = link_new(&api, api.base, pair[1], &e);
	must(api.link, e.message);
	api.ready = true;
	server = (struct http_server){ .api = &api, .base = api.base };
	TAILQ_INIT(&server.conns);
	TAILQ_INIT(&server.later);
	server.go_on = evtimer_new(api.base, on_go_on, &server);
	begin();
	make_things();
	make_callers();
	snapshot = sqlite3_serialize(api.model.store->db, "main", &snapshot_len, 0);
	must(snapshot, "keep a snapshot");
	restore();
}

static void
check_secret(void)
{
	struct container_view view = { 0 };
	struct err e = { 0 };

	must(store_container_get(api.model.store, secret_id, &view, &e) == 1 && view.revision == 1 &&
	             strcmp(view.state, "stopped") == 0 && !view.config.suspended,
	     "a tenant has changed another's container");
	record_clear(&container_view_schema, &view);
}

static void
check_answer(const struct seed_caller *caller, const uint8_t *data, size_t size, size_t len)
{
	must(memmem(answer, len, "HTTP/1.1 500", 12) == NULL, answer);
	if (caller->uid == 0 || strcmp(caller->role, "operator") == 0 || strcmp(caller->role, "auditor") == 0)
		return;
	/* Whoever says it himself may be told what he said. */
	if (!memmem(data, size, MARK, strlen(MARK)))
		must(memmem(answer, len, MARK, strlen(MARK)) == NULL, answer);
	if (!memmem(data, size, secret_id, 36))
		must(memmem(answer, len, secret_id, 36) == NULL, answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct seed_caller *caller;
	size_t len;

	if (!snapshot)
		make_world();
	if (size < 2 || size > 65536)
		return 0;
	caller = &seed_callers[data[0] % SEED_CALLERS];
	len = call(caller, data + 1, size - 1);
	check_answer(caller, data, size, len);
	if (!is_changed())
		return 0;
	must(!has_done_something() || caller->uid == 0 || strcmp(caller->role, "owner") == 0 ||
	             strcmp(caller->role, "operator") == 0,
	     "who may only read has changed something");
	if (caller->tenant)
		check_secret();
	restore();
	return 0;
}
