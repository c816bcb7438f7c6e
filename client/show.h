/* How containers are shown. */
#ifndef BERTH_SHOW_H
#define BERTH_SHOW_H

#include "client/print.h"

/* The columns of a list of them; its schemas have each field of one. */
extern const struct view container_view_of_lists;

#endif
