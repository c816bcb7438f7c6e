/*
 * An engine of make-believe: starts berth-api as the real one does and answers it without touching the kernel. Usage:
 *   fake-engine BERTH_API DIR USER [SECONDS_OF_SLOW]
 * DIR gets the socket and the database. It ends at the end of standard input. What a container's host name says decides
 * what befalls it: "fail…" fails to be created, "slow…" takes until it is cancelled, "hang…" never ends. FAKE_SETTINGS holds more
 * of the api's options: NAME=VALUE words.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/store/row.h"
#include "daemon/util/fd.h"
#include "schema/protocol.h"

enum { FAKE_MAX = 4096, FAKE_SLOW_MAX = 16 };

struct fake_container {
	char id[37];
	char state[16];
	char hostname[65];
	int64_t ctid;
};

struct fake {
	int link;
	struct fake_container containers[FAKE_MAX];
	size_t n;
	int64_t next_ctid;
	char slow[FAKE_SLOW_MAX][37]; /* operations that wait to be cancelled */
};

static void
fake_die(const char *what)
{
	perror(what);
	exit(1);
}

static void
fake_send(struct fake *f, enum msg_type type, const void *record)
{
	struct err e = { 0 };

	while (msg_send(f->link, type, record, NULL, 0, &e) < 0)
		if (e.kind != ERR_BUSY)
			exit(0);
}

static struct fake_container *
fake_find(struct fake *f, const char *id)
{
	for (size_t i = 0; id && i < f->n; i++)
		if (strcmp(f->containers[i].id, id) == 0)
			return &f->containers[i];
	return NULL;
}

static void
fake_observe(struct fake *f, const struct fake_container *c)
{
	struct observed o = { 0 };

	row_put_text(&observed_schema, &o, "id", c->id);
	row_put_text(&observed_schema, &o, "state", c->state);
	row_put_int(&observed_schema, &o, "ctid", c->ctid);
	row_put_int(&observed_schema, &o, "id_base", 1879048192 + ID_RANGE * (c->ctid - FIRST_CTID));
	if (strcmp(c->state, "running") == 0)
		row_put_int(&observed_schema, &o, "pid", 1000 + c->ctid);
	if (strcmp(c->state, "stopped") == 0)
		row_put_text(&observed_schema, &o, "exit", "poweroff");
	fake_send(f, REPLY_OBSERVED, &o);
	record_clear(&observed_schema, &o);
}

static void
fake_done(struct fake *f, const char *op, const struct err *why, const char *result)
{
	struct done done = { 0 };

	if (why)
		done_from_err(&done, op, why);
	else
		row_put_text(&done_schema, &done, "op", op);
	row_put_text(&done_schema, &done, "result", result);
	fake_send(f, REPLY_DONE, &done);
	record_clear(&done_schema, &done);
}

static void
fake_progress(struct fake *f, const char *op, const char *step, int64_t percent)
{
	struct progress p = { 0 };

	row_put_text(&progress_schema, &p, "op", op);
	row_put_text(&progress_schema, &p, "step", step);
	row_put_int(&progress_schema, &p, "percent", percent);
	fake_send(f, REPLY_PROGRESS, &p);
	record_clear(&progress_schema, &p);
}

static void
fake_template(struct fake *f, const char *name, const char *version, int64_t built_at)
{
	struct template t = { 0 };

	row_put_text(&template_schema, &t, "name", name);
	row_put_text(&template_schema, &t, "version", version);
	strv_add(&t.init, "/sbin/init");
	record_mark(&template_schema, &t, "init", true);
	row_put_text(&template_schema, &t, "stop_signal", "USR2");
	row_put_text(&template_schema, &t, "reboot_signal", "TERM");
	row_put_int(&template_schema, &t, "built_at", built_at);
	fake_send(f, REPLY_TEMPLATE, &t);
	record_clear(&template_schema, &t);
}

/* The place of that operation among the slow ones; "" finds a free one. */
static char *
fake_find_slow(struct fake *f, const char *op)
{
	for (size_t i = 0; i < FAKE_SLOW_MAX; i++)
		if (strcmp(f->slow[i], op) == 0)
			return f->slow[i];
	return NULL;
}

