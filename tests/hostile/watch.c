/*
 * What a hostile root runs inside besides guest.c's attempts: `watch SECONDS` looks at each process that appears and is none of the
 * container's own programs, and tries all that leads from a process to what it has: its descriptors, memory, root, program and
 * environment, tracing. `connect NAME…` tries to reach Unix sockets by path, or @NAME in the abstract. Static: it is run inside.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int seen, reached;

static void
reach(pid_t pid, const char *what)
{
	reached++;
	printf("REACHED %s of %d\n", what, pid);
}

static void
try_open(pid_t pid, const char *what, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return;
	/* mem of what isn't ours opens nowhere; what opens must at least say nothing. */
	if (flags & O_DIRECTORY || flags & O_PATH || flags & O_WRONLY || read(fd, path, sizeof path) > 0)
		reach(pid, what);
	close(fd);
}

static void
try_all(pid_t pid)
{
	static const struct {
		const char *what;
		int flags;
	} ways[] = { { "fd", O_RDONLY | O_DIRECTORY },
		     { "fdinfo", O_RDONLY | O_DIRECTORY },
		     { "fd/3", O_RDWR },
		     { "fd/4", O_PATH },
		     { "root/etc", O_PATH },
		     { "cwd/.", O_PATH },
		     { "exe", O_WRONLY },
		     { "exe", O_RDONLY },
		     { "environ", O_RDONLY },
		     { "maps", O_RDONLY },
		     { "mem", O_RDWR },
		     { "map_files", O_RDONLY | O_DIRECTORY },
		     { "ns/mnt", O_PATH },
		     { "auxv", O_RDONLY },
		     { "stack", O_RDONLY },
		     { "syscall", O_RDONLY } };
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };
	int pidfd;

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		try_open(pid, ways[i].what, ways[i].flags);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0)
		reach(pid, "ptrace");
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) == 1 || errno == EFAULT)
		reach(pid, "process_vm_readv");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int fd = 0; pidfd >= 0 && fd < 8; fd++)
		if (syscall(SYS_pidfd_getfd, pidfd, fd, 0) >= 0)
			reach(pid, "pidfd_getfd");
	if (pidfd >= 0)
		close(pidfd);
}

/* What is on its way in still bears the name of the host's program. */
static int
is_entering(pid_t pid)
{
	char path[64], name[32] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, name, sizeof name - 1) < 0)
		name[0] = '\0';
	close(fd);
	return strncmp(name, "berth", 5) == 0;
}

static void
watch(double seconds)
{
	time_t end = time(NULL) + (time_t)seconds;

	while (time(NULL) < end) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

			if (pid < 2 || !is_entering(pid))
				continue;
			seen++;
			/* It may have become the command meanwhile: that is the container's. */
			if (fork() == 0) {
				reached = 0;
				try_all(pid);
				_exit(reached > 0 && is_entering(pid) ? 1 : 0);
			}
			int status = 0;
			wait(&status);
			reached += WEXITSTATUS(status);
		}
		if (proc)
			closedir(proc);
	}
	printf("seen %d reached %d\n", seen, reached);
}

static void
try_connect(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(name) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, name, strlen(name));
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	else
		len++;
	printf("%s %s\n", connect(s, (struct sockaddr *)&to, len) == 0 ? "REACHED" : "refused", name);
	close(s);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "watch") == 0)
		watch(strtod(argv[2], NULL));
	for (int i = 2; argc > 2 && strcmp(argv[1], "connect") == 0 && i < argc; i++)
		try_connect(argv[i]);
	return argc < 3;
}
