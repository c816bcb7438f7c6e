/* create NAME, set NAME key=value. */
#ifndef BERTH_CREATE_H
#define BERTH_CREATE_H

#include "client/client.h"

int create_container(struct client *c, const struct args *args, struct err *e);
int set_container(struct client *c, const struct args *args, struct err *e);

extern const struct opt create_opts[];
extern const struct opt set_opts[];

#endif
