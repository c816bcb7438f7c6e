#include "daemon/model/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TOKEN (&token_schema)
#define TOKEN_PREFIX "berth_"

enum {
	TOKEN_SECRET_BYTES = 32,
	TOKEN_HASH_BYTES = 32,
	TOKEN_HASH_SIZE = 2 * TOKEN_HASH_BYTES + 1,
	TOKEN_USED_EVERY_S = 60,
	TOKEN_SHOWN_S = 10
};

int
token_setup(struct err *e)
{
	return sodium_init() < 0 ? err_set(e, ERR_INTERNAL, "libsodium can't be used here") : 0;
}

/* BLAKE2b; the secret is random and long, so that nothing slower is needed. */
static void
token_hash(const unsigned char *secret, char hash_out[TOKEN_HASH_SIZE])
{
	unsigned char hash[TOKEN_HASH_BYTES];

	crypto_generichash(hash, sizeof hash, secret, TOKEN_SECRET_BYTES, NULL, 0);
	sodium_bin2hex(hash_out, TOKEN_HASH_SIZE, hash, sizeof hash);
}

static int
token_absent(const char *id, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "There is no token '%.80s': it goes by its id, not by its name", id);
}

int
token_find(struct model *m, const struct who *who, const char *id, struct token *token_out, struct err *e)
{
	int rc = store_table_get(m->store, TABLE_TOKEN, id, token_out, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || !who_sees(who, token_out->tenant))
		return token_absent(id, e);
	model_is_about(m, token_out->tenant, NULL, NULL);
	return 0;
}

/* Which role for whom. */
static void
token_check_role(const struct who *who, struct token *token, struct err *e)
{
	enum role role = ROLE_NONE;

	role_of_name(token->role, &role);
	if (role_is_tenants(who->role) && !role_is_tenants(role))
		err_param(e, "role", "is more than yours: give owner or viewer");
	if (role_is_tenants(role) && !token->tenant)
		err_param(e, "tenant", "is required with the role %s", token->role);
	if (!role_is_tenants(role) && token->tenant)
		err_param(e, "tenant", "is none of a host's role: leave it out, or give owner or viewer");
	if (!who_sees(who, token->tenant) && role_is_tenants(who->role) && token->tenant)
		err_param(e, "tenant", "there is no tenant '%s'", token->tenant);
}

static void
token_check_bound(struct model *m, const struct who *who, const struct token *token, struct err *e)
{
	bool uid = record_has(TOKEN, token, "uid"), gid = record_has(TOKEN, token, "gid");
	struct token other = { 0 };
	int rc = 0;

	if (uid && gid)
		err_param(e, "gid", "is for a credential of its own: give uid or gid");
	if ((uid || gid) && who->role != ROLE_ADMIN) {
		err_param(e, uid ? "uid" : "gid", "is the admin's to give");
		return;
	}
	if (uid)
		rc = store_token_by_uid(m->store, token->uid, &other, e);
	else if (gid)
		rc = store_token_by_gid(m->store, token->gid, &other, e);
	if (rc == 1)
		err_param(e, uid ? "uid" : "gid", "is that of the credential %s already", other.id);
	record_clear(TOKEN, &other);
}

static void
token_take_lifetime(const struct who *who, struct token *token, int64_t now, struct err *e)
{
	bool given = record_has(TOKEN, token, "lifetime");
	int64_t ends = given ? now + token->lifetime : who->expires_at;

	if (given && who->expires_at && ends > who->expires_at)
		err_param(e, "lifetime", "is longer than your own token lives: %lld seconds are left",
		          (long long)(who->expires_at - now));
	if (ends)
		row_put_int(TOKEN, token, "expires_at", ends);
	record_mark(TOKEN, token, "lifetime", false);
}

static void
token_check_tenant(struct model *m, const struct token *token, struct err *e)
{
	struct err found = { 0 };
	int64_t number;
	int rc = token->tenant ? store_tenant_number(m->store, token->tenant, &number, &found) : 1;

	if (rc == 0)
		err_param(e, "tenant", "there is no tenant '%s'", token->tenant);
	if (rc < 0)
		*e = found;
}

