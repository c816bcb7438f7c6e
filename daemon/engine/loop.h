/* Loop devices: a file as a block device. */
#ifndef BERTH_LOOP_H
#define BERTH_LOOP_H

#include "daemon/util/err.h"

enum { LOOP_PATH_MAX = 32 };

/* The device already bound to the file: 1 found, 0 none, -1 error. */
int loop_find(int file_fd, char path_out[LOOP_PATH_MAX], struct err *e);
/* Binds the file to a free device, with direct I/O where the file system below can. The device stays until loop_detach(). */
int loop_attach(int file_fd, char path_out[LOOP_PATH_MAX], struct err *e);
/* Calls off a detachment that still waits for somebody. */
int loop_keep(const char *path, struct err *e);
/* While a mount elsewhere still uses it, it goes with the last of them. */
int loop_detach(const char *path, struct err *e);

#endif
