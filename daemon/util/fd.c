#include "daemon/util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

int
fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_read_all(int fd, size_t max, char **data_out, size_t *len_out, struct err *e)
{
	AUTO_FREE char *data = NULL;
	size_t len = 0, size = 0;

	for (;;) {
		ssize_t n;

		if (len + 1 >= size) {
			char *grown = realloc(data, size = size ? size * 2 : 4096);

			if (!grown)
				return err_set(e, ERR_INTERNAL, "out of memory");
			data = grown;
		}
		n = read(fd, data + len, size - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return err_set(e, ERR_TOO_LARGE, "larger than %zu bytes", max);
	}
	data[len] = '\0';
	*data_out = take_ptr(&data);
	if (len_out)
		*len_out = len;
	return 0;
}

int
fd_read_file(int dirfd, const char *path, size_t max, char **data_out, size_t *len_out, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	return fd_read_all(fd, max, data_out, len_out, e) < 0 ? err_wrap(e, "'%s'", path) : 0;
}

int
fd_write_kernel(int dirfd, const char *path, const char *value, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);

	if (fd < 0)
		return err_sys(e, "open '%s'", path);
	if (write(fd, value, len) != (ssize_t)len)
		return err_sys(e, "write '%s' to '%s'", value, path);
	return 0;
}

static int
fd_fill_file(int fd, const void *data, size_t len, mode_t mode, bool durable)
{
	if (fd_write_all(fd, data, len) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return durable ? fsync(fd) : 0;
}

int
fd_replace_file(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool durable, struct err *e)
{
	char tmp[256];
	AUTO_CLOSE int fd = -1;

	if (snprintf(tmp, sizeof tmp, ".%s.new", name) >= (int)sizeof tmp)
		return err_set(e, ERR_INTERNAL, "file name '%s' is too long", name);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, "create '%s'", tmp);
	if (fd_fill_file(fd, data, len, mode, durable) < 0 || renameat(dirfd, tmp, dirfd, name) < 0) {
		err_sys(e, "write '%s'", name);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	if (durable) {
		AUTO_CLOSE int dir = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir < 0 || fsync(dir) < 0)
			return err_sys(e, "sync the directory of '%s'", name);
	}
	return 0;
}

int
fd_mkdir_p(int dirfd, const char *path, mode_t mode, struct err *e)
{
	AUTO_FREE char *copy = strdup(path);

	if (!copy)
		return err_set(e, ERR_INTERNAL, "out of memory");
	for (char *slash = copy + (*copy != '\0'); slash;) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdirat(dirfd, copy, mode) < 0 && errno != EEXIST)
			return err_sys(e, "make directory '%s'", copy);
		if (slash)
			*slash++ = '/';
	}
	return 0;
}

DIR *
fd_open_dir(int dirfd, const char *path, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		err_sys(e, "open directory '%s'", path);
		return NULL;
	}
	take_fd(&fd);
	return dir;
}

int
fd_next_entry(DIR *dir, struct dirent **entry_out, struct err *e)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	if (!entry)
		return errno ? err_sys(e, "read a directory") : 0;
	*entry_out = entry;
	return 1;
}

/* Deeper than this, a directory is moved up before it is emptied: no tree is too deep for stack and descriptors. */
enum { FD_REMOVE_DEPTH = 32 };

struct fd_removal {
	int top;
	dev_t dev;
	unsigned int moved;
};

static int fd_remove_entry(struct fd_removal *r, int dirfd, const char *name, int depth, struct err *e);

static int
fd_remove_children(struct fd_removal *r, int fd, int depth, struct err *e)
{
	DIR *dir = fd_open_dir(fd, ".", e);
	struct dirent *entry;
	int rc = 0, more = -1;

	if (!dir)
		return -1;
	while (rc == 0 && (more = fd_next_entry(dir, &entry, e)) == 1)
		rc = fd_remove_entry(r, fd, entry->d_name, depth, e);
	closedir(dir);
	return rc < 0 || more < 0 ? -1 : 0;
}

/* Removed, gone already, or 1: a directory that isn't empty. An immutable file is none, though it fails alike. */
static int
fd_unlink(int dirfd, const char *name, struct err *e)
{
	struct stat st;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove '%s'", name);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode)) {
		errno = EPERM;
		return err_sys(e, "remove '%s'", name);
	}
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0;
}

static int
fd_remove_later(struct fd_removal *r, int dirfd, const char *name, struct err *e)
{
	char moved[32];

	do
		snprintf(moved, sizeof moved, ".remove-%u", r->moved++);
	while (renameat2(dirfd, name, r->top, moved, RENAME_NOREPLACE) < 0 && errno == EEXIST);
	return faccessat(r->top, moved, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? err_sys(e, "move directory '%s'", name) : 0;
}

static int
fd_remove_entry(struct fd_removal *r, int dirfd, const char *name, int depth, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;
	int rc = fd_unlink(dirfd, name, e);

	if (rc <= 0)
		return rc;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open '%s'", name);
	if (st.st_dev != r->dev)
		return err_set(e, ERR_INTERNAL, "'%s' is on another file system: not removed", name);
	if (depth == FD_REMOVE_DEPTH)
		return fd_remove_later(r, dirfd, name, e);
	if (fd_remove_children(r, fd, depth + 1, e) < 0)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "remove directory '%s'", name);
	return 0;
}

int
fd_remove_tree(int dirfd, const char *name, struct err *e)
{
	AUTO_CLOSE int top = -1;
	struct fd_removal r;
	struct stat st;
	int rc = fd_unlink(dirfd, name, e);

	if (rc <= 0)
		return rc;
	top = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0 || fstat(top, &st) < 0)
		return err_sys(e, "open '%s'", name);
	r = (struct fd_removal){ .top = top, .dev = st.st_dev };
	/* What was moved up is met in the next round. */
	do
		if (fd_remove_children(&r, top, 1, e) < 0)
			return -1;
	while (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno == ENOTEMPTY);
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
	               ? err_set(e, ERR_INTERNAL, "directory '%s' can't be removed", name)
	               : 0;
}

int
fd_set_nonblock(int fd, bool on, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		return err_sys(e, "set a descriptor's flags");
	return 0;
}

size_t
fd_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	return (size_t)limit.rlim_cur;
}

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

int
fd_send(int sock, const void *data, size_t len, const int *fds, size_t nfds, int flags)
{
	union fd_control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds > FD_PASS_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (nfds > 0) {
		struct cmsghdr *c;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != len) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

ssize_t
fd_recv(int sock, void *data, size_t size, int *fds_out, size_t *nfds_out, int flags)
{
	union fd_control control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
	};
	size_t nfds = 0;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		nfds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds_out, CMSG_DATA(c), nfds * sizeof(int));
	}
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		while (nfds > 0)
			close(fds_out[--nfds]);
		errno = EMSGSIZE;
		n = -1;
	}
	*nfds_out = nfds;
	return n;
}
