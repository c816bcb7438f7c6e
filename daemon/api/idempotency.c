#include "daemon/api/idempotency.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/reply.h"
#include "daemon/model/operation.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

#define IDEMPOTENCY_KEY_FILE "idempotency.key"

enum { IDEMPOTENCY_S = 24 * 3600, IDEMPOTENCY_KEY_MAX = 128, IDEMPOTENCY_MANY = 10000 };

static int
idempotency_make_key(unsigned char *key, size_t size, struct err *e)
{
	AUTO_CLOSE int fd = open(IDEMPOTENCY_KEY_FILE ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	randombytes_buf(key, sizeof((struct api *)0)->idempotency_key);
	if (fd < 0 || fd_write_all(fd, key, sizeof((struct api *)0)->idempotency_key) < 0 || fsync(fd) < 0 ||
	    rename(IDEMPOTENCY_KEY_FILE ".new", IDEMPOTENCY_KEY_FILE) < 0)
		return err_sys(e, "write '%s'", IDEMPOTENCY_KEY_FILE);
	return 0;
}

int
idempotency_setup(struct api *api, struct err *e)
{
	AUTO_CLOSE int fd = open(IDEMPOTENCY_KEY_FILE, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, api->idempotency_key, sizeof api->idempotency_key) == (ssize_t)sizeof api->idempotency_key)
		return 0;
	return idempotency_make_key(api->idempotency_key, sizeof api->idempotency_key, e);
}

static bool
idempotency_applies(const struct call *c)
{
	return c->request->idempotency_key[0] && c->op->method == METHOD_POST &&
	       (c->op->kind == KIND_JOB || c->op->kind == KIND_WRITE || c->op->kind == KIND_STREAM) && !c->query.dry_run;
}

static int
idempotency_check_key(struct call *c)
{
	const char *key = c->request->idempotency_key;
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return err_param(&c->err, "Idempotency-Key", "must be of printable ASCII without spaces");
	if (len > IDEMPOTENCY_KEY_MAX)
		return err_param(&c->err, "Idempotency-Key", "must be of at most %d characters", IDEMPOTENCY_KEY_MAX);
	return 0;
}

static void
idempotency_digest(const struct call *c, unsigned char out[ANSWER_DIGEST])
{
	const struct http_request *q = c->request;
	const char *const parts[] = { q->method, q->path, q->query };
	crypto_generichash_state state;

	crypto_generichash_init(&state, c->api->idempotency_key, sizeof c->api->idempotency_key, ANSWER_DIGEST);
	/* Each with its NUL, so that no two requests run together. */
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		crypto_generichash_update(&state, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
	crypto_generichash_update(&state, (const unsigned char *)q->body.data, q->body.len);
	crypto_generichash_final(&state, out, ANSWER_DIGEST);
}

static int
idempotency_repeat_operation(struct call *c, const char *id, struct answered *answered_out)
{
	struct operation operation = { 0 };
	int rc = operation_find(&c->api->model, &c->who, id, &operation, &c->err);

	if (rc == 0) {
		follow_add_progress(c->api->follow, &operation);
		*answered_out = reply_operation(c, &operation);
	}
	record_clear(&operation_schema, &operation);
	return rc < 0 ? -1 : 1;
}

static int
idempotency_repeat(struct call *c, const struct answer_row *row, struct answered *answered_out)
{
	if (row->operation[0])
		return idempotency_repeat_operation(c, row->operation, answered_out);
	if (!row->body) {
		err_set(&c->err, ERR_CONFLICT,
		        "It was done by the first request with this key, and what that was answered is kept nowhere: "
		        "look at what there is");
		return err_code(&c->err, "idempotency_answer_gone");
	}
	*answered_out = reply_text(c, row->status, row->headers, row->body);
	return 1;
}

static int
idempotency_look_up(struct call *c, struct answered *answered_out)
{
	struct store *store = c->api->model.store;
	struct answer_row row = { 0 };
	int rc = store_answer_get(store, c->who.actor, c->request->idempotency_key, model_now() - IDEMPOTENCY_S, &row, &c->err);

	if (rc == 1 && sodium_memcmp(row.digest, c->keeping.digest, ANSWER_DIGEST) != 0) {
		c->status = 422;
		err_set(&c->err, ERR_CONFLICT, "This Idempotency-Key was used for another request: take a new one for each");
		rc = err_code(&c->err, "idempotency_key_reused");
	} else if (rc == 1) {
		rc = idempotency_repeat(c, &row, answered_out);
	}
	store_answer_clear(&row);
	return rc;
}

int
idempotency_last_part(struct call *c, struct err *e)
{
	if (!c->keeps)
		return 0;
	c->keeping_done = true;
	/* A session is none that could be looked at afterwards. */
	if (c->op->kind != KIND_STREAM)
		memcpy(c->keeping.operation, c->subject.operation, sizeof c->keeping.operation);
	return store_answer_add(c->api->model.store, c->who.actor, c->request->idempotency_key, &c->keeping, model_now(), e);
}

int
idempotency_begin(struct call *c, struct answered *answered_out)
{
	struct model *m = &c->api->model;
	int64_t many = 0;
	int rc;

	if (!idempotency_applies(c))
		return 0;
	if (idempotency_check_key(c) < 0)
		return -1;
	idempotency_digest(c, c->keeping.digest);
	rc = idempotency_look_up(c, answered_out);
	if (rc != 0)
		return rc;
	if (store_answer_count(m->store, c->who.actor, &many, &c->err) < 0)
		return -1;
	if (many >= IDEMPOTENCY_MANY) {
		err_set(&c->err, ERR_BUSY, "There are %d requests with an Idempotency-Key within a day: send this one without",
		        IDEMPOTENCY_MANY);
		return err_code(&c->err, "too_many_keys");
	}
	c->keeps = true;
	return 0;
}

void
idempotency_keep(struct call *c, int status, const char *headers, const char *body, bool secret)
{
	AUTO_TXN struct txn txn = { 0 };
	struct err e = { 0 };

	if (!c->keeping_done || c->keeping.operation[0] || secret)
		return;
	if (txn_begin(&txn, c->api->model.store, &e) < 0 ||
	    store_answer_fill(c->api->model.store, c->who.actor, c->request->idempotency_key, status, headers, body, &e) < 0 ||
	    txn_commit(&txn, &e) < 0)
		log_err(&e, "keep an answer");
}

int
idempotency_purge(struct api *api, struct err *e)
{
	return store_answer_purge(api->model.store, model_now() - IDEMPOTENCY_S, e);
}
