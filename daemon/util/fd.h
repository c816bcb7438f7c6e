/*
 * Descriptors and small files. Every descriptor is close-on-exec; what a child is to inherit is named at its spawn.
 */
#ifndef BERTH_FD_H
#define BERTH_FD_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "daemon/util/err.h"

static inline void
fd_auto_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void
fd_auto_free(void *p)
{
	free(*(void **)p);
}

#define AUTO_CLOSE __attribute__((cleanup(fd_auto_close)))
#define AUTO_FREE __attribute__((cleanup(fd_auto_free)))

/* Hands the value over and leaves -1, so that the cleanup attribute does nothing. */
static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *
take_ptr_(void *p)
{
	void *taken = *(void **)p;

	*(void **)p = NULL;
	return taken;
}
#define take_ptr(p) ((__typeof__(*(p)))take_ptr_(p))

/* Writes everything (EINTR and short writes handled); -1 with errno. */
int fd_write_all(int fd, const void *data, size_t len);

/* Reads to the end, at most max bytes, into a new NUL-terminated buffer, which the caller frees. */
int fd_read_all(int fd, size_t max, char **data_out, size_t *len_out, struct err *e);

/* Reads a whole file of at most max bytes into a new NUL-terminated buffer, which the caller frees. */
int fd_read_file(int dirfd, const char *path, size_t max, char **data_out, size_t *len_out, struct err *e);

/* Writes a kernel file (cgroup, /proc/sys, id map) in one write(). */
int fd_write_kernel(int dirfd, const char *path, const char *value, struct err *e);

/* Replaces dirfd/name: write to a temporary beside it, fsync (when durable), rename, fsync of the directory. name has no slash. */
int fd_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool durable, struct err *e);

/* mkdir -p below dirfd with mode for each new part; existing parts are left as they are. */
int fd_mkdir_p(int dirfd, const char *path, mode_t mode, struct err *e);

/* The directory dirfd/path for fd_next_entry(), not through a symlink at its end; NULL with e. closedir() ends it. */
DIR *fd_open_dir(int dirfd, const char *path, struct err *e);
/* The next entry but "." and "..": 1 there is one, 0 there is no more, -1 the directory can't be read. */
int fd_next_entry(DIR *dir, struct dirent **entry_out, struct err *e);

/* Removes dirfd/name and all below it, staying on its file system and following no symlink. Absent is success. */
int fd_remove_tree(int dirfd, const char *name, struct err *e);

int fd_set_nonblock(int fd, bool on, struct err *e);

/* As many descriptors as this process and those that it starts may have, from now on; returns the number. */
size_t fd_raise_limit(void);

/* One datagram with up to FD_PASS_MAX descriptors over a Unix socket; MSG_NOSIGNAL. 0 or -1 with errno. */
enum { FD_PASS_MAX = 8 };
int fd_send(int sock, const void *data, size_t len, const int *fds, size_t nfds, int flags);
/*
 * Returns the number of bytes, 0 at the end, -1 with errno (EMSGSIZE when truncated). Received descriptors are CLOEXEC,
 * *nfds_out of them in fds_out[FD_PASS_MAX]; the caller closes them.
 */
ssize_t fd_recv(int sock, void *data, size_t size, int *fds_out, size_t *nfds_out, int flags);

#endif
