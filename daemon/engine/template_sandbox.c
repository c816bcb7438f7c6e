#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/engine/kernel.h"
#include "daemon/engine/template.h"
#include "daemon/util/clock.h"
#include "daemon/util/fd.h"
#include "daemon/util/log.h"

/* The engine allows an hour; ending before it leaves time to tidy up. */
enum { SANDBOX_SECONDS = 3480, SANDBOX_LINE = 512, SANDBOX_TAIL = 360, EXIT_SETUP = 125 };

/* A build under way, seen from outside. */
struct sandbox {
	struct job *job;
	pid_t pid;
	int out; /* its standard output: progress */
	int err;
	char line[SANDBOX_LINE];
	size_t line_len;
	char tail[SANDBOX_TAIL + 1]; /* the last that it said on standard error */
	size_t tail_len;
};

static void __attribute__((noreturn)) sandbox_exec(int recipe_fd, const char *target, const char *tmp)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", lang[] = "LANG=C.UTF-8",
	     home[] = "HOME=/root", tmpdir[SPEC_PATH_MAX + 80];
	char *argv[] = { (char[]){ "build" }, (char *)(uintptr_t)target, NULL }, *env[] = { path, lang, home, tmpdir, NULL };

	snprintf(tmpdir, sizeof tmpdir, "TMPDIR=%s", tmp);
	setsid();
	if (fchdir(recipe_fd) == 0 && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		execve("./build", argv, env);
	dprintf(STDERR_FILENO, "can't run the recipe's 'build': %s\n", strerror(errno));
	_exit(EXIT_SETUP);
}

/* Process 1 of the build's namespace: whatever was started goes with it. */
static void __attribute__((noreturn))
sandbox_init(const struct settings *s, int recipe_fd, const char *target, const char *tmp, int out, int err)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status = 0;
	pid_t pid, ended;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(EXIT_SETUP);
	/* What the host unmounts meanwhile goes here, too: a long build must not keep its disks busy. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		dprintf(STDERR_FILENO, "can't prepare the build: %s\n", strerror(errno));
		_exit(EXIT_SETUP);
	}
	/* No build has any business with the containers' data. */
	umount2(s->pool_dir, MNT_DETACH);
	pid = fork();
	if (pid == 0)
		sandbox_exec(recipe_fd, target, tmp);
	while ((ended = wait(&status)) != pid && (ended > 0 || errno == EINTR))
		continue;
	_exit(ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SETUP);
}

static int
sandbox_start(struct sandbox *b, int recipe_fd, const char *target, const char *tmp, struct err *e)
{
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS, .exit_signal = SIGCHLD };
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	b->out = out[0];
	if (pipe2(err, O_CLOEXEC) < 0) {
		close(out[1]);
		return err_sys(e, "make a pipe");
	}
	b->err = err[0];
	b->pid = kernel_clone3(&args);
	if (b->pid == 0)
		sandbox_init(&b->job->spec.settings, recipe_fd, target, tmp, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	return b->pid < 0 ? err_sys(e, "start the build") : 0;
}

static void
sandbox_take_line(struct sandbox *b)
{
	char *text;
	long percent;

	b->line[b->line_len] = '\0';
	b->line_len = 0;
	if (strncmp(b->line, "PROGRESS ", 9) != 0)
		return;
	percent = strtol(b->line + 9, &text, 10);
	if (percent >= 0 && percent <= 100 && *text == ' ')
		job_progress(b->job, "build", (int)percent, "%s", text + 1);
}

static void
sandbox_take_out(struct sandbox *b, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			sandbox_take_line(b);
		else if (b->line_len < sizeof b->line - 1)
			b->line[b->line_len++] = (char)((unsigned char)data[i] < ' ' ? '?' : data[i]);
	}
}

static void
sandbox_take_err(struct sandbox *b, const char *data, size_t len)
{
	if (len > SANDBOX_TAIL) {
		data += len - SANDBOX_TAIL;
		len = SANDBOX_TAIL;
	}
	if (b->tail_len + len > SANDBOX_TAIL) {
		size_t drop = b->tail_len + len - SANDBOX_TAIL;

		memmove(b->tail, b->tail + drop, b->tail_len - drop);
		b->tail_len -= drop;
	}
	memcpy(b->tail + b->tail_len, data, len);
	b->tail_len += len;
}

/* Whether more may come. */
static bool
sandbox_read(struct sandbox *b, int fd, void (*take)(struct sandbox *b, const char *data, size_t len))
{
	char data[4096];
	ssize_t n = read(fd, data, sizeof data);

	if (n > 0)
		take(b, data, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Until both outputs have ended. */
static int
sandbox_watch(struct sandbox *b, struct err *e)
{
	struct pollfd p[] = { { b->out, POLLIN, 0 }, { b->err, POLLIN, 0 }, { b->job->channel, POLLIN, 0 } };
	int64_t deadline_ms = clock_ms(CLOCK_MONOTONIC) + SANDBOX_SECONDS * 1000;

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		int n = poll(p, 3, 1000);

		if (n < 0 && errno != EINTR)
			return err_sys(e, "watch the build");
		if (n > 0 && p[0].revents && !sandbox_read(b, b->out, sandbox_take_out))
			p[0].fd = -1;
		if (n > 0 && p[1].revents && !sandbox_read(b, b->err, sandbox_take_err))
			p[1].fd = -1;
		if (n > 0 && p[2].revents)
			return err_set(e, ERR_CANCELLED, "The build was cancelled");
		if (clock_ms(CLOCK_MONOTONIC) > deadline_ms)
			return err_set(e, ERR_TIMEOUT, "The build took longer than %d minutes", SANDBOX_SECONDS / 60);
	}
	return 0;
}

/* Its last words, in one line. */
static const char *
sandbox_tail(struct sandbox *b)
{
	b->tail[b->tail_len] = '\0';
	while (b->tail_len > 0 && b->tail[b->tail_len - 1] == '\n')
		b->tail[--b->tail_len] = '\0';
	for (char *c = b->tail; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = *c == '\n' ? '|' : ' ';
	return b->tail_len > 0 ? b->tail : "it said nothing";
}

static int
sandbox_end(struct sandbox *b, bool kill_it, struct err *e)
{
	int status = 0;

	if (kill_it)
		kill(b->pid, SIGKILL);
	while (waitpid(b->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (kill_it)
		return -1;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_INTERNAL, "The build was killed by signal %d: %s", WTERMSIG(status), sandbox_tail(b));
	if (WEXITSTATUS(status) != 0)
		return err_code(
		        e, (err_set(e, ERR_INTERNAL, "The build ended with status %d: %s", WEXITSTATUS(status), sandbox_tail(b)),
		            "build_failed"));
	return 0;
}

int
template_sandbox_run(struct job *job, int recipe_fd, const char *target, const char *tmp, struct err *e)
{
	struct sandbox b = { .job = job, .out = -1, .err = -1 };
	int rc = sandbox_start(&b, recipe_fd, target, tmp, e);

	if (rc == 0)
		rc = sandbox_end(&b, sandbox_watch(&b, e) < 0, e);
	fd_auto_close(&b.out);
	fd_auto_close(&b.err);
	return rc;
}
