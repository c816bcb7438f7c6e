/*
 * The command's way into the container, in two processes. The first is in the host's pid namespace until it ends; neither can
 * be traced or looked into from inside (not dumpable), and the second has nothing but its three streams and the report's
 * socket when it first reads something of the container's.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "daemon/engine/exec.h"
#include "daemon/engine/kernel.h"
#include "daemon/util/fd.h"

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127, CHILD_SYNC = 3 };

/* 0-2 as the command will have them, and the job's ends. */
struct exec_streams {
	int theirs[3];
	int ours[3];
	size_t nours;
};

static void __attribute__((noreturn)) child_fail(int sync, const struct err *e)
{
	struct exec_report report = { .stage = EXEC_FAILED, .kind = (int32_t)e->kind };

	if (e->nparams > 0)
		snprintf(report.param, sizeof report.param, "%.*s", (int)sizeof report.param - 1, e->params[0].name);
	snprintf(report.text, sizeof report.text, "%.*s", (int)sizeof report.text - 1,
	         e->nparams > 0 ? e->params[0].reason : e->message);
	send(sync, &report, sizeof report, MSG_NOSIGNAL);
	_exit(EXIT_NOT_EXECUTABLE);
}

static int
enter_namespaces(const struct exec_entry *x, struct err *e)
{
	static const int namespaces =
	        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	if (cgroup_entry_join(&x->groups) < 0)
		return err_sys(e, "enter the container's control groups");
	if (confine_host(e) < 0)
		return -1;
	if (confine_profile(&x->confine) < 0)
		return err_sys(e, "enter the AppArmor profile");
	if (setns(x->init, namespaces) < 0)
		return errno == ESRCH ? err_set(e, ERR_CONFLICT, "The container stopped meanwhile")
		                      : err_sys(e, "enter the container");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become the container's root");
	/* Changed ids made it what fs.suid_dumpable says. */
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? err_sys(e, "protect the process") : 0;
}

/* Whatever the container put in its place: only the multiplexer of a devpts will do. */
static int
open_ptmx(int *master_out, struct err *e)
{
	AUTO_CLOSE int fd = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return err_set(e, ERR_CONFLICT, "the container's /dev/pts/ptmx can't be opened: %s", strerror(errno));
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
	    fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(e, ERR_CONFLICT, "the container's /dev/pts/ptmx is no terminal multiplexer");
	*master_out = take_fd(&fd);
	return 0;
}

