/* Who asks: decided at the socket or by a token, and obeyed by every rule. */
#ifndef BERTH_MODEL_WHO_H
#define BERTH_MODEL_WHO_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/role.h"

enum { WHO_TENANT_SIZE = 41, WHO_ACTOR_SIZE = 64 };

struct who {
	enum role role;
	char tenant[WHO_TENANT_SIZE]; /* the only one that he sees; "" for a host's role, which sees all */
	char actor[WHO_ACTOR_SIZE];   /* "uid:1000", "token:5c0f…": his name in operations, events and the audit */
	char credential[17];          /* id of the credential; "" for who needs none: root, the admins' group */
	int64_t expires_at;           /* of his credential; 0: never */
};

/* In words, for the engine to tell of him after the api that knew him has ended: ROLE TENANT CREDENTIAL END ACTOR. */
enum { WHO_TEXT_SIZE = 200 };
void who_write(const struct who *who, char text_out[WHO_TEXT_SIZE]);
bool who_read(const char *text, struct who *who_out);

/* What the daemon does unasked. */
extern const struct who who_daemon;

/* Whether what belongs to that tenant (NULL: to none, the host's) exists for him. */
bool who_sees(const struct who *who, const char *tenant);
/* The tenant of what he names without one. */
const char *who_tenant(const struct who *who);

#endif
