/* The client's side of berth-stream/1: moves bytes between the daemon's connection and standard input, output and error. */
#ifndef BERTH_PUMP_H
#define BERTH_PUMP_H

#include "client/terminal.h"
#include "daemon/util/buf.h"
#include "daemon/util/err.h"

struct pump_options {
	bool tty;       /* resizing is passed on */
	bool no_stdin;  /* the input is at its end from the start */
	int escape;     /* a byte of the input that detaches; -1: none */
	bool end_stdin; /* tell the end of input */
};

enum pump_end {
	PUMP_EXITED,   /* *status_out is the command's own, as a shell has it */
	PUMP_DETACHED, /* by the escape byte */
	PUMP_CLOSED    /* the daemon closed the stream without an exit status */
};

/*
 * Until the stream's end. `first` are bytes that came with the upgrade. Takes no descriptor over. -1 with what the daemon
 * said, or what failed.
 */
int pump_run(int sock, const struct buf *first, struct terminal *terminal, const struct pump_options *options,
             enum pump_end *end_out, int *status_out, struct err *e);

#endif