static void
fake_create(struct fake *f, const struct request *r)
{
	struct fake_container *c = &f->containers[f->n];
	const char *hostname = r->config.hostname ? r->config.hostname : "";
	struct err why = { 0 };

	fake_progress(f, r->op, "volume", 30);
	if (strncmp(hostname, "hang", 4) == 0)
		return;
	if (strncmp(hostname, "slow", 4) == 0) {
		snprintf(fake_find_slow(f, ""), sizeof f->slow[0], "%s", r->op);
		return;
	}
	if (strncmp(hostname, "fail", 4) == 0 || f->n == FAKE_MAX) {
		err_set(&why, ERR_NO_SPACE, "The pool is full");
		err_code(&why, "pool_full");
		fake_done(f, r->op, &why, NULL);
		return;
	}
	snprintf(c->id, sizeof c->id, "%s", r->id);
	snprintf(c->state, sizeof c->state, "stopped");
	snprintf(c->hostname, sizeof c->hostname, "%s", hostname);
	c->ctid = f->next_ctid++;
	f->n++;
	fake_observe(f, c);
	fake_done(f, r->op, NULL, NULL);
}

static void
fake_delete(struct fake *f, const struct request *r, struct fake_container *c)
{
	struct observed gone = { 0 };

	row_put_text(&observed_schema, &gone, "id", c->id);
	*c = f->containers[--f->n];
	fake_send(f, REPLY_GONE, &gone);
	record_clear(&observed_schema, &gone);
	fake_done(f, r->op, NULL, NULL);
}

static void
fake_become(struct fake *f, const struct request *r, struct fake_container *c, const char *state)
{
	fake_progress(f, r->op, "doing", 50);
	snprintf(c->state, sizeof c->state, "%s", state);
	fake_observe(f, c);
	fake_done(f, r->op, NULL, NULL);
}

