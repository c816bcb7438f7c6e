/* The console's log: the older file, then the one that the monitor writes to, and on as it grows and is rotated. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/engine/http_head.h"
#include "daemon/engine/job.h"
#include "daemon/engine/kernel.h"
#include "daemon/util/fd.h"

#define LOG_NEW "console.log"
#define LOG_OLD "console.log.1"

enum {
	LOG_BLOCK = 32 * 1024,
	LOG_PAUSE_MS = 2000, /* looks also without a notice: the directory may be made only at the next start */
	LOG_TRIES = 100
};

struct logs {
	int conn;
	int dir;    /* the container's run directory, -1 while there is none */
	int file;   /* the log being followed, -1 while there is none */
	off_t at;   /* sent of it so far */
	int old;    /* the older file that was sent last, or -1: so that none is sent twice */
	int notify; /* inotify */
};

static int
logs_open_file(int dir, const char *name)
{
	return dir < 0 ? -1 : kernel_openat2(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, KERNEL_BENEATH);
}

static off_t
logs_size(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0;
}

/* Counts newlines backwards; returns where the last *lines lines of fd begin, and takes those found off *lines. */
static off_t
logs_find_tail(int fd, int64_t *lines, bool last)
{
	char block[LOG_BLOCK];
	off_t size = logs_size(fd), end = size;

	while (end > 0 && *lines > 0) {
		size_t len = end < LOG_BLOCK ? (size_t)end : LOG_BLOCK;
		ssize_t n = pread(fd, block, len, end - (off_t)len);

		if (n != (ssize_t)len)
			break;
		for (size_t i = len; i-- > 0;) {
			off_t at = end - (off_t)len + (off_t)i;

			/* The newline that ends the last line begins no other. */
			if (block[i] != '\n' || (last && at == size - 1))
				continue;
			if (--*lines == 0)
				return at + 1;
		}
		end -= (off_t)len;
	}
	return *lines > 0 ? 0 : size;
}

/* From `at` to its present end. */
static int
logs_send(int conn, int fd, off_t *at, struct err *e)
{
	char block[LOG_BLOCK];
	ssize_t n;

	while (fd >= 0 && (n = pread(fd, block, sizeof block, *at)) > 0) {
		if (http_body_add(conn, block, (size_t)n, e) < 0)
			return -1;
		*at += n;
	}
	return 0;
}

static bool
logs_same_file(int a, int b)
{
	struct stat sa, sb;

	return a >= 0 && b >= 0 && fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_ino == sb.st_ino && sa.st_dev == sb.st_dev;
}

/* The newer file and the one before it: rotated between the two, they would be one and the same. */
static void
logs_open_both(int dir, int *now_out, int *old_out)
{
	for (int i = 0; i < LOG_TRIES; i++) {
		*now_out = logs_open_file(dir, LOG_NEW);
		*old_out = logs_open_file(dir, LOG_OLD);
		if (!logs_same_file(*now_out, *old_out))
			return;
		fd_auto_close(now_out);
		fd_auto_close(old_out);
	}
	*now_out = *old_out = -1;
}

/* What is there now; tail < 0: all of it. */
static int
logs_send_past(struct logs *l, int64_t tail, struct err *e)
{
	off_t old_at = 0;

	logs_open_both(l->dir, &l->file, &l->old);
	if (tail >= 0) {
		l->at = logs_find_tail(l->file, &tail, true);
		old_at = logs_find_tail(l->old, &tail, l->at == 0 && logs_size(l->file) == 0);
	}
	if (logs_send(l->conn, l->old, &old_at, e) < 0)
		return -1;
	return logs_send(l->conn, l->file, &l->at, e);
}

/*
 * The rest of the followed file comes first: it has its last bytes by the time that the name stands for another. Where it was
 * rotated twice since the last look, the older file is one between the two.
 */
static int
logs_send_news(struct logs *l, struct err *e)
{
	AUTO_CLOSE int now = -1, old = -1;
	off_t old_at = 0;

	logs_open_both(l->dir, &now, &old);
	if (logs_send(l->conn, l->file, &l->at, e) < 0)
		return -1;
	if (now < 0 || logs_same_file(l->file, now))
		return 0;
	if (!logs_same_file(l->file, old) && !logs_same_file(l->old, old) && logs_send(l->conn, old, &old_at, e) < 0)
		return -1;
	fd_auto_close(&l->file);
	fd_auto_close(&l->old);
	l->file = take_fd(&now);
	l->old = take_fd(&old);
	l->at = 0;
	return logs_send(l->conn, l->file, &l->at, e);
}

/* 1 look again, 0 the client has gone. */
static int
logs_wait(struct logs *l)
{
	struct pollfd p[] = { { .fd = l->conn, .events = POLLIN | POLLRDHUP }, { .fd = l->notify, .events = POLLIN } };
	char events[4096];
	int n = poll(p, 2, LOG_PAUSE_MS);

	if (n < 0)
		return errno == EINTR;
	if (p[0].revents & (POLLHUP | POLLRDHUP | POLLERR))
		return 0;
	/* A client of plain HTTP has nothing more to say. */
	if ((p[0].revents & POLLIN) && recv(l->conn, events, sizeof events, MSG_DONTWAIT) == 0)
		return 0;
	while (p[1].revents && read(l->notify, events, sizeof events) > 0)
		continue;
	return 1;
}

static void
logs_open_dir(struct logs *l, const char *path)
{
	if (l->dir >= 0)
		return;
	l->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (l->dir >= 0)
		inotify_add_watch(l->notify, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

static bool
logs_dir_gone(const struct logs *l)
{
	struct stat st;

	return l->dir >= 0 && fstat(l->dir, &st) == 0 && st.st_nlink == 0;
}

static int
logs_stream(struct logs *l, const struct job *job, struct err *e)
{
	int64_t tail = record_has(&request_schema, &job->request, "tail") ? job->request.tail : -1;
	char path[SPEC_PATH_MAX];

	logs_open_dir(l, spec_run_dir(&job->spec, path));
	if (http_body_begin(l->conn, e) < 0 || logs_send_past(l, tail, e) < 0)
		return -1;
	while (job->request.follow && !logs_dir_gone(l)) {
		if (!logs_wait(l))
			return 0;
		logs_open_dir(l, path);
		if (logs_send_news(l, e) < 0)
			return e->kind == ERR_UNAVAILABLE ? 0 : -1;
	}
	return http_body_end(l->conn, e);
}

int
logs_run(struct job *job, struct err *e)
{
	struct logs l = {
		.conn = job->fds[0], .dir = -1, .file = -1, .old = -1, .notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)
	};
	int rc;

	if (l.notify < 0) {
		err_sys(e, "watch the console's log");
		http_problem(l.conn, e, job->request.op);
		return -1;
	}
	rc = logs_stream(&l, job, e);
	close(l.notify);
	fd_auto_close(&l.file);
	fd_auto_close(&l.old);
	fd_auto_close(&l.dir);
	return rc;
}
