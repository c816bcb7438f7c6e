#include "daemon/engine/sessions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/engine/engine.h"
#include "daemon/engine/link.h"
#include "daemon/engine/requests.h"
#include "daemon/engine/session.h"
#include "daemon/engine/task.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"
#include "schema/check.h"

struct session {
	LIST_ENTRY(session) link;
	struct engine *engine;
	char op[37];
	char caller[SESSION_CALLER_MAX + 1];
	int pidfd;
	struct event *ended;
};

static void
session_free(struct session *s)
{
	LIST_REMOVE(s, link);
	s->engine->streams--;
	if (s->ended)
		event_free(s->ended);
	if (s->pidfd >= 0)
		close(s->pidfd);
	free(s);
}

void
sessions_forget(const struct engine *engine, const char *op)
{
	char path[64];

	snprintf(path, sizeof path, SESSIONS_DIR "/%.36s", op);
	unlinkat(engine->run_fd, path, 0);
}

static void
session_on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	struct done done = { .op = s->op };

	record_mark(&done_schema, &done, "op", true);
	link_send(s->engine, REPLY_DONE, &done);
	sessions_forget(s->engine, s->op);
	session_free(s);
}

/* 0: nobody. */
static pid_t
session_holder(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && orphans_is_job(lock.l_pid) ? lock.l_pid : 0;
}

/* Who holds the lock when there is a handle on him is who is meant by the number. */
static int
session_open_job(int fd)
{
	pid_t pid = session_holder(fd);
	AUTO_CLOSE int pidfd = pid ? pidfd_open(pid, 0) : -1;

	return pidfd >= 0 && session_holder(fd) == pid ? take_fd(&pidfd) : -1;
}

static int
session_adopt(struct engine *engine, const char *op, int fd, struct err *e)
{
	AUTO_CLOSE int pidfd = session_open_job(fd);
	struct session *s;
	ssize_t n;

	if (pidfd < 0) {
		sessions_forget(engine, op);
		return 0;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_INTERNAL, "out of memory");
	s->engine = engine;
	s->pidfd = take_fd(&pidfd);
	memcpy(s->op, op, sizeof s->op);
	n = pread(fd, s->caller, sizeof s->caller - 1, 0);
	s->caller[n > 0 ? n : 0] = '\0';
	if (check_line(s->caller))
		s->caller[0] = '\0';
	LIST_INSERT_HEAD(&engine->sessions, s, link);
	engine->streams++;
	s->ended = event_new(engine->base, s->pidfd, EV_READ, session_on_ended, s);
	return s->ended && event_add(s->ended, NULL) == 0 ? 0 : err_set(e, ERR_INTERNAL, "out of memory");
}

static int
sessions_adopt_all(struct engine *engine, DIR *dir, struct err *e)
{
	struct dirent *entry;
	size_t n = 0;
	int more;

	while ((more = fd_next_entry(dir, &entry, e)) == 1) {
		AUTO_CLOSE int fd = -1;

		if (strlen(entry->d_name) != 36 || check_uuid(entry->d_name))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && session_adopt(engine, entry->d_name, fd, e) < 0)
			return -1;
		n++;
	}
	if (n > 0)
		log_info("%zu streams of the last daemon go on", n);
	return more;
}

int
sessions_adopt(struct engine *engine, struct err *e)
{
	DIR *dir;
	int rc;

	if (faccessat(engine->run_fd, SESSIONS_DIR, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	dir = fd_open_dir(engine->run_fd, SESSIONS_DIR, e);
	if (!dir)
		return err_wrap(e, "look for streams of the last daemon");
	rc = sessions_adopt_all(engine, dir, e);
	closedir(dir);
	return rc;
}

static void
session_tell(struct engine *engine, char *op, char *caller)
{
	struct session_note note = { .op = op, .caller = caller };

	record_mark(&session_schema, &note, "op", true);
	record_mark(&session_schema, &note, "caller", caller != NULL);
	link_send(engine, REPLY_SESSION, &note);
}

void
sessions_tell(struct engine *engine)
{
	const struct task *task;
	struct session *s;

	LIST_FOREACH(task, &engine->tasks, link)
	{
		const struct request *request = task->request.record;

		if (request_is_stream(task))
			session_tell(engine, request->op, request->caller);
	}
	LIST_FOREACH(s, &engine->sessions, link)
	session_tell(engine, s->op, s->caller);
}

bool
sessions_end(struct engine *engine, const char *op)
{
	struct session *s;

	LIST_FOREACH(s, &engine->sessions, link)
	if (strcmp(s->op, op) == 0)
		break;
	if (s)
		pidfd_send_signal(s->pidfd, SIGTERM, NULL, 0);
	return s != NULL;
}

void
sessions_clear(struct engine *engine)
{
	while (!LIST_EMPTY(&engine->sessions))
		session_free(LIST_FIRST(&engine->sessions));
}
