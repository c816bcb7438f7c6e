#include "daemon/model/who.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schema/tenant.h"

const struct who who_daemon = { .role = ROLE_ADMIN, .actor = "daemon" };

static const char *
who_word(const char *text)
{
	return text[0] ? text : "-";
}

static void
who_take_word(const char *word, char *out, size_t size)
{
	snprintf(out, size, "%s", strcmp(word, "-") == 0 ? "" : word);
}

void
who_write(const struct who *who, char text_out[WHO_TEXT_SIZE])
{
	snprintf(text_out, WHO_TEXT_SIZE, "%s %s %s %lld %s", role_name(who->role), who_word(who->tenant),
	         who_word(who->credential), (long long)who->expires_at, who_word(who->actor));
}

bool
who_read(const char *text, struct who *who_out)
{
	char role[16], tenant[WHO_TENANT_SIZE], credential[17], actor[WHO_ACTOR_SIZE];
	long long end;
	int len = 0;

	*who_out = (struct who){ .role = ROLE_NONE };
	if (sscanf(text, "%15s %40s %16s %lld %63s%n", role, tenant, credential, &end, actor, &len) != 5 || text[len])
		return false;
	if (!role_of_name(role, &who_out->role))
		return false;
	who_take_word(tenant, who_out->tenant, sizeof who_out->tenant);
	who_take_word(credential, who_out->credential, sizeof who_out->credential);
	who_take_word(actor, who_out->actor, sizeof who_out->actor);
	who_out->expires_at = end;
	return true;
}

bool
who_sees(const struct who *who, const char *tenant)
{
	return !who->tenant[0] || (tenant && strcmp(who->tenant, tenant) == 0);
}

const char *
who_tenant(const struct who *who)
{
	return who->tenant[0] ? who->tenant : TENANT_DEFAULT;
}
