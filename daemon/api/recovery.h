/*
 * Without a sound database nothing is served but its recovery. Containers don't notice: the engine and their monitors go on.
 * Once it is rebuilt the api ends, and the next one starts with it.
 */
#ifndef BERTH_API_RECOVERY_H
#define BERTH_API_RECOVERY_H

#include "daemon/api/route.h"
#include "schema/protocol.h"

struct recovery;

/* why: what is wrong with the database; NULL: there is none. NULL when out of memory. */
struct recovery *recovery_new(struct api *api, const struct err *why);
void recovery_free(struct recovery *r);

/* A message of the engine while there is no database; the handshake's end tells whether this host ever had one. */
enum { RECOVERY_NEEDED = 1, RECOVERY_NOT_NEEDED };
int recovery_receive(struct recovery *r, struct msg *msg, struct err *e);
/* Sets c->err. */
void recovery_refuse(const struct recovery *r, struct call *c);

call_handler recovery_handle;

#endif
