#include "schema/webhook.h"

#include <string.h>

#include "schema/check.h"
#include "schema/event.h"

#define MAKE FIELD_CREATE
#define CHANGE (FIELD_CREATE | FIELD_PATCH)
#define SEEN FIELD_READONLY

/* What libcurl is to make of it is not guessed: no user, no spaces, nothing but ASCII. */
static const char *
check_hook_url(const char *text)
{
	const char *host = strncmp(text, "https://", 8) == 0 ? text + 8 : strncmp(text, "http://", 7) == 0 ? text + 7 : NULL;
	size_t len = host ? strcspn(host, "/?") : 0;

	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}", *c))
			return "must be a URL of printable ASCII without spaces";
	if (!host || len == 0 || host[0] == ':')
		return "must be https://HOST[:PORT][/PATH]";
	if (memchr(host, '@', len))
		return "must hold no user or password";
	return strchr(text, '#') ? "must hold no fragment" : NULL;
}

static const char *
check_hook_secret(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < '!' || *c > '~')
			return "must be of printable ASCII without spaces";
	return strlen(text) < 16 ? "must have at least 16 characters" : NULL;
}

#define W webhook
static const struct field webhook_fields[] = {
	STRING_FIELD(W, id, SEEN, 16, check_line, "Its id."),
	STRING_FIELD(W, name, CHANGE | FIELD_REQUIRED, 80, check_line, "What it is for."),
	STRING_FIELD(W, url, CHANGE | FIELD_REQUIRED, WEBHOOK_URL_MAX, check_hook_url, "Where events are posted to: https://…"),
	STRING_FIELD(W, tenant, MAKE, 40, check_name,
	             "Tenant whose events it is told, a tenant's owner his own; all events when left out."),
	LINES_FIELD(W, types, CHANGE, 32, event_explain_types,
	            "Types of events, such as container.started, or container.* for all of a kind; all when left out."),
	BOOL_FIELD(W, enabled, CHANGE, 1, "Whether it is told; it is ended by the daemon when it has failed for too long."),
	STRING_FIELD(W, secret, CHANGE | FIELD_SECRET, WEBHOOK_SECRET_MAX, check_hook_secret,
	             "With which requests are signed; made, and shown once, when left out."),
	TIME_FIELD(W, created_at, SEEN, "When it was made."),
	STRING_FIELD(W, created_by, SEEN, 64, check_line, "Who made it."),
	INT_FIELD(W, position, SEEN, 0, INT64_MAX, 0, "Number of the last event that it was told, or was there before it."),
	TIME_FIELD(W, last_success_at, SEEN, "When it last took an event."),
	TIME_FIELD(W, last_error_at, SEEN, "When it last failed to."),
	STRING_FIELD(W, last_error, SEEN, 300, check_line, "Why."),
	INT_FIELD(W, failures, SEEN, 0, INT64_MAX, 0, "How often the next event has failed."),
	TIME_FIELD(W, failing_since, SEEN, "Since when it fails."),
	TIME_FIELD(W, next_try_at, SEEN, "When it is tried again."),
	INT_FIELD(W, revision, SEEN, 0, INT64_MAX, 0, "Grows with each change of what was chosen; the ETag."),
	END_FIELDS
};
const struct schema webhook_schema = { "webhook", sizeof(struct webhook), webhook_fields };

#define H hook
static const struct field hook_fields[] = { STRING_FIELD(H, op, FIELD_REQUIRED, 36, check_uuid, "The attempt."),
	                                    STRING_FIELD(H, url, FIELD_REQUIRED, WEBHOOK_URL_MAX, check_hook_url, "Where to."),
	                                    BOOL_FIELD(H, host, FIELD_REQUIRED, 0, "One of the host's own."),
	                                    LIST_FIELD(H, headers, FIELD_REQUIRED, 16, check_line, "NAME: VALUE."),
	                                    STRING_FIELD(H, body, FIELD_REQUIRED, WEBHOOK_BODY_MAX, NULL, "JSON."),
	                                    END_FIELDS };
const struct schema hook_schema = { "hook", sizeof(struct hook), hook_fields };

#define HE hook_end
static const struct field hook_end_fields[] = { STRING_FIELD(HE, op, 0, 36, check_uuid, "The attempt."),
	                                        INT_FIELD(HE, status, 0, 0, 999, 0, "HTTP's."),
	                                        STRING_FIELD(HE, error, 0, 300, check_line, "What went wrong."), END_FIELDS };
const struct schema hook_end_schema = { "hook_end", sizeof(struct hook_end), hook_end_fields };

bool
webhook_wants(const struct strv *types, const char *type)
{
	for (size_t i = 0; i < types->n; i++) {
		size_t len = strlen(types->v[i]);

		if (strcmp(types->v[i], type) == 0)
			return true;
		if (types->v[i][len - 1] == '*' && strncmp(types->v[i], type, len - 1) == 0)
			return true;
	}
	return types->n == 0;
}
