#include "daemon/engine/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/util/fd.h"
#include "daemon/util/strv.h"
#include "schema/spec.h"

enum { LISTEN_BACKLOG = 1024 };

/* The name that berthd-token.socket gives its sockets. */
static const char listen_token_name[] = "token";

/* Everyone may connect; who may do what is decided by the peer's credentials, or by the token. */
static int
listen_unix(const char *path, const char *option, int *fd_out, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, "make the API's socket");
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(e, ERR_INVALID, "option '%s' is longer than %zu bytes", option, sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path));
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, "replace '%s'", path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0666) < 0 ||
	    listen(fd, LISTEN_BACKLOG) < 0)
		return err_sys(e, "listen on '%s'", path);
	*fd_out = take_fd(&fd);
	return 0;
}

/* What is accepted inherits these; the api may not set them. */
static int
listen_tune_tcp(int fd, struct err *e)
{
	static const int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) < 0)
		return err_sys(e, "prepare a socket for tokens");
	return 0;
}

static int
listen_tcp(const char *text, const struct sockaddr_storage *address, socklen_t len, int *fd_out, struct err *e)
{
	AUTO_CLOSE int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	static const int one = 1;

	if (fd < 0)
		return err_sys(e, "make the socket of '%s' (option token_listen)", text);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || listen_tune_tcp(fd, e) < 0)
		return err_is_set(e) ? -1 : err_sys(e, "prepare the socket of '%s'", text);
	if (bind(fd, (const struct sockaddr *)address, len) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
		return err_sys(e, "listen on '%s' (option token_listen)", text);
	*fd_out = take_fd(&fd);
	return 0;
}

static int
listen_take_named_token(struct listeners *listeners, int fd, struct err *e)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	if (listeners->ntokens == TOKEN_LISTEN_MAX)
		return err_set(e, ERR_INVALID, "systemd hands over more than %d sockets for tokens", TOKEN_LISTEN_MAX);
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return err_sys(e, "look at systemd's socket for tokens");
	if (address.ss_family != AF_UNIX && !settings_is_loopback(&address))
		return err_set(
		        e, ERR_INVALID,
		        "systemd's socket for tokens would be reached from outside: ListenStream in berthd-token.socket must name "
		        "a path or a loopback address, and a proxy with TLS stand before it");
	if (address.ss_family != AF_UNIX && listen_tune_tcp(fd, e) < 0)
		return -1;
	listeners->tokens[listeners->ntokens++] = fd;
	return 0;
}

static int
listen_take(const struct settings *settings, struct listeners *listeners, int fd, const char *name, struct err *e)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_sys(e, "take systemd's socket");
	if (fd_set_nonblock(fd, true, e) < 0)
		return -1;
	if (strcmp(name, listen_token_name) == 0) {
		if (settings_token_listen_is_off(settings))
			return err_set(e, ERR_INVALID,
			               "option 'token_listen' is off, but systemd hands over a socket for tokens: "
			               "systemctl disable --now berthd-token.socket");
		return listen_take_named_token(listeners, fd, e);
	}
	if (listeners->socket >= 0 || sd_is_socket_unix(fd, SOCK_STREAM, 1, settings->socket, 0) <= 0)
		return err_set(e, ERR_INVALID, "systemd's socket isn't '%s': let option 'socket' and berthd.socket name the same",
		               settings->socket);
	listeners->socket = fd;
	return 0;
}

static int
listen_take_all(const struct settings *settings, struct listeners *listeners, struct err *e)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(0, &names), rc = 0;

	if (n < 0) {
		errno = -n;
		return err_sys(e, "take systemd's sockets");
	}
	for (int i = 0; rc == 0 && i < n; i++)
		rc = listen_take(settings, listeners, SD_LISTEN_FDS_START + i, names ? names[i] : "", e);
	for (int i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
	return rc;
}

static bool
listen_is_there(const struct listeners *listeners, const struct sockaddr_storage *wanted, const char *path)
{
	for (size_t i = 0; i < listeners->ntokens; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t len = sizeof address;

		if (path ? sd_is_socket_unix(listeners->tokens[i], SOCK_STREAM, 1, path, 0) > 0
		         : getsockname(listeners->tokens[i], (struct sockaddr *)&address, &len) == 0 &&
		                    memcmp(&address, wanted, len) == 0)
			return true;
	}
	return false;
}

static int
listen_for_tokens(struct listeners *listeners, const char *text, struct err *e)
{
	struct sockaddr_storage address;
	socklen_t len;
	bool tcp = settings_parse_loopback(text, &address, &len);
	int fd = -1;

	if (listen_is_there(listeners, &address, tcp ? NULL : text))
		return 0;
	if (listeners->ntokens == TOKEN_LISTEN_MAX)
		return err_set(e, ERR_INVALID, "option 'token_listen' and systemd name more than %d sockets", TOKEN_LISTEN_MAX);
	if ((tcp ? listen_tcp(text, &address, len, &fd, e) : listen_unix(text, "token_listen", &fd, e)) < 0)
		return -1;
	listeners->tokens[listeners->ntokens++] = fd;
	return 0;
}

static void
listen_remove_default(const struct settings *settings)
{
	char path[SPEC_PATH_MAX];

	if (snprintf(path, sizeof path, "%s/token.sock", settings->run_dir) < (int)sizeof path)
		unlink(path);
}

int
listen_open(const struct settings *settings, struct listeners *listeners, struct err *e)
{
	if (listen_take_all(settings, listeners, e) < 0)
		return -1;
	if (listeners->socket < 0 && listen_unix(settings->socket, "socket", &listeners->socket, e) < 0)
		return -1;
	if (settings_token_listen_is_off(settings)) {
		/* One of before would take connections to nobody. */
		listen_remove_default(settings);
		return 0;
	}
	for (size_t i = 0; i < settings->token_listen.n; i++)
		if (listen_for_tokens(listeners, settings->token_listen.v[i], e) < 0)
			return -1;
	return 0;
}

void
listen_close(struct listeners *listeners)
{
	if (listeners->socket >= 0)
		close(listeners->socket);
	listeners->socket = -1;
	while (listeners->ntokens > 0)
		close(listeners->tokens[--listeners->ntokens]);
}

void
listen_remove(const struct settings *settings)
{
	unlink(settings->socket);
	for (size_t i = 0; i < settings->token_listen.n; i++)
		if (settings->token_listen.v[i][0] == '/')
			unlink(settings->token_listen.v[i]);
}
