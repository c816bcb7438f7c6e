/* Who may be what. A host's roles see every tenant; a tenant's see their own alone. */
#ifndef BERTH_ROLE_H
#define BERTH_ROLE_H

#include <stdbool.h>

enum role {
	ROLE_NONE,     /* nobody that is known here */
	ROLE_ADMIN,    /* everything */
	ROLE_OPERATOR, /* everything but tenants and tokens */
	ROLE_AUDITOR,  /* reads everything */
	ROLE_OWNER,    /* everything within one tenant */
	ROLE_VIEWER,   /* reads one tenant */
	ROLE_COUNT
};

const char *role_name(enum role role);
/* 1 found, 0 unknown. ROLE_NONE has no name to be found by. */
int role_of_name(const char *name, enum role *role_out);
/* Of one tenant, not of the host. */
bool role_is_tenants(enum role role);

/* As a field_check. */
const char *check_role(const char *text);

/* What an operation asks of its caller. */
enum access {
	ACCESS_ANY,        /* nothing, not even a role */
	ACCESS_READ,       /* any role; a tenant's, what is its own */
	ACCESS_WRITE,      /* the same without those that only read */
	ACCESS_HOST_READ,  /* the host's roles */
	ACCESS_HOST_WRITE, /* the host's roles, without the auditor */
	ACCESS_LOOK,       /* any role but the one that only looks at a tenant: what tells of others' systems */
	ACCESS_GRANT,      /* the admin; an owner, within his tenant */
	ACCESS_GRANT_READ, /* the same, and the auditor */
	ACCESS_ADMIN,
	ACCESS_COUNT
};

bool access_allows(enum access access, enum role role);

#endif