static void
fake_stream(struct fake *f, const struct msg *msg)
{
	const struct request *r = msg->record;

	static const char answer[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nstream\n";

	if (fd_write_all(msg->fds[0], answer, sizeof answer - 1) < 0)
		perror("stream");
	fake_done(f, r->op, NULL, NULL);
}

static void
fake_cancel(struct fake *f, const struct request *r)
{
	struct err why = { 0 };
	char *slow = fake_find_slow(f, r->op);

	if (!slow)
		return;
	err_set(&why, ERR_CANCELLED, "Cancelled");
	fake_done(f, r->op, &why, NULL);
	slow[0] = '\0';
}

static void
fake_build(struct fake *f, const struct request *r)
{
	char result[120];

	fake_progress(f, r->op, "fetch", 10);
	fake_template(f, r->template, r->version ? r->version : "3", 300);
	snprintf(result, sizeof result, "{\"template\":\"%s@%s\"}", r->template, r->version ? r->version : "3");
	fake_done(f, r->op, NULL, result);
}

static void
fake_drop_template(struct fake *f, const struct request *r)
{
	struct template t = { 0 };
	char name[81];
	char *at;

	snprintf(name, sizeof name, "%s", r->template);
	at = strchr(name, '@');
	if (at) {
		*at++ = '\0';
		row_put_text(&template_schema, &t, "name", name);
		row_put_text(&template_schema, &t, "version", at);
		strv_add(&t.init, "-");
		record_mark(&template_schema, &t, "init", true);
		row_put_text(&template_schema, &t, "stop_signal", "USR2");
		row_put_text(&template_schema, &t, "reboot_signal", "TERM");
		fake_send(f, REPLY_TEMPLATE_GONE, &t);
	}
	record_clear(&template_schema, &t);
	fake_done(f, r->op, NULL, NULL);
}

static void
fake_answer(struct fake *f, struct msg *msg)
{
	const struct request *r = msg->record;
	struct fake_container *c = fake_find(f, r->id);
	struct err why = { 0 };

	/* No request: nothing is answered. */
	if (msg->type == ISOLATION)
		return;
	printf("%s %s%s\n", msg_info(msg->type)->name, r->id ? r->id : "-", r->config.password ? " with a secret" : "");
	fflush(stdout);
	switch ((int)msg->type) {
	case REQUEST_CREATE:
		fake_create(f, r);
		return;
	case REQUEST_CANCEL:
		fake_cancel(f, r);
		return;
	case REQUEST_TEMPLATE_BUILD:
		fake_build(f, r);
		return;
	case REQUEST_TEMPLATE_DELETE:
		fake_drop_template(f, r);
		return;
	case REQUEST_WHICH:
		if (r->pid != 4)
			fake_done(f, r->op, NULL, "{\"id\":\"x\"}");
		return;
	}
	if (!c) {
		err_set(&why, ERR_NOT_FOUND, "No such container");
		fake_done(f, r->op, &why, NULL);
		return;
	}
	switch ((int)msg->type) {
	case REQUEST_DELETE:
		fake_delete(f, r, c);
		return;
	case REQUEST_START:
	case REQUEST_RESTART:
	case REQUEST_THAW:
		fake_become(f, r, c, "running");
		return;
	case REQUEST_STOP:
		fake_become(f, r, c, "stopped");
		return;
	case REQUEST_FREEZE:
		fake_become(f, r, c, "frozen");
		return;
	case REQUEST_EXEC:
	case REQUEST_CONSOLE:
	case REQUEST_LOGS:
		fake_stream(f, msg);
		fake_done(f, r->op, NULL, NULL);
		return;
	case REQUEST_SET:
		if (r->config.hostname && strncmp(r->config.hostname, "fail", 4) == 0) {
			err_set(&why, ERR_CONFLICT, "It can't be so");
			fake_done(f, r->op, &why, NULL);
			return;
		}
		fake_done(f, r->op, NULL, NULL);
		return;
	case REQUEST_LIMITS:
		fake_done(f, r->op, NULL, "{\"limits\":[]}");
		return;
	}
	fprintf(stderr, "fake-engine: unexpected %s\n", msg_info(msg->type)->name);
	exit(1);
}

/* What it knew at its last run: UUID, CTID, state a line. */
static void
fake_load(struct fake *f, const char *dir)
{
	char path[300];
	long long ctid;
	FILE *file;

	snprintf(path, sizeof path, "%s/fake", dir);
	f->next_ctid = FIRST_CTID;
	file = fopen(path, "r");
	while (file && f->n < FAKE_MAX &&
	       fscanf(file, "%36s %lld %15s %64s", f->containers[f->n].id, &ctid, f->containers[f->n].state,
	              f->containers[f->n].hostname) == 4) {
		f->containers[f->n++].ctid = ctid;
		if (ctid >= f->next_ctid)
			f->next_ctid = ctid + 1;
	}
	if (file)
		fclose(file);
}

static void
fake_save(const struct fake *f, const char *dir)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof path, "%s/fake", dir);
	file = fopen(path, "w");
	if (!file)
		fake_die(path);
	for (size_t i = 0; i < f->n; i++)
		fprintf(file, "%s %lld %s %s\n", f->containers[i].id, (long long)f->containers[i].ctid, f->containers[i].state,
		        f->containers[i].hostname[0] ? f->containers[i].hostname : "-");
	fclose(file);
}

static void
fake_handshake(struct fake *f)
{
	struct ready ready = { 0 };

	fake_template(f, "busybox", "1", 100);
	fake_template(f, "busybox", "2", 200);
	fake_template(f, "debian-12", "1", 100);
	for (size_t i = 0; i < f->n; i++)
		fake_observe(f, &f->containers[i]);
	row_put_text(&ready_schema, &ready, "storage", "btrfs");
	fake_send(f, REPLY_READY, &ready);
	record_clear(&ready_schema, &ready);
}

static int
fake_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0 || chmod(path, 0666) < 0)
		fake_die(path);
	return fd;
}

