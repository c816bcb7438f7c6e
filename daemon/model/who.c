#include "daemon/model/who.h"

#include <stddef.h>
#include <string.h>

#define DEFAULT_TENANT "default"

const struct who who_daemon = { .role = ROLE_ADMIN, .actor = "daemon" };

bool
who_sees(const struct who *who, const char *tenant)
{
	return !who->tenant[0] || (tenant && strcmp(who->tenant, tenant) == 0);
}

const char *
who_tenant(const struct who *who)
{
	return who->tenant[0] ? who->tenant : DEFAULT_TENANT;
}
