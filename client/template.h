/* template list|show|build|delete. */
#ifndef BERTH_CLIENT_TEMPLATE_H
#define BERTH_CLIENT_TEMPLATE_H

#include "client/client.h"

int template_list(struct client *c, const struct args *args, struct err *e);
int template_show(struct client *c, const struct args *args, struct err *e);
int template_build(struct client *c, const struct args *args, struct err *e);
int template_delete(struct client *c, const struct args *args, struct err *e);

extern const struct opt template_build_opts[];

#endif
