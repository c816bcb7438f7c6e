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

/* Events: written inside the caller's transaction. The newest so many are kept. */
enum { EVENTS_KEPT = 100000 };
int journal_add(struct model *m, const char *type, const struct container_view *container, const char *operation, const char *data,
                struct err *e);
/* About a tenant as such. */
int journal_add_tenant(struct model *m, const char *type, const char *tenant, struct err *e);

/* Addresses. */
/*
 * Resolves config->ip: a pool's name becomes its lowest free address, auto that of the tenant's automatic pools and then of the
 * private subnets; chosen ones are checked to be the host's to give and free; all are written for `container`, in canonical form.
 * `held` (or NULL) lists those that it has already: what isn't chosen keeps them. Inside a transaction.
 */
int address_assign(struct model *m, const struct who *who, const char *container, struct container_config *config,
                   const struct strv *held, struct err *e);
/* Gives back what the container holds beyond `kept`. */
int address_release_others(struct model *m, const char *container, const struct strv *kept, struct err *e);

/* Templates. */
/* NAME or NAME@VERSION to NAME@VERSION, the newest where none is named. ERR_INVALID on `field`. */
int template_resolve(struct model *m, const char *field, const char *text, char **ref_out, struct err *e);
/* By {id} of a path; ERR_NOT_FOUND. */
int template_find(struct model *m, const char *text, struct template *template_out, struct err *e);

#endif
