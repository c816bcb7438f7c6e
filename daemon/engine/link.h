/* The api process and what is said to it. */
#ifndef BERTH_LINK_H
#define BERTH_LINK_H

#include "schema/protocol.h"

struct container;
struct engine;

int link_start_api(struct engine *engine, struct err *e);
void link_send(struct engine *engine, enum msg_type type, const void *record);
/* With a descriptor, which is taken over (*fd becomes -1); NULL: none. */
void link_send_fd(struct engine *engine, enum msg_type type, const void *record, int *fd);
void link_send_observed(struct engine *engine, const struct container *ct);
void link_stop_api(struct engine *engine);
/* Ends the api, and starts another. */
void link_replace_api(struct engine *engine, const char *why);

#endif
