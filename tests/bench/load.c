/*
 * Load: N requests over kept connections on a Unix socket, one after another on each; rate and latency percentiles.
 *   load [-c CONNECTIONS] [-t TOKEN] SOCKET PATH N [json]
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LOAD_BUFFER = 4 << 20, LOAD_WARM = 200, LOAD_CONNECTIONS = 64 };

struct load_connection {
	int fd;
	char *buffer;
	size_t len;
	size_t size; /* of the answer; 0: not known yet */
	double sent_us;
};

struct load {
	struct load_connection connections[LOAD_CONNECTIONS];
	struct pollfd polled[LOAD_CONNECTIONS];
	size_t nconnections;
	char request[512];
	size_t request_len;
};

static double
load_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
load_connect(struct load *l, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		load_die(path);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (size_t i = 0; i < l->nconnections; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		l->connections[i] = (struct load_connection){ .fd = fd, .buffer = malloc(LOAD_BUFFER) };
		l->polled[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
		if (fd < 0 || !l->connections[i].buffer || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
			load_die(path);
	}
}

/* Bytes of the whole answer once its head is there, else 0. */
static size_t
load_answer_size(const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4), *at = data;
	size_t body = 0;

	if (!end)
		return 0;
	while (at < end) {
		if (strncasecmp(at, "content-length:", 15) == 0)
			body = strtoul(at + 15, NULL, 10);
		at = (const char *)memchr(at, '\n', (size_t)(end + 2 - at)) + 1;
	}
	return (size_t)(end - data) + 4 + body;
}

static void
load_send(const struct load *l, struct load_connection *c)
{
	c->len = c->size = 0;
	c->sent_us = load_now_us();
	if (send(c->fd, l->request, l->request_len, MSG_NOSIGNAL) != (ssize_t)l->request_len)
		load_die("send");
}

/* Whether the whole answer is there. */
static int
load_receive(struct load_connection *c)
{
	ssize_t n = recv(c->fd, c->buffer + c->len, LOAD_BUFFER - c->len, 0);

	if (n <= 0)
		load_die("receive");
	c->len += (size_t)n;
	if (c->size == 0)
		c->size = load_answer_size(c->buffer, c->len);
	if (c->size == 0 || c->len < c->size)
		return 0;
	if (strncmp(c->buffer, "HTTP/1.1 200", 12) != 0) {
		fprintf(stderr, "load: %.*s\n", (int)strcspn(c->buffer, "\r"), c->buffer);
		exit(1);
	}
	return 1;
}

/* n answers in all; how long each took to *took, or NULL. */
static void
load_run(struct load *l, long n, double *took)
{
	long sent = 0, got = 0;

	for (size_t i = 0; i < l->nconnections && sent < n; i++, sent++)
		load_send(l, &l->connections[i]);
	while (got < n) {
		/* One alone is waited for where it is received. */
		if (l->nconnections > 1 && poll(l->polled, l->nconnections, 10000) <= 0)
			load_die("wait");
		for (size_t i = 0; i < l->nconnections; i++) {
			struct load_connection *c = &l->connections[i];

			if ((l->nconnections > 1 && !l->polled[i].revents) || !load_receive(c))
				continue;
			if (took)
				took[got] = load_now_us() - c->sent_us;
			got++;
			if (sent < n) {
				load_send(l, c);
				sent++;
			}
		}
	}
}

static int
load_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
load_print(const double *took, long n, double total_us, int json)
{
	double rate = (double)n * 1e6 / total_us, median = took[n / 2], p95 = took[n * 95 / 100], p99 = took[n * 99 / 100];

	if (json)
		printf("{\"requests\":%ld,\"per_second\":%.0f,\"median_us\":%.1f,\"p95_us\":%.1f,\"p99_us\":%.1f}\n", n, rate,
		       median, p95, p99);
	else
		printf("%ld requests: %.0f/s, median %.1f us, p95 %.1f us, p99 %.1f us\n", n, rate, median, p95, p99);
}

int
main(int argc, char **argv)
{
	struct load l = { .nconnections = 1 };
	const char *token = NULL;
	double *took, start;
	int opt;
	long n;

	while ((opt = getopt(argc, argv, "c:t:")) != -1) {
		if (opt == 'c')
			l.nconnections = strtoul(optarg, NULL, 10);
		else if (opt == 't')
			token = optarg;
		else
			return 2;
	}
	argv += optind;
	argc -= optind;
	n = argc >= 3 ? strtol(argv[2], NULL, 10) : 0;
	if (n <= 0 || l.nconnections == 0 || l.nconnections > LOAD_CONNECTIONS) {
		fprintf(stderr, "usage: load [-c CONNECTIONS] [-t TOKEN] SOCKET PATH N [json]\n");
		return 2;
	}
	took = calloc((size_t)n, sizeof *took);
	if (!took)
		load_die("memory");
	l.request_len = (size_t)snprintf(l.request, sizeof l.request,
	                                 "GET %.300s HTTP/1.1\r\nHost: berth\r\n%s%.100s%sAccept: application/json\r\n\r\n",
	                                 argv[1], token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "");
	load_connect(&l, argv[0]);
	load_run(&l, n < LOAD_WARM ? 1 : LOAD_WARM, NULL);
	start = load_now_us();
	load_run(&l, n, took);
	start = load_now_us() - start;
	qsort(took, (size_t)n, sizeof *took, load_compare);
	load_print(took, n, start, argc > 3);
	free(took);
	return 0;
}
