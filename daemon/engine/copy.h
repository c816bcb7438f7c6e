/* Copies of the database, in POOL_DIR/.copies: root's alone, the newest few. */
#ifndef BERTH_COPY_H
#define BERTH_COPY_H

#include "schema/settings.h"
#include "daemon/util/strv.h"

/* Opens POOL_DIR/.copies, making it. */
int copy_open_dir(const struct settings *s, int *fd_out, struct err *e);
/* Names of the copies there, the oldest first. */
int copy_list(int dir_fd, struct strv *names_out, struct err *e);

#endif
