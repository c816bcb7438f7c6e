/*
 * Credentials. A bearer token reads berth_ID_SECRET: the id is looked up, of the secret only a hash is kept. Other credentials
 * name a user or a group of the host and have no secret. find and records: as in tenant.h.
 */
#ifndef BERTH_MODEL_TOKEN_H
#define BERTH_MODEL_TOKEN_H

#include <sys/types.h>

#include "daemon/model/model.h"
#include "daemon/model/who.h"

enum { TOKEN_TEXT_SIZE = 80, TOKEN_ID_BYTES = 8, TOKEN_ID_SIZE = 2 * TOKEN_ID_BYTES + 1, TOKEN_SHOWN_SIZE = 16 };

/* Once, before any other call. */
int token_setup(struct err *e);

int token_find(struct model *m, const struct who *who, const char *id, struct token *token_out, struct err *e);
/* Nobody grants more than he has, nor for longer. text_out is what is shown once; "" of one without a secret. */
int token_create(struct model *m, const struct who *who, const struct token *body, bool dry_run, struct token *token_out,
                 char text_out[TOKEN_TEXT_SIZE], struct err *e);
int token_change(struct model *m, const struct who *who, struct token *token, const struct token *patch, bool dry_run,
                 struct err *e);
int token_delete(struct model *m, const struct who *who, const struct token *token, bool dry_run, struct err *e);

/*
 * Who calls with such a text; ERR_UNAUTHORIZED for one that is wrong, ended or no token at all, without saying which: but of one
 * that has ended, whose secret was right, who_out->credential is set all the same.
 */
int token_authenticate(struct model *m, const char *text, struct who *who_out, struct err *e);
/* Who a user of the host is, with his groups; ROLE_NONE where no credential names him. */
int token_identify(struct model *m, uid_t uid, gid_t gid, const gid_t *groups, size_t n, struct who *who_out, struct err *e);

/*
 * A connection's next request shows the same token most often: who showed it is known then for some seconds, unless any credential
 * was revoked. Only a hash of it is kept. *shown must be zeroed.
 */
struct token_shown {
	unsigned char hash[TOKEN_SHOWN_SIZE];
	uint64_t revoked; /* the model's, then */
	int64_t until;    /* seconds since the epoch */
};
bool token_is_shown_again(const struct model *m, const struct token_shown *shown, const char *header);
void token_remember_shown(const struct model *m, struct token_shown *shown, const char *header, const struct who *who);

/* Of what began earlier: whether his credential hasn't ended; look: nor has been revoked. */
bool token_still_counts(struct model *m, const struct who *who, bool look);

/* The id in what an Authorization header holds, right or wrong; false where there is none. */
bool token_name(const char *header, char id_out[TOKEN_ID_SIZE]);

#endif
