/*
 * Bytes between a client's connection, in frames of berth-stream/1, and a command's or console's descriptors. Buffers are
 * fixed: what one side doesn't take is not read from the other.
 */
#ifndef BERTH_STREAM_PUMP_H
#define BERTH_STREAM_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/util/err.h"
#include "schema/stream.h"

/* All descriptors are the pump's while it runs: it closes in and out (a number standing in both once), not conn and child. */
struct stream_pump {
	int conn;   /* the client's connection */
	int in;     /* takes what the client sends as stdin, -1: thrown away */
	int out[2]; /* sent as stdout and stderr, -1: none */
	int child;  /* pidfd of our child, whose end ends the stream; -1: the end of out[0] does */
	bool pty;   /* `in` is a terminal's master: the end of stdin is its end-of-file character */
	int (*resize)(void *arg, int rows, int columns); /* or NULL */
	void *arg;
};

enum pump_end {
	PUMP_ENDED, /* by itself; `status_out` is set when there is a child */
	PUMP_CLIENT_GONE
};

struct pump_status {
	bool signaled;
	int number; /* exit status or signal */
};

/* -1 when the client broke the protocol: the caller sends e as FRAME_ERROR. */
int stream_pump_run(struct stream_pump *p, enum pump_end *end_out, struct pump_status *status_out, struct err *e);

/* One last frame, blocking. */
int stream_pump_send(int conn, enum frame_type type, const char *text, struct err *e);

/* Closes in and out. */
void stream_pump_close(struct stream_pump *p);

#endif
