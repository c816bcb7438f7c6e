/* What the rules know: the database, the daemon's options, and what the engine said of the host. */
#ifndef BERTH_MODEL_H
#define BERTH_MODEL_H

#include "daemon/model/who.h"
#include "daemon/store/store.h"
#include "daemon/util/uuid.h"
#include "schema/ops.h"
#include "schema/settings.h"

/* What a call is about, as the rules find it: for the audit, and for whoever repeats the call. */
enum { SUBJECT_TENANT_SIZE = 41, SUBJECT_OBJECT_SIZE = 81 };
struct subject {
	char operation[UUID_SIZE]; /* that it made, or the session that it opens */
	bool ended;                /* the operation had nothing to do */
	char container[UUID_SIZE];
	char tenant[SUBJECT_TENANT_SIZE];
	char object[SUBJECT_OBJECT_SIZE]; /* where the caller's own words don't name it */
};

/* Where one of the host's roles found a tenant's operation in his way: until then that tenant begins no other on the container. */
enum { RESERVED_MAX = 64, RESERVED_S = 90 };
struct reservation {
	char container[UUID_SIZE];
	int64_t until;
};

struct model {
	struct store *store;
	const struct settings *settings;
	/* Called after a transaction that added events or changed an operation; may be NULL. */
	void (*changed)(void *arg);
	void *changed_arg;
	struct reservation reserved[RESERVED_MAX];
	uint64_t revoked;        /* grows when credentials go */
	struct subject *subject; /* filled in with what the call in hand turns out to be about; or NULL */
};

/* Seconds since the epoch. */
int64_t model_now(void);
void model_changed(struct model *m);
/* Of a transaction that is all there is to do: commits it and tells of it. */
int model_commit(struct model *m, struct txn *txn, struct err *e);

/* NULL leaves what is known. */
void model_is_about(struct model *m, const char *tenant, const char *container, const char *object);

#endif
