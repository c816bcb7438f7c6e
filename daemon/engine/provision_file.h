/* Small files of a container's tree, worked on by a process whose root that tree is. */
#ifndef BERTH_PROVISION_FILE_H
#define BERTH_PROVISION_FILE_H

#include <sys/stat.h>

#include "daemon/util/buf.h"
#include "daemon/util/err.h"

/* The directory, made with `mode` where it is missing; symbolic links are followed: they lead nowhere but inside. */
int provision_open_dir(const char *path, mode_t mode, int *fd_out, struct err *e);
/* 1 read, 0 there is no such regular file, -1 error. st_out may be NULL. */
int provision_read(int dirfd, const char *name, struct buf *out, struct stat *st_out, struct err *e);
/* Puts a new file in the place of whatever has the name. With `old`, owner and mode are its. */
int provision_replace(int dirfd, const char *name, const struct buf *text, mode_t mode, const struct stat *old, struct err *e);

/* The lines of `text` up to `end`: *line_out and its length without the newline; returns where the next one begins, NULL at the
 * end. */
const char *provision_line(const char *text, const char **line_out, size_t *len_out);

/* provision_shadow.c: gives root's line of /etc/shadow the password's hash. `weak`: a hash that small systems understand too. */
int provision_set_password(const char *password, bool weak, struct err *e);

#endif
