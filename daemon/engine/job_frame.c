#include "daemon/engine/job.h"
#include "daemon/engine/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine/spawn.h"
#include "daemon/util/fault.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

void
job_progress(struct job *job, const char *step, int percent, const char *fmt, ...)
{
	char text[400];
	struct progress p = { .op = job->request.op, .step = (char *)(uintptr_t)step, .percent = percent, .text = text };
	va_list ap;

	if (job->channel < 0 || !job->request.op)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	for (size_t i = 0; progress_schema.fields[i].name; i++)
		record_mark_row(&p, i, true);
	msg_send(job->channel, REPLY_PROGRESS, &p, NULL, 0, NULL);
}

bool
job_cancelled(struct job *job)
{
	struct pollfd p = { .fd = job->channel, .events = POLLIN };

	return job->channel >= 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLIN | POLLHUP | POLLERR));
}

int
job_run_steps(struct job *job, const struct step *steps, size_t n, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		bool cancelled = !job->cut_short && job_cancelled(job);

		job_progress(job, steps[i].name, (int)(100 * i / n), "%s", steps[i].name);
		job->cut_short |= steps[i].final && !cancelled;
		if (cancelled)
			err_set(e, ERR_CANCELLED, "The operation was cancelled");
		else if (steps[i].up(job, e) < 0)
			err_wrap(e, "%s", steps[i].name);
		else if (fault_at_step(job->verb, steps[i].name, e) == 0)
			continue;
		else
			i++;
		while (i-- > 0)
			if (steps[i].down)
				steps[i].down(job);
		return -1;
	}
	return 0;
}

/* Both records change hands: the message is left empty. */
static int
job_take(int channel, enum msg_type want, void *record_out, int *fds_out, size_t *nfds_out, struct err *e)
{
	AUTO_MSG struct msg msg = { 0 };
	int rc = msg_recv(channel, &msg, e);

	if (rc == 0)
		return err_set(e, ERR_UNAVAILABLE, "the engine has gone");
	if (rc < 0)
		return -1;
	if (msg.type != want)
		return err_set(e, ERR_BAD_REQUEST, "expected %s", msg_info(want)->name);
	memcpy(record_out, msg.record, msg_info(want)->schema->size);
	memset(msg.record, 0, msg_info(want)->schema->size);
	if (nfds_out) {
		memcpy(fds_out, msg.fds, sizeof msg.fds);
		*nfds_out = msg.nfds;
		msg.nfds = 0;
	}
	return 0;
}

/*
 * Held for life and gone with the process, whatever it leaves behind: a new daemon finds who still works. Launches belong to their
 * monitors, streams to their callers.
 */
static int
job_lock(const struct job *job, struct err *e)
{
	static const enum msg_type types[] = { REQUEST_CREATE,         REQUEST_DELETE,          REQUEST_SET,
		                               REQUEST_TEMPLATE_BUILD, REQUEST_TEMPLATE_DELETE, REQUEST_HOST_SETUP,
		                               REQUEST_HOST_CLEANUP };
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	char path[SPEC_PATH_MAX];
	bool wanted = false;
	int fd;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		wanted = wanted || types[i] == job->type;
	if (!wanted)
		return 0;
	snprintf(path, sizeof path, "%s/" JOB_LOCK, job->spec.settings.run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fcntl(fd, F_SETLKW, &lock) < 0)
		return err_sys(e, "lock '%s'", path);
	return 0;
}

/* A launch reads its spec from the file that outlives the daemon; the request is taken where there is a channel. */
static int
job_load(struct job *job, struct err *e)
{
	if (job->channel >= 0 && job_take(job->channel, job->type, &job->request, job->fds, &job->nfds, e) < 0)
		return -1;
	if (job->type == REQUEST_START)
		return spec_load(&job->spec, AT_FDCWD, "spec", e);
	return job_take(job->channel, SPEC, &job->spec, NULL, NULL, e);
}

static void
job_reply(struct job *job, const struct err *e)
{
	struct done done = { 0 };

	if (job->channel < 0 || !job->request.op)
		return;
	if (e) {
		if (!done_from_err(&done, job->request.op, e))
			return;
		done.cut_short = job->cut_short;
		record_mark(&done_schema, &done, "cut_short", job->cut_short);
	} else {
		done.op = strdup(job->request.op);
		record_mark(&done_schema, &done, "op", true);
		done.result = take_ptr(&job->result);
		record_mark(&done_schema, &done, "result", done.result != NULL);
	}
	msg_send(job->channel, REPLY_DONE, &done, NULL, 0, NULL);
	record_clear(&done_schema, &done);
}

static void
job_log_subject(const struct job *job)
{
	const struct place *place = &job->spec.place;

	log_about(&(struct log_subject){ place->name, place->id, place->tenant, job->request.op });
}

int
job_open(struct job *job, const char *program, const char *verb, enum msg_type type, struct err *e)
{
	*job = (struct job){ .channel = SPAWN_CHANNEL, .verb = verb, .type = type };
	signal(SIGPIPE, SIG_IGN);
	log_init(program, LOG_LEVEL_INFO);
	if (fcntl(job->channel, F_SETFD, FD_CLOEXEC) < 0)
		job->channel = -1;
	if (job_load(job, e) < 0 || job_lock(job, e) < 0 || session_begin(job, e) < 0)
		return -1;
	job_log_subject(job);
	return 0;
}

int
job_close(struct job *job, int rc, const struct err *e)
{
	if (rc < 0)
		log_err(e, "%s of %s", job->verb, job->spec.place.name ? job->spec.place.name : "the host");
	session_forget(job);
	job_reply(job, rc < 0 ? e : NULL);
	record_clear(&request_schema, &job->request);
	record_clear(&spec_schema, &job->spec);
	for (size_t i = 0; i < job->nfds; i++)
		close(job->fds[i]);
	free(job->result);
	return rc < 0;
}
