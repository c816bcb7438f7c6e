/* Takes as much of one thing as it gets, for some seconds: flood WHAT SECONDS. Static: it is run inside. Says how many it got. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One more; -1 with errno. */
static int
one_pty(int n)
{
	return open("/dev/ptmx", O_RDWR | O_NOCTTY);
}

static int
one_mount(int n)
{
	return mount("none", "/mnt", "tmpfs", 0, "size=4096");
}

static int
one_cgroup(int n)
{
	char path[64];

	snprintf(path, sizeof path, "/sys/fs/cgroup/flood%d", n);
	return mkdir(path, 0755);
}

static int
one_inotify(int n)
{
	static int fd = -1;
	char path[64];

	if (n % 1000 == 0)
		fd = inotify_init();
	snprintf(path, sizeof path, "/tmp/watched%d", n);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	return fd < 0 ? -1 : inotify_add_watch(fd, path, IN_ALL_EVENTS);
}

static int
one_fanotify(int n)
{
	return fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
}

static int
one_in_flight(int n)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	static int pair[2] = { -1, -1 };
	int next[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, next) < 0)
		return -1;
	/* Each holds the one before. */
	if (pair[0] >= 0) {
		memcpy(CMSG_DATA(&control.header), &pair[0], sizeof(int));
		if (sendmsg(next[1], &msg, MSG_DONTWAIT) < 0)
			return -1;
		close(pair[0]);
		close(pair[1]);
	}
	memcpy(pair, next, sizeof pair);
	return 0;
}

static int
one_segment(int n)
{
	int id = shmget(IPC_PRIVATE, 1 << 20, 0600), queue = msgget(IPC_PRIVATE, 0600);
	char *at = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
	struct {
		long type;
		char text[8000];
	} message = { 1, "x" };

	if (at != (char *)-1)
		memset(at, 1, 1 << 20);
	while (queue >= 0 && msgsnd(queue, &message, sizeof message.text, IPC_NOWAIT) == 0)
		continue;
	return id < 0 && queue < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*one)(int n);
} floods[] = { { "ptys", one_pty },          { "mounts", one_mount },       { "cgroups", one_cgroup }, { "inotify", one_inotify },
	       { "fanotify", one_fanotify }, { "inflight", one_in_flight }, { "shm", one_segment } };

int
main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 2 ? strtol(argv[2], NULL, 10) : 0);
	struct rlimit files;
	int got = 0, why = 0;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (size_t i = 0; argc > 2 && i < sizeof floods / sizeof *floods; i++)
		for (int n = 0; strcmp(floods[i].name, argv[1]) == 0 && time(NULL) < end; n++) {
			if (floods[i].one(n) >= 0) {
				got++;
				continue;
			}
			why = errno;
			usleep(1000);
		}
	printf("%s: %d, then %s\n", argc > 1 ? argv[1] : "", got, why ? strerrorname_np(why) : "no end");
	return 0;
}