static void
fake_take_settings(struct settings *settings)
{
	char *copy = strdup(getenv("FAKE_SETTINGS") ? getenv("FAKE_SETTINGS") : ""), *save = NULL;
	struct err e = { 0 };

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (!value)
			fake_die(word);
		*value++ = '\0';
		if (record_set_text(&settings_schema, settings, word, value, &e) < 0)
			fake_die(word);
	}
	free(copy);
}

static int
fake_settings(const char *dir, const char *user)
{
	struct settings settings = { 0 };
	struct json_object *json;
	const char *text, *level = getenv("FAKE_LOG");
	int fd = memfd_create("settings", MFD_CLOEXEC);

	row_put_text(&settings_schema, &settings, "state_dir", dir);
	row_put_text(&settings_schema, &settings, "run_dir", "/tmp/fake");
	row_put_text(&settings_schema, &settings, "api_user", user);
	row_put_text(&settings_schema, &settings, "admin_group", "daemon");
	row_put_text(&settings_schema, &settings, "log_level", level ? level : "info");
	row_put_int(&settings_schema, &settings, "max_connections", 64);
	row_put_int(&settings_schema, &settings, "max_body", 65536);
	fake_take_settings(&settings);
	settings_apply_defaults(&settings);
	json = record_to_json(&settings_schema, &settings, true);
	text = json_object_to_json_string(json);
	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		fake_die("settings");
	json_object_put(json);
	record_clear(&settings_schema, &settings);
	return fd;
}

static pid_t
fake_spawn(const char *program, int listen_fd, int link_fd, int settings_fd)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	int high[3] = { fcntl(listen_fd, F_DUPFD_CLOEXEC, 20), fcntl(link_fd, F_DUPFD_CLOEXEC, 20),
		        fcntl(settings_fd, F_DUPFD_CLOEXEC, 20) };
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, high[i], 3 + i);
	errno = posix_spawn(&pid, program, &actions, NULL, argv, environ);
	if (errno)
		fake_die(program);
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < 3; i++)
		close(high[i]);
	return pid;
}

static void
fake_make_directory(const char *dir, const char *user)
{
	const struct passwd *pw = getpwnam(user);
	char path[300];

	snprintf(path, sizeof path, "%s/db", dir);
	if (!pw || (mkdir(path, 0700) < 0 && errno != EEXIST) || chown(path, pw->pw_uid, pw->pw_gid) < 0)
		fake_die(path);
}

/* Until standard input ends, or the api does. */
static void
fake_serve(struct fake *f)
{
	struct pollfd fds[2] = { { .fd = f->link, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

	for (;;) {
		struct msg msg = { 0 };
		struct err e = { 0 };
		char byte;

		if (poll(fds, 2, -1) < 0)
			fake_die("poll");
		if (fds[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			return;
		if (!fds[0].revents)
			continue;
		if (msg_recv(f->link, &msg, &e) != 1) {
			fprintf(stderr, "fake-engine: the api has ended%s%s\n", e.message[0] ? ": " : "", e.message);
			return;
		}
		fake_answer(f, &msg);
		msg_clear(&msg);
	}
}

int
main(int argc, char **argv)
{
	struct fake *f = calloc(1, sizeof *f);
	char path[300];
	int pair[2], listen_fd, settings_fd, status = 0;
	pid_t pid;

	if (argc != 4 || !f) {
		fprintf(stderr, "usage: fake-engine BERTH_API DIR USER\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	fake_make_directory(argv[2], argv[3]);
	fake_load(f, argv[2]);
	snprintf(path, sizeof path, "%s/sock", argv[2]);
	listen_fd = fake_listen(path);
	settings_fd = fake_settings(argv[2], argv[3]);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		fake_die("socketpair");
	pid = fake_spawn(argv[1], listen_fd, pair[1], settings_fd);
	close(listen_fd);
	close(settings_fd);
	close(pair[1]);
	f->link = pair[0];
	printf("pid %d\n", (int)pid);
	fflush(stdout);
	fake_handshake(f);
	fake_serve(f);
	fake_save(f, argv[2]);
	close(f->link);
	waitpid(pid, &status, 0);
	printf("status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	free(f);
	return status != 0;
}
