/*
 * What the api accepts connections on: the engine opens it, or takes it from systemd, and hands it over, since the api may open
 * nothing itself. The socket knows its callers by their credentials; what is for bearer tokens alone stands apart from it.
 */
#ifndef BERTH_LISTEN_H
#define BERTH_LISTEN_H

#include "schema/settings.h"

/* Descriptors: -1 and 0 of them before listen_open(). */
struct listeners {
	int socket;
	int tokens[TOKEN_LISTEN_MAX];
	size_t ntokens;
};

/*
 * systemd's sockets are used where it gave some: one named `token` takes tokens alone, the other is the option's `socket`. What
 * the options name besides is opened here. On failure what is open stays the caller's to close.
 */
int listen_open(const struct settings *settings, struct listeners *listeners, struct err *e);
void listen_close(struct listeners *listeners);
/* The sockets' files, once the daemon is gone for good. */
void listen_remove(const struct settings *settings);

#endif
