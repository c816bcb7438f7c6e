/*
 * Load: N requests, one after another, over one kept connection on a Unix socket; rate and latency percentiles.
 *   load SOCKET PATH N [json]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LOAD_BUFFER = 4 << 20, LOAD_WARM = 200 };

struct load {
	int fd;
	char *buffer;
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
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&address, sizeof address) < 0)
		load_die(path);
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
load_once(struct load *l)
{
	size_t len = 0, size = 0;

	if (send(l->fd, l->request, l->request_len, MSG_NOSIGNAL) != (ssize_t)l->request_len)
		load_die("send");
	while (size == 0 || len < size) {
		ssize_t n = recv(l->fd, l->buffer + len, LOAD_BUFFER - len, 0);

		if (n <= 0)
			load_die("receive");
		len += (size_t)n;
		if (size == 0)
			size = load_answer_size(l->buffer, len);
	}
	if (strncmp(l->buffer, "HTTP/1.1 200", 12) != 0) {
		fprintf(stderr, "load: %.*s\n", (int)strcspn(l->buffer, "\r"), l->buffer);
		exit(1);
	}
}

static int
load_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	struct load l = { .buffer = malloc(LOAD_BUFFER) };
	long n = argc >= 4 ? strtol(argv[3], NULL, 10) : 0;
	double *took, start, total;

	if (n <= 0 || !l.buffer) {
		fprintf(stderr, "usage: load SOCKET PATH N [json]\n");
		return 2;
	}
	took = calloc((size_t)n, sizeof *took);
	if (!took)
		load_die("memory");
	l.request_len = (size_t)snprintf(l.request, sizeof l.request,
	                                 "GET %.300s HTTP/1.1\r\nHost: berth\r\nAccept: application/json\r\n\r\n", argv[2]);
	load_connect(&l, argv[1]);
	for (int i = 0; i < LOAD_WARM; i++)
		load_once(&l);
	start = load_now_us();
	for (long i = 0; i < n; i++) {
		double before = load_now_us();

		load_once(&l);
		took[i] = load_now_us() - before;
	}
	total = load_now_us() - start;
	qsort(took, (size_t)n, sizeof *took, load_compare);
	if (argc > 4)
		printf("{\"requests\":%ld,\"per_second\":%.0f,\"median_us\":%.1f,\"p95_us\":%.1f,\"p99_us\":%.1f}\n", n,
		       (double)n * 1e6 / total, took[n / 2], took[n * 95 / 100], took[n * 99 / 100]);
	else
		printf("%ld requests: %.0f/s, median %.1f us, p95 %.1f us, p99 %.1f us\n", n, (double)n * 1e6 / total, took[n / 2],
		       took[n * 95 / 100], took[n * 99 / 100]);
	free(took);
	free(l.buffer);
	close(l.fd);
	return 0;
}
