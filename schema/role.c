#include "schema/role.h"

#include <stddef.h>
#include <string.h>

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",       [ROLE_ADMIN] = "admin", [ROLE_OPERATOR] = "operator",
	[ROLE_AUDITOR] = "auditor", [ROLE_OWNER] = "owner", [ROLE_VIEWER] = "viewer",
};

#define R(role) (1u << ROLE_##role)

static const unsigned int access_roles[ACCESS_COUNT] = {
	[ACCESS_ANY] = ~0u,
	[ACCESS_READ] = R(ADMIN) | R(OPERATOR) | R(AUDITOR) | R(OWNER) | R(VIEWER),
	[ACCESS_WRITE] = R(ADMIN) | R(OPERATOR) | R(OWNER),
	[ACCESS_HOST_READ] = R(ADMIN) | R(OPERATOR) | R(AUDITOR),
	[ACCESS_HOST_WRITE] = R(ADMIN) | R(OPERATOR),
	[ACCESS_LOOK] = R(ADMIN) | R(OPERATOR) | R(AUDITOR) | R(OWNER),
	[ACCESS_GRANT] = R(ADMIN) | R(OWNER),
	[ACCESS_GRANT_READ] = R(ADMIN) | R(AUDITOR) | R(OWNER),
	[ACCESS_ADMIN] = R(ADMIN),
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

int
role_of_name(const char *name, enum role *role_out)
{
	for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++)
		if (strcmp(role_names[i], name) == 0) {
			*role_out = (enum role)i;
			return 1;
		}
	return 0;
}

bool
role_is_tenants(enum role role)
{
	return role == ROLE_OWNER || role == ROLE_VIEWER;
}

const char *
check_role(const char *text)
{
	enum role role;

	return role_of_name(text, &role) ? NULL : "must be admin, operator, auditor, owner or viewer";
}

bool
access_allows(enum access access, enum role role)
{
	return access_roles[access] & (1u << role);
}