static int
open_terminal(const struct request *r, struct exec_streams *streams, struct err *e)
{
	struct winsize size = { .ws_row = r->rows > 0 ? (unsigned short)r->rows : 24,
		                .ws_col = r->columns > 0 ? (unsigned short)r->columns : 80 };
	int unlocked = 0, master = -1, slave;

	if (open_ptmx(&master, e) < 0)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_sys(e, "set up the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(e, "open the terminal");
	*streams = (struct exec_streams){ .theirs = { slave, slave, slave }, .ours = { master }, .nours = 1 };
	return 0;
}

/* Made inside, so that they belong to the container's root and /dev/stdout can be opened again. */
static int
open_pipes(struct exec_streams *streams, struct err *e)
{
	int in[2], out[2], errors[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0)
		return err_sys(e, "make pipes");
	*streams =
	        (struct exec_streams){ .theirs = { in[0], out[1], errors[1] }, .ours = { in[1], out[0], errors[0] }, .nours = 3 };
	return 0;
}

static int
take_streams(struct exec_entry *x, const struct exec_streams *streams, struct err *e)
{
	if (dup3(x->sync, CHILD_SYNC, O_CLOEXEC) < 0)
		return err_sys(e, "move a descriptor");
	x->sync = CHILD_SYNC;
	for (int i = 0; i < 3; i++)
		if (dup2(streams->theirs[i], i) < 0)
			return err_sys(e, "move a descriptor");
	if (close_range(CHILD_SYNC + 1, ~0U, 0) < 0)
		return err_sys(e, "close descriptors");
	if (setsid() < 0)
		return err_sys(e, "start a session");
	if (x->request->tty && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return err_sys(e, "take the terminal");
	return 0;
}

static int
become_user(const struct exec_entry *x, const struct exec_user *user, struct err *e)
{
	const char *what;

	for (int i = 0; i < 3; i++)
		if (fchown(i, user->uid, (gid_t)-1) < 0)
			return err_sys(e, "give the streams to user %u", user->uid);
	if (confine_apply(&x->confine, &what) < 0)
		return err_sys(e, "%s", what);
	if (setgroups(user->ngroups, user->groups) < 0 || setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return err_sys(e, "become user %u", user->uid);
	/* The job is the command's parent; without it nobody would end the command. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "protect the process");
	return 0;
}

/* As the user, with only 0-3 open: no way through /proc/self/fd leads out. A directory outside the root has no path. */
static int
change_directory(const char *cwd, const char *home, struct err *e)
{
	char path[PATH_MAX];

	if (!cwd && chdir(home) < 0 && chdir("/") < 0)
		return err_sys(e, "change to the root directory");
	if (cwd && chdir(cwd) < 0)
		return err_param(e, "cwd", "can't be entered inside: %s", strerror(errno));
	if (!getcwd(path, sizeof path) || path[0] != '/')
		return err_param(e, "cwd", "lies outside the container's root");
	return 0;
}

static bool
env_is_given(const struct strv *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			return true;
	return false;
}

/* The environment is nothing of the host's: what the caller gave, and these where he didn't. */
static char **
make_environment(const struct strv *given, const struct exec_user *user)
{
	const char *const defaults[][2] = {
		{ "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
		{ "HOME", user->home },
		{ "USER", user->name },
		{ "LOGNAME", user->name },
		{ "SHELL", user->shell },
		{ "LANG", "C.UTF-8" },
		{ "container", "berth" },
	};
	struct strv env = { 0 };
	char line[600];

	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		snprintf(line, sizeof line, "%s=%s", defaults[i][0], defaults[i][1]);
		if (!env_is_given(given, defaults[i][0]) && !strv_add(&env, line))
			return NULL;
	}
	for (size_t i = 0; i < given->n; i++)
		if (!strv_add(&env, given->v[i]))
			return NULL;
	return env.v;
}

/* As a shell does: 127 not found, 126 found but not to be run. */
static void __attribute__((noreturn)) run_command(const struct request *r)
{
	int code;

	execvp(r->argv.v[0], r->argv.v);
	code = errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	dprintf(STDERR_FILENO, "berth: %s: %s\n", r->argv.v[0], code == EXIT_NOT_FOUND ? "command not found" : strerror(errno));
	_exit(code);
}

static void __attribute__((noreturn)) exec_command(struct exec_entry *x, const struct exec_streams *streams)
{
	static const struct exec_report ready = { .stage = EXEC_READY };
	const struct request *r = x->request;
	struct exec_user user;
	struct err e = { 0 };

	if (take_streams(x, streams, &e) < 0 || exec_user_find(r->user ? r->user : "root", &user, &e) < 0 ||
	    become_user(x, &user, &e) < 0 || change_directory(r->cwd, user.home, &e) < 0)
		child_fail(x->sync, &e);
	environ = make_environment(&r->env, &user);
	if (!environ || send(x->sync, &ready, sizeof ready, MSG_NOSIGNAL) < 0)
		_exit(EXIT_NOT_EXECUTABLE);
	run_command(r);
}

/* The command becomes the job's own child: nothing has to wait for it here. */
static pid_t
clone_command(int *pidfd_out)
{
	struct clone_args args = { .flags = CLONE_PARENT | CLONE_PIDFD, .pidfd = (uintptr_t)pidfd_out };

	return kernel_clone3(&args);
}

void
exec_enter(struct exec_entry *x)
{
	struct exec_report report = { .stage = EXEC_STARTED };
	struct exec_streams streams;
	struct err e = { 0 };
	int fds[EXEC_PIPE_FDS];
	pid_t pid;

	if (enter_namespaces(x, &e) < 0 ||
	    (x->request->tty ? open_terminal(x->request, &streams, &e) : open_pipes(&streams, &e)) < 0)
		child_fail(x->sync, &e);
	pid = clone_command(&fds[0]);
	if (pid == 0)
		exec_command(x, &streams);
	if (pid < 0) {
		if (errno == EAGAIN)
			err_set(&e, ERR_CONFLICT, "The container has reached its limit of processes");
		else
			err_sys(&e, "fork the command");
		child_fail(x->sync, &e);
	}
	memcpy(fds + 1, streams.ours, streams.nours * sizeof *fds);
	fd_send(x->sync, &report, sizeof report, fds, streams.nours + 1, 0);
	_exit(0);
}
