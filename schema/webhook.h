/* Webhooks: whom to tell of events, and what one attempt to do so is. */
#ifndef BERTH_SCHEMA_WEBHOOK_H
#define BERTH_SCHEMA_WEBHOOK_H

#include "schema/field.h"

struct webhook {
	struct field_set set;
	char *id;
	char *name;
	char *url;
	char *tenant;
	struct strv types;
	int64_t enabled;
	char *secret;
	int64_t created_at;
	char *created_by;
	int64_t position; /* the number of the last event that it was told */
	int64_t last_success_at;
	int64_t last_error_at;
	char *last_error;
	int64_t failures;
	int64_t failing_since;
	int64_t next_try_at;
	int64_t revision;
};
extern const struct schema webhook_schema;

/* Whether an event of that type is one of those; an empty list is of all. */
bool webhook_wants(const struct strv *types, const char *type);

enum { WEBHOOK_BODY_MAX = 64 * 1024, WEBHOOK_URL_MAX = 500, WEBHOOKS_AT_ONCE = 64, WEBHOOK_SECRET_MAX = 128 };

/* One attempt, for the hook sender; the signature is made, the secret stays where it is. */
struct hook {
	struct field_set set;
	char *op;
	char *url;
	int64_t host; /* one of the host's own: it may reach what the operator allows his own */
	struct strv headers;
	char *body;
};

/* What became of it. Without op: of all that were under way, the sender has ended. */
struct hook_end {
	struct field_set set;
	char *op;
	int64_t status; /* HTTP's, where there was an answer */
	char *error;    /* or what went wrong */
};
extern const struct schema hook_schema;
extern const struct schema hook_end_schema;

#endif
