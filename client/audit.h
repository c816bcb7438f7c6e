/* Who changed what. */
#ifndef BERTH_CLIENT_AUDIT_H
#define BERTH_CLIENT_AUDIT_H

#include "client/client.h"

extern const struct opt audit_opts[];

int audit_list(struct client *c, const struct args *args, struct err *e);

#endif
