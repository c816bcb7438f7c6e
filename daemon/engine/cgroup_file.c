#include "daemon/engine/cgroup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/util/fd.h"

/* Larger than memory.stat and a device list of some hundred rows. */
enum { CGROUP_FILE_MAX = 32 * 1024 };

/* false when it can't be read. */
static bool
cgroup_file_read(int dir, const char *name, char text[CGROUP_FILE_MAX])
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return false;
	while (len < CGROUP_FILE_MAX - 1) {
		ssize_t n = read(fd, text + len, CGROUP_FILE_MAX - 1 - len);

		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	return true;
}

static int64_t
cgroup_number(const char *text)
{
	char *end;
	long long value;

	if (strncmp(text, "max", 3) == 0)
		return INT64_MAX;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || value < 0)
		return -1;
	return errno == ERANGE ? INT64_MAX : value;
}

int64_t
cgroup_file_int(int dir, const char *name)
{
	char text[CGROUP_FILE_MAX];

	return cgroup_file_read(dir, name, text) ? cgroup_number(text) : -1;
}

/* What follows `key` and a space at the start of a line, or NULL. */
static const char *
cgroup_find_line(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text) {
		if (strncmp(text, key, len) == 0 && text[len] == ' ')
			return text + len + 1;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

int64_t
cgroup_file_key(int dir, const char *name, const char *key)
{
	char text[CGROUP_FILE_MAX];
	const char *value = cgroup_file_read(dir, name, text) ? cgroup_find_line(text, key) : NULL;

	return value ? cgroup_number(value) : -1;
}

int64_t
cgroup_file_pair(int dir, const char *name, const char *device, const char *key)
{
	char text[CGROUP_FILE_MAX];
	const char *line = cgroup_file_read(dir, name, text) ? cgroup_find_line(text, device) : NULL;
	size_t len = strlen(key);

	while (line && *line && *line != '\n') {
		if (strncmp(line, key, len) == 0 && line[len] == '=')
			return cgroup_number(line + len + 1);
		line += strcspn(line, " \n");
		line += strspn(line, " ");
	}
	return -1;
}

/* "some avg10=0.00 avg60=1.53 …": always two digits behind the point. */
int64_t
cgroup_file_pressure(int dir, const char *name)
{
	char text[CGROUP_FILE_MAX];
	const char *at = cgroup_file_read(dir, name, text) ? cgroup_find_line(text, "some") : NULL;
	long long percent, hundredths;

	at = at ? strstr(at, "avg60=") : NULL;
	if (!at || sscanf(at, "avg60=%lld.%2lld", &percent, &hundredths) != 2)
		return -1;
	return percent * 1000 + hundredths * 10;
}

bool
cgroup_file_exists(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, 0) == 0;
}

bool
cgroup_file_word(int dir, const char *name, const char *word)
{
	char text[CGROUP_FILE_MAX], *rest = text;
	const char *w;

	if (!cgroup_file_read(dir, name, text))
		return false;
	while ((w = strsep(&rest, " \n")))
		if (strcmp(w, word) == 0)
			return true;
	return false;
}

int
cgroup_file_write_int(int dir, const char *name, int64_t value, struct err *e)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, value);
	return fd_write_kernel(dir, name, text, e);
}

int64_t
cgroup_limit_min(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

bool
cgroup_device_queue(const char *device, char *queue_out, size_t size)
{
	AUTO_CLOSE int dir = -1;
	char path[96];
	AUTO_FREE char *disk = NULL;

	if (!device || !*device)
		return false;
	snprintf(path, sizeof path, "/sys/dev/block/%s", device);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	if (!cgroup_file_exists(dir, "partition")) {
		snprintf(queue_out, size, "%s", device);
		return true;
	}
	/* The kernel refuses limits on a partition. */
	if (fd_read_file(dir, "../dev", 64, &disk, NULL, NULL) < 0)
		return false;
	disk[strcspn(disk, "\n")] = '\0';
	snprintf(queue_out, size, "%s", disk);
	return true;
}

bool
cgroup_device_bfq(const char *queue)
{
	char path[96], text[CGROUP_FILE_MAX];

	snprintf(path, sizeof path, "/sys/dev/block/%s/queue/scheduler", queue);
	return cgroup_file_read(AT_FDCWD, path, text) && strstr(text, "[bfq]");
}