static bool
token_make_secret(struct token *token, char text_out[TOKEN_TEXT_SIZE])
{
	unsigned char secret[TOKEN_SECRET_BYTES];
	char hash[TOKEN_HASH_SIZE];
	size_t len;
	bool ok;

	randombytes_buf(secret, sizeof secret);
	token_hash(secret, hash);
	ok = row_put_text(TOKEN, token, "hash", hash);
	len = (size_t)snprintf(text_out, TOKEN_TEXT_SIZE, TOKEN_PREFIX "%s_", token->id);
	sodium_bin2base64(text_out + len, TOKEN_TEXT_SIZE - len, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(secret, sizeof secret);
	return ok;
}

static bool
token_fill(const struct who *who, struct token *token, int64_t now)
{
	unsigned char bytes[TOKEN_ID_BYTES];
	char id[TOKEN_ID_SIZE];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(id, sizeof id, bytes, sizeof bytes);
	row_put_int(TOKEN, token, "created_at", now);
	row_put_int(TOKEN, token, "revision", 1);
	return row_put_text(TOKEN, token, "id", id) && row_put_text(TOKEN, token, "created_by", who->actor);
}

int
token_create(struct model *m, const struct who *who, const struct token *body, bool dry_run, struct token *token_out,
             char text_out[TOKEN_TEXT_SIZE], struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };
	int64_t now = model_now();

	text_out[0] = '\0';
	if (!record_copy(TOKEN, token_out, body))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (role_is_tenants(who->role) && !token_out->tenant && !row_put_text(TOKEN, token_out, "tenant", who->tenant))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (txn_begin(&txn, m->store, e) < 0)
		return -1;
	token_check_role(who, token_out, e);
	token_check_bound(m, who, token_out, e);
	token_take_lifetime(who, token_out, now, e);
	if (!err_is_set(e))
		token_check_tenant(m, token_out, e);
	if (err_is_set(e))
		return -1;
	if (!token_fill(who, token_out, now) || (!record_has(TOKEN, token_out, "uid") && !record_has(TOKEN, token_out, "gid") &&
	                                         !token_make_secret(token_out, text_out)))
		return err_set(e, ERR_INTERNAL, "out of memory");
	if (store_table_insert(m->store, TABLE_TOKEN, token_out, e) < 0)
		return -1;
	model_is_about(m, token_out->tenant, NULL, token_out->id);
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
token_change(struct model *m, const struct who *who, struct token *token, const struct token *patch, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (!record_merge(TOKEN, token, patch))
		return err_set(e, ERR_INTERNAL, "out of memory");
	row_put_int(TOKEN, token, "revision", token->revision + 1);
	if (txn_begin(&txn, m->store, e) < 0 || store_table_update(m->store, TABLE_TOKEN, token->id, token, e) < 0)
		return -1;
	return dry_run ? 0 : model_commit(m, &txn, e);
}

int
token_delete(struct model *m, const struct who *who, const struct token *token, bool dry_run, struct err *e)
{
	AUTO_TXN struct txn txn = { 0 };

	if (txn_begin(&txn, m->store, e) < 0 || store_table_delete(m->store, TABLE_TOKEN, token->id, e) < 0)
		return -1;
	if (dry_run)
		return 0;
	m->revoked++;
	return model_commit(m, &txn, e);
}

static void
token_take_who(const struct token *token, const char *kind, const char *name, struct who *who_out)
{
	*who_out = (struct who){ .role = ROLE_NONE };
	role_of_name(token->role, &who_out->role);
	snprintf(who_out->tenant, sizeof who_out->tenant, "%s", token->tenant ? token->tenant : "");
	snprintf(who_out->actor, sizeof who_out->actor, "%s:%s", kind, name);
	snprintf(who_out->credential, sizeof who_out->credential, "%s", token->id);
	who_out->expires_at = token->expires_at;
}

/* To the minute: not each call is worth a write. Where nothing can be written what is there can still be read: it is noted next
 * time. */
static void
token_note_use(struct model *m, const struct token *token, int64_t now)
{
	AUTO_TXN struct txn txn = { 0 };
	struct err e = { 0 };

	if (now - token->used_at >= TOKEN_USED_EVERY_S && txn_begin(&txn, m->store, &e) == 0 &&
	    store_token_used(m->store, token->id, now, &e) == 0)
		txn_commit(&txn, &e);
}

static bool
token_is_ended(const struct token *token, int64_t now)
{
	return record_has(TOKEN, token, "expires_at") && token->expires_at <= now;
}

/* berth_ID_SECRET: the id, and the secret's hash. */
static bool
token_split(const char *text, char id_out[TOKEN_ID_SIZE], char hash_out[TOKEN_HASH_SIZE])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const size_t prefix = strlen(TOKEN_PREFIX), id = TOKEN_ID_SIZE - 1;
	unsigned char secret[TOKEN_SECRET_BYTES];
	size_t len = 0;

	if (strncmp(text, TOKEN_PREFIX, prefix) != 0 || strlen(text) < prefix + id + 1 || text[prefix + id] != '_')
		return false;
	/* libsodium takes some bytes past ASCII for letters: a secret has one text alone. */
	if (strspn(text + prefix + id + 1, alphabet) != strlen(text + prefix + id + 1))
		return false;
	memcpy(id_out, text + prefix, id);
	id_out[id] = '\0';
	if (sodium_base642bin(secret, sizeof secret, text + prefix + id + 1, strlen(text + prefix + id + 1), NULL, &len, NULL,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    len != sizeof secret)
		return false;
	token_hash(secret, hash_out);
	sodium_memzero(secret, sizeof secret);
	return true;
}

static bool
token_has_hash(const struct token *token, const char hash[TOKEN_HASH_SIZE])
{
	return token->hash && strlen(token->hash) == TOKEN_HASH_SIZE - 1 &&
	       sodium_memcmp(token->hash, hash, TOKEN_HASH_SIZE - 1) == 0;
}

int
token_authenticate(struct model *m, const char *text, struct who *who_out, struct err *e)
{
	char id[TOKEN_ID_SIZE], hash[TOKEN_HASH_SIZE];
	struct token token = { 0 };
	int64_t now = model_now();
	int rc = token_split(text, id, hash) ? store_table_get(m->store, TABLE_TOKEN, id, &token, e) : 0;

	*who_out = (struct who){ .role = ROLE_NONE };
	if (rc == 1 && !token_has_hash(&token, hash))
		rc = 0;
	if (rc == 1 && token_is_ended(&token, now)) {
		snprintf(who_out->credential, sizeof who_out->credential, "%s", token.id);
		rc = 0;
	}
	if (rc == 1) {
		token_take_who(&token, "token", token.id, who_out);
		token_note_use(m, &token, now);
	}
	record_clear(TOKEN, &token);
	if (rc == 0)
		return err_set(e, ERR_UNAUTHORIZED, "The token isn't valid: it is none of this host's, or was revoked, or has expired");
	return rc < 0 ? -1 : 0;
}

static void
token_hash_shown(const char *header, unsigned char hash_out[TOKEN_SHOWN_SIZE])
{
	crypto_generichash(hash_out, TOKEN_SHOWN_SIZE, (const unsigned char *)header, strlen(header), NULL, 0);
}

bool
token_is_shown_again(const struct model *m, const struct token_shown *shown, const char *header)
{
	unsigned char hash[TOKEN_SHOWN_SIZE];

	if (shown->revoked != m->revoked || shown->until <= model_now())
		return false;
	token_hash_shown(header, hash);
	return sodium_memcmp(hash, shown->hash, sizeof hash) == 0;
}

void
token_remember_shown(const struct model *m, struct token_shown *shown, const char *header, const struct who *who)
{
	int64_t until = model_now() + TOKEN_SHOWN_S;

	token_hash_shown(header, shown->hash);
	shown->revoked = m->revoked;
	shown->until = who->expires_at && who->expires_at < until ? who->expires_at : until;
}

bool
token_name(const char *header, char id_out[TOKEN_ID_SIZE])
{
	const char *at = strstr(header, TOKEN_PREFIX);
	size_t len = at ? strspn(at + strlen(TOKEN_PREFIX), "0123456789abcdef") : 0;

	if (len != TOKEN_ID_SIZE - 1)
		return false;
	memcpy(id_out, at + strlen(TOKEN_PREFIX), len);
	id_out[len] = '\0';
	return true;
}

bool
token_still_counts(struct model *m, const struct who *who, bool look)
{
	struct token token = { 0 };
	struct err e = { 0 };
	int rc = 1;

	if (who->expires_at && who->expires_at <= model_now())
		return false;
	if (look && who->credential[0] && m->store) {
		/* What can't be looked at is told when it is asked for next. */
		rc = store_table_get(m->store, TABLE_TOKEN, who->credential, &token, &e);
		record_clear(TOKEN, &token);
	}
	return rc != 0;
}

static int
token_lookup(struct model *m, uid_t uid, gid_t gid, const gid_t *groups, size_t n, struct token *token_out, struct err *e)
{
	int rc = store_token_by_uid(m->store, uid, token_out, e);

	if (rc == 0)
		rc = store_token_by_gid(m->store, gid, token_out, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = store_token_by_gid(m->store, groups[i], token_out, e);
	return rc;
}

int
token_identify(struct model *m, uid_t uid, gid_t gid, const gid_t *groups, size_t n, struct who *who_out, struct err *e)
{
	struct token token = { 0 };
	int64_t now = model_now();
	char name[16];
	int rc = token_lookup(m, uid, gid, groups, n, &token, e);

	snprintf(name, sizeof name, "%u", (unsigned int)uid);
	*who_out = (struct who){ .role = ROLE_NONE };
	snprintf(who_out->actor, sizeof who_out->actor, "uid:%s", name);
	if (rc == 1 && !token_is_ended(&token, now)) {
		token_take_who(&token, "uid", name, who_out);
		token_note_use(m, &token, now);
	}
	record_clear(TOKEN, &token);
	return rc < 0 ? -1 : 0;
}
