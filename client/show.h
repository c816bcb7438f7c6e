/* list, show. */
#ifndef BERTH_SHOW_H
#define BERTH_SHOW_H

#include "client/print.h"

extern const struct view container_view_of_lists;
extern const struct opt list_opts[];

int list_containers(struct client *c, const struct args *args, struct err *e);
int show_container(struct client *c, const struct args *args, struct err *e);

#endif
