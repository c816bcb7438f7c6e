/*
 * What a way between two network namespaces carries. Each end is held on a processor of its own, for a scheduler that moves them
 * about is louder than what is measured.
 *
 *   wire serve PORT                              answers the others until it is killed
 *   wire turns|small ADDRESS PORT MS             for so long, and prints: the median and the 99th percentile of a byte's way and
 *                                                back in microseconds; datagrams of 64 bytes a second
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TURNS_MAX = 1 << 20, BATCH = 64, WINDOW = 4, DATAGRAM = 64, LOST_MS = 200 };

union name {
	struct sockaddr any;
	struct sockaddr_in six_less;
	struct sockaddr_in6 six;
};

struct request {
	char what; /* of "turns", "small" the first */
	int64_t ms;
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static int
check(int rc, const char *what)
{
	if (rc < 0)
		die(what);
	return rc;
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Where there is one processor, both are there. Who else works on this machine waits. */
static void
hold(int cpu)
{
	const struct sched_param first = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof set, &set);
	sched_setscheduler(0, SCHED_RR, &first);
}

static socklen_t
name_of(const char *address, int port, union name *out)
{
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET6, address, &out->six.sin6_addr) == 1) {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_port = htons((uint16_t)port);
		return sizeof out->six;
	}
	if (inet_pton(AF_INET, address, &out->six_less.sin_addr) != 1)
		die(address);
	out->six_less.sin_family = AF_INET;
	out->six_less.sin_port = htons((uint16_t)port);
	return sizeof out->six_less;
}

static void
take_all(int fd, void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = recv(fd, (char *)data + done, size - done, 0);

		if (n <= 0)
			die("receive");
		done += (size_t)n;
	}
}

static void
echo(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) == 1)
		if (send(fd, &byte, 1, 0) != 1)
			return;
}

/* Each batch is answered by its number, so that as many are sent as arrive. */
static void
take_small(int control)
{
	static struct mmsghdr messages[BATCH];
	static struct iovec parts[BATCH];
	static char data[BATCH][DATAGRAM];
	union name own, peer;
	socklen_t len = sizeof own;
	uint32_t taken = 0, last = 0;
	int fd, n;

	check(getsockname(control, &own.any, &len), "name");
	own.six.sin6_port = 0;
	fd = check(socket(own.any.sa_family, SOCK_DGRAM, 0), "socket");
	check(bind(fd, &own.any, len), "bind");
	check(getsockname(fd, &own.any, &len), "name");
	check((int)send(control, &own.six.sin6_port, sizeof own.six.sin6_port, 0), "send");
	for (int i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){ data[i], DATAGRAM };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &parts[i], .msg_iovlen = 1 };
	}
	messages[0].msg_hdr.msg_name = &peer;
	for (;;) {
		struct pollfd ended = { .fd = control, .events = POLLIN };

		messages[0].msg_hdr.msg_namelen = sizeof peer;
		n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0 && poll(&ended, 1, 0) > 0)
			break;
		/* Who sleeps has to be woken by the sender, and the longer each packet takes, the more often. */
		sched_yield();
		taken += n > 0 ? (uint32_t)n : 0;
		for (; taken / BATCH > last; last++)
			sendto(fd, &last, sizeof last, 0, &peer.any, messages[0].msg_hdr.msg_namelen);
	}
	check((int)send(control, &taken, sizeof taken, 0), "send");
}

static void
answer(int fd)
{
	struct request request;

	hold(1);
	take_all(fd, &request, sizeof request);
	if (request.what == 't')
		echo(fd);
	else
		take_small(fd);
}

static void
set_no_delay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void
serve(int port)
{
	union name any;
	socklen_t len = name_of("::", port, &any);
	int fd = check(socket(AF_INET6, SOCK_STREAM, 0), "socket"), on = 1, peer;

	signal(SIGCHLD, SIG_IGN);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	check(bind(fd, &any.any, len), "bind");
	check(listen(fd, 16), "listen");
	for (;;) {
		peer = check(accept(fd, NULL, NULL), "accept");
		set_no_delay(peer);
		if (fork() == 0) {
			close(fd);
			answer(peer);
			_exit(0);
		}
		close(peer);
	}
}

static int
compare(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
print_turns(int fd, int64_t ms)
{
	static int32_t times[TURNS_MAX];
	int64_t begin = now_ns(), end = begin + ms * 1000000;
	size_t n = 0;
	char byte = 0;

	for (; n < TURNS_MAX && begin < end; n++) {
		int64_t after;

		check((int)send(fd, &byte, 1, 0), "send");
		take_all(fd, &byte, 1);
		after = now_ns();
		times[n] = (int32_t)(after - begin);
		begin = after;
	}
	qsort(times, n, sizeof *times, compare);
	printf("%.2f %.2f\n", times[n / 2] / 1e3, times[n * 99 / 100] / 1e3);
}

static void
print_small(int control, union name *to, socklen_t len, int64_t ms)
{
	static struct mmsghdr messages[BATCH];
	static char data[DATAGRAM];
	struct iovec part = { data, DATAGRAM };
	int fd = check(socket(to->any.sa_family, SOCK_DGRAM, 0), "socket");
	int64_t begin, end;
	uint32_t answered;
	int sent = 0;

	take_all(control, &to->six.sin6_port, sizeof to->six.sin6_port);
	check(connect(fd, &to->any, len), "connect");
	for (int i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	begin = now_ns();
	end = begin + ms * 1000000;
	while (now_ns() < end) {
		struct pollfd polled = { .fd = fd, .events = POLLIN };

		for (; sent < WINDOW; sent++)
			check(sendmmsg(fd, messages, BATCH, 0), "send");
		/* What is lost is nobody's to wait for. */
		if (poll(&polled, 1, LOST_MS) == 0)
			sent = 0;
		while (recv(fd, &answered, sizeof answered, MSG_DONTWAIT) == sizeof answered)
			sent -= sent > 0;
	}
	end = now_ns();
	shutdown(control, SHUT_WR);
	take_all(control, &answered, sizeof answered);
	printf("%.0f\n", answered * 1e9 / (double)(end - begin));
}

static void
ask(const char *what, const char *address, int port, int64_t ms)
{
	struct request request = { .what = what[0], .ms = ms };
	union name to;
	socklen_t len = name_of(address, port, &to);
	int fd = check(socket(to.any.sa_family, SOCK_STREAM, 0), "socket");

	hold(0);
	check(connect(fd, &to.any, len), "connect");
	set_no_delay(fd);
	check((int)send(fd, &request, sizeof request, 0), "send");
	if (what[0] == 't')
		print_turns(fd, ms);
	else
		print_small(fd, &to, len, ms);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		serve((int)strtol(argv[2], NULL, 10));
	} else if (argc == 5 && strchr("ts", argv[1][0])) {
		ask(argv[1], argv[2], (int)strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
	} else {
		fprintf(stderr, "usage: wire serve PORT | wire turns|small ADDRESS PORT MS\n");
		return 2;
	}
	return 0;
}
