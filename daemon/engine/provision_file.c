#include "daemon/engine/provision_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "daemon/util/fd.h"

enum { PROVISION_FILE_MAX = 1 << 20 };

/* What a tenant has put in the way is the tenant's to clear, and no fault of the daemon's. */
static int
provision_err(const char *doing, const char *path, struct err *e)
{
	int sys = errno;

	err_sys(e, "%s '%s' in the container", doing, path);
	if (e &&
	    (sys == ENOENT || sys == ENOTDIR || sys == EISDIR || sys == ELOOP || sys == EROFS || sys == EPERM || sys == EACCES))
		err_set(e, ERR_CONFLICT, "can't %s '%s' in the container: %s", doing, path, strerror(sys));
	return -1;
}

int
provision_open_dir(const char *path, mode_t mode, int *fd_out, struct err *e)
{
	int fd;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return provision_err("make", path, e);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return provision_err("open", path, e);
	*fd_out = fd;
	return 0;
}

int
provision_read(int dirfd, const char *name, struct buf *out, struct stat *st_out, struct err *e)
{
	/* Not blocking, for what a tenant has put there may be a pipe. */
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	char chunk[4096];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO ? 0 : provision_err("open", name, e);
	if (fstat(fd, &st) < 0)
		return provision_err("look at", name, e);
	if (!S_ISREG(st.st_mode))
		return 0;
	while ((n = read(fd, chunk, sizeof chunk)) > 0) {
		buf_add(out, chunk, (size_t)n);
		if (out->failed || out->len > PROVISION_FILE_MAX)
			return err_set(e, ERR_TOO_LARGE, "'%s' in the container is too large", name);
	}
	if (n < 0)
		return provision_err("read", name, e);
	if (st_out)
		*st_out = st;
	return 1;
}

static int
provision_fill(int fd, const struct buf *text, mode_t mode, const struct stat *old)
{
	if (old && fchown(fd, old->st_uid, old->st_gid) < 0)
		return -1;
	if (fchmod(fd, old ? old->st_mode & 07777 : mode) < 0)
		return -1;
	return fd_write_all(fd, text->data ? text->data : "", text->len);
}

int
provision_replace(int dirfd, const char *name, const struct buf *text, mode_t mode, const struct stat *old, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	char tmp[64];

	if (text->failed)
		return err_set(e, ERR_INTERNAL, "out of memory");
	snprintf(tmp, sizeof tmp, ".%s.berth", name);
	if (unlinkat(dirfd, tmp, 0) < 0 && errno != ENOENT)
		return provision_err("remove", tmp, e);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return provision_err("make", tmp, e);
	if (provision_fill(fd, text, mode, old) < 0 || renameat(dirfd, tmp, dirfd, name) < 0) {
		provision_err("write", name, e);
		unlinkat(dirfd, tmp, 0);
		return -1;
	}
	return 0;
}

const char *
provision_line(const char *text, const char **line_out, size_t *len_out)
{
	if (!text || !*text)
		return NULL;
	*line_out = text;
	*len_out = strcspn(text, "\n");
	return text[*len_out] ? text + *len_out + 1 : text + *len_out;
}
