#include "daemon/engine/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/engine/job.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"

enum { COPIES_KEPT = 7, COPY_PIECE = 256 * 1024 };
static const off_t copy_max = (off_t)4 << 30;
static const char copy_prefix[] = "berth-", copy_temporary[] = ".new";

int
copy_open_dir(const struct settings *s, int *fd_out, struct err *e)
{
	AUTO_CLOSE int pool = open(s->pool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (pool < 0)
		return err_sys(e, "open the pool '%s'", s->pool_dir);
	if (mkdirat(pool, ".copies", 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make '%s/.copies'", s->pool_dir);
	*fd_out = openat(pool, ".copies", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd_out < 0 ? err_sys(e, "open '%s/.copies'", s->pool_dir) : 0;
}

/* Dates sort as text. */
static int
copy_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int
copy_list(int dir_fd, struct strv *names_out, struct err *e)
{
	DIR *dir = fd_open_dir(dir_fd, ".", e);
	struct dirent *entry;
	int rc = 0, more = -1;

	if (!dir)
		return err_wrap(e, "look for copies of the database");
	while (rc == 0 && (more = fd_next_entry(dir, &entry, e)) == 1)
		if (strncmp(entry->d_name, copy_prefix, strlen(copy_prefix)) == 0 && !strv_add(names_out, entry->d_name))
			rc = err_set(e, ERR_INTERNAL, "out of memory");
	closedir(dir);
	if (names_out->n > 1)
		qsort(names_out->v, names_out->n, sizeof *names_out->v, copy_compare);
	return rc < 0 || more < 0 ? -1 : 0;
}

static int
copy_bytes(int from, int to, struct err *e)
{
	AUTO_FREE char *piece = malloc(COPY_PIECE);
	off_t at = 0;
	ssize_t n;

	if (!piece)
		return err_set(e, ERR_INTERNAL, "out of memory");
	while ((n = pread(from, piece, COPY_PIECE, at)) > 0) {
		if (at > copy_max - n)
			return err_set(e, ERR_TOO_LARGE, "the database is larger than 4 GiB");
		if (fd_write_all(to, piece, (size_t)n) < 0)
			return err_sys(e, "write the copy of the database");
		at += n;
	}
	if (n < 0)
		return err_sys(e, "read the database");
	return fsync(to) < 0 ? err_sys(e, "write the copy of the database") : 0;
}

/* What can't be removed today can be tomorrow. */
static void
copy_prune(int dir)
{
	AUTO_STRV struct strv names = { 0 };

	if (copy_list(dir, &names, NULL) < 0)
		return;
	for (size_t i = 0; i + COPIES_KEPT < names.n; i++)
		unlinkat(dir, names.v[i], 0);
}

static int
copy_keep(int from, int dir, struct err *e)
{
	AUTO_CLOSE int to = -1;
	time_t now = time(NULL);
	char name[64];
	struct tm tm;

	unlinkat(dir, copy_temporary, 0);
	to = openat(dir, copy_temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(e, "make a copy of the database");
	if (!gmtime_r(&now, &tm) || strftime(name, sizeof name, "berth-%Y-%m-%d.db", &tm) == 0)
		return err_set(e, ERR_INTERNAL, "the clock can't be read");
	if (copy_bytes(from, to, e) < 0 || fault_at("copy.written", e) < 0)
		return -1;
	if (renameat(dir, copy_temporary, dir, name) < 0 || fsync(dir) < 0)
		return err_sys(e, "put the copy '%s' in its place", name);
	return 0;
}

/* The day's copy replaces an earlier one of the same day. */
int
copy_run(struct job *job, struct err *e)
{
	AUTO_CLOSE int dir = -1;
	struct stat st;

	/* A taken-over api may send what it likes: a pipe would never end. */
	if (job->nfds != 1 || fstat(job->fds[0], &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_BAD_REQUEST, "the database to copy must be a file");
	if (copy_open_dir(&job->spec.settings, &dir, e) < 0)
		return -1;
	if (copy_keep(job->fds[0], dir, e) < 0) {
		unlinkat(dir, copy_temporary, 0);
		return -1;
	}
	copy_prune(dir);
	return fault_at("copy.kept", e);
}
