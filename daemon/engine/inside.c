#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "daemon/engine/kernel.h"
#include "daemon/engine/rootfs.h"
#include "daemon/util/clock.h"
#include "daemon/util/fd.h"

/* What the child says at its end: one write, small enough to be whole. */
struct inside_result {
	int rc;
	struct err error;
};

_Static_assert(sizeof(struct inside_result) <= 4096, "written to a pipe in one piece");

/* The tree becomes the only thing mounted, then the user namespace is entered. */
static int
inside_enter_tree(const struct spec *spec, struct err *e)
{
	AUTO_CLOSE int userns = -1, root = -1;
	char dir[SPEC_PATH_MAX];

	if (rootfs_userns_open(spec, &userns, e) < 0)
		return -1;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(e, "make a mount namespace");
	if (rootfs_mount(spec, userns, &root, e) < 0)
		return -1;
	if (move_mount(root, "", AT_FDCWD, spec_volume_dir(spec, dir), MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(e, "attach the container's root");
	if (fchdir(root) < 0 || kernel_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, "change to the container's root");
	if (setns(userns, CLONE_NEWUSER) < 0)
		return err_sys(e, "enter the user namespace");
	return 0;
}

static int
inside_enter_running(const struct spec *spec, pid_t init_pid, struct err *e)
{
	AUTO_CLOSE int pidfd = -1;

	if (rootfs_open_init(spec, init_pid, &pidfd, e) < 0)
		return -1;
	/* Not dumpable before the first moment at which the container's root could look at this process. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setns(pidfd, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return err_sys(e, "enter the container");
	return chdir("/") < 0 ? err_sys(e, "enter the container's root") : 0;
}

static int
inside_become_root(struct err *e)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become the container's root");
	/* Changed ids reset both. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(e, "protect the process");
	return 0;
}

static int
inside_close_others(int *out, struct err *e)
{
	if (*out != 3 && dup3(*out, 3, O_CLOEXEC) < 0)
		return err_sys(e, "move a descriptor");
	*out = 3;
	return close_range(4, ~0U, 0) < 0 ? err_sys(e, "close descriptors") : 0;
}

static void __attribute__((noreturn))
inside_child(const struct spec *spec, pid_t init_pid, int (*work)(void *arg, struct err *e), void *arg, int out)
{
	struct inside_result result = { 0 };

	result.rc = init_pid > 0 ? inside_enter_running(spec, init_pid, &result.error) : inside_enter_tree(spec, &result.error);
	if (result.rc == 0)
		result.rc = inside_become_root(&result.error);
	if (result.rc == 0)
		result.rc = inside_close_others(&out, &result.error);
	if (result.rc == 0)
		result.rc = work(arg, &result.error);
	_exit(fd_write_all(out, &result, sizeof result) < 0);
}

/* The child's word is bounded like any stranger's: it has read what a tenant wrote. */
static int
inside_take_result(int in, int timeout_ms, struct err *e)
{
	struct inside_result result = { .rc = -1 };
	struct pollfd p = { .fd = in, .events = POLLIN };
	int64_t deadline_ms = clock_ms(CLOCK_MONOTONIC) + timeout_ms;
	int n;

	do {
		int64_t left_ms = deadline_ms - clock_ms(CLOCK_MONOTONIC);

		n = poll(&p, 1, left_ms > 0 ? (int)left_ms : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_set(e, ERR_TIMEOUT, "Work in the container's tree took more than %d s", timeout_ms / 1000);
	if (n < 0 || read(in, &result, sizeof result) != (ssize_t)sizeof result)
		return err_set(e, ERR_INTERNAL, "the helper in the container's tree died");
	if (result.rc == 0)
		return 0;
	result.error.message[sizeof result.error.message - 1] = '\0';
	result.error.code[sizeof result.error.code - 1] = '\0';
	if (result.error.nparams > ERR_PARAMS_MAX)
		result.error.nparams = ERR_PARAMS_MAX;
	for (size_t i = 0; i < result.error.nparams; i++) {
		result.error.params[i].name[sizeof result.error.params[i].name - 1] = '\0';
		result.error.params[i].reason[sizeof result.error.params[i].reason - 1] = '\0';
	}
	if (e)
		*e = result.error;
	return -1;
}

int
rootfs_run_inside(const struct spec *spec, pid_t init_pid, int (*work)(void *arg, struct err *e), void *arg, int timeout_ms,
                  struct err *e)
{
	AUTO_CLOSE int in = -1;
	int ends[2], rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	in = ends[0];
	pid = fork();
	if (pid == 0)
		inside_child(spec, init_pid, work, arg, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return err_sys(e, "fork");
	rc = inside_take_result(in, timeout_ms, e);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return rc;
}
