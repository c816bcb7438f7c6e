#include "daemon/engine/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/util/fd.h"

enum { LOOP_BLOCK = 4096, LOOP_TRIES = 16 };

static bool
loop_holds(const char *path, const struct stat *file)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;

	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return false;
	return info.lo_inode == file->st_ino && info.lo_device == file->st_dev;
}

int
loop_find(int file_fd, char path_out[LOOP_PATH_MAX], struct err *e)
{
	struct dirent *entry;
	struct stat st;
	int found = 0, more = -1;
	DIR *dir;

	if (fstat(file_fd, &st) < 0)
		return err_sys(e, "look at the loop file");
	dir = opendir("/sys/block");
	if (!dir)
		return err_sys(e, "read /sys/block");
	while (!found && (more = fd_next_entry(dir, &entry, e)) == 1) {
		if (strncmp(entry->d_name, "loop", 4) != 0)
			continue;
		if (snprintf(path_out, LOOP_PATH_MAX, "/dev/%s", entry->d_name) < LOOP_PATH_MAX)
			found = loop_holds(path_out, &st);
	}
	closedir(dir);
	return more < 0 ? -1 : found;
}

/* Without udev or devtmpfs a new number has no node yet. */
static int
loop_open(int number, char path_out[LOOP_PATH_MAX])
{
	int fd;

	snprintf(path_out, LOOP_PATH_MAX, "/dev/loop%d", number);
	fd = open(path_out, O_RDWR | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mknod(path_out, S_IFBLK | 0600, makedev(LOOP_MAJOR, (unsigned int)number)) < 0 && errno != EEXIST)
		return -1;
	return open(path_out, O_RDWR | O_CLOEXEC);
}

/* 0 bound, 1 somebody else was faster, -1 error. */
static int
loop_bind(int device, int file_fd)
{
	struct loop_config config = { .fd = (uint32_t)file_fd,
		                      .block_size = LOOP_BLOCK,
		                      .info = { .lo_flags = LO_FLAGS_DIRECT_IO } };

	if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
		return 0;
	if (errno == EBUSY)
		return 1;
	if (errno != EINVAL)
		return -1;
	config.block_size = 0;
	config.info.lo_flags = 0;
	if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
		return 0;
	return errno == EBUSY ? 1 : -1;
}

int
loop_attach(int file_fd, char path_out[LOOP_PATH_MAX], struct err *e)
{
	AUTO_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return err_sys(e, "open /dev/loop-control (is the module loop there?)");
	for (int i = 0; i < LOOP_TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE), rc;
		AUTO_CLOSE int device = -1;

		if (number < 0)
			return err_sys(e, "find a free loop device");
		device = loop_open(number, path_out);
		if (device < 0)
			return err_sys(e, "open '%s'", path_out);
		rc = loop_bind(device, file_fd);
		if (rc <= 0)
			return rc < 0 ? err_sys(e, "bind '%s'", path_out) : 0;
	}
	return err_set(e, ERR_BUSY, "every free loop device was taken by somebody else");
}

int
loop_keep(const char *path, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	struct loop_info64 info;

	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return err_sys(e, "look at '%s'", path);
	if (!(info.lo_flags & LO_FLAGS_AUTOCLEAR))
		return 0;
	info.lo_flags &= ~(uint32_t)LO_FLAGS_AUTOCLEAR;
	return ioctl(fd, LOOP_SET_STATUS64, &info) < 0 ? err_sys(e, "keep '%s'", path) : 0;
}

int
loop_detach(const char *path, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || (ioctl(fd, LOOP_CLR_FD, 0) < 0 && errno != ENXIO))
		return err_sys(e, "detach '%s'", path);
	return 0;
}
