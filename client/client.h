/* What every verb of the client shares: how the daemon is reached and how results are shown. */
#ifndef BERTH_CLIENT_H
#define BERTH_CLIENT_H

#include <signal.h>
#include <stdbool.h>

#include "client/args.h"
#include "client/http.h"
#include "daemon/util/err.h"

/* The contract's exit statuses that don't come from an error's kind, see err_kinds. */
enum { EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

struct client {
	struct http http;
	enum output output;
	const char *fields; /* --fields, or NULL */
	const char *sort;   /* --sort, or NULL */
	const char *tenant; /* --tenant, or NULL */
	const char *match;  /* a header line that changes are sent with, or NULL */
	bool no_header;
	bool quiet;
	bool wait;     /* follow operations to their end */
	bool progress; /* show them on standard error */
};

/* A line on standard error for a person, unless -q was given. Control characters are escaped. */
void client_say(const struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Asks on the terminal; true when standard input is none. */
bool client_confirm(const char *question);

/*
 * While it is caught, Ctrl-C ends a wait of c->http with ERR_CANCELLED instead of the program; one that nothing waited for
 * ends the program at the release.
 */
int client_catch_interrupt(struct client *c, sigset_t *old, struct err *e);
void client_release_interrupt(struct client *c, const sigset_t *old);

/* The address of a container in a path: NAME, tenant:name, UUID or CTID, with --tenant put before a bare name. */
void client_container(const struct client *c, const char *name, struct buf *out);

#endif
