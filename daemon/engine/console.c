#include <stdio.h>
#include <sys/socket.h>

#include "daemon/engine/http_head.h"
#include "daemon/engine/job.h"
#include "daemon/engine/monitor_call.h"
#include "daemon/engine/stream_pump.h"
#include "daemon/util/fd.h"

enum { CONSOLE_ROWS = 24, CONSOLE_COLUMNS = 80 };

/* The monitor keeps the terminal; it is told of the new size on the connection over which we attached. */
static int
console_resize(void *arg, int rows, int columns)
{
	const int *monitor = arg;

	return monitor_call_do(*monitor, MONITOR_RESIZE, rows, columns, -1, NULL);
}

/* stream_out: our end of a socket pair whose other end the monitor has. */
static int
console_attach(const struct job *job, int *monitor_out, int *stream_out, struct err *e)
{
	int64_t rows = job->request.rows > 0 ? job->request.rows : CONSOLE_ROWS;
	int64_t columns = job->request.columns > 0 ? job->request.columns : CONSOLE_COLUMNS;
	struct monitor_state state;
	AUTO_CLOSE int monitor = -1, ours = -1, theirs = -1;
	int pair[2];

	if (monitor_call_open_running(&job->spec, true, &monitor, &state, e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "make a socket pair");
	ours = pair[0];
	theirs = pair[1];
	if (monitor_call_do(monitor, MONITOR_ATTACH, rows, columns, theirs, e) < 0)
		return -1;
	*monitor_out = take_fd(&monitor);
	*stream_out = take_fd(&ours);
	return 0;
}

static int
console_stream(const struct job *job, struct stream_pump *pump, struct err *e)
{
	struct pump_status status;
	enum pump_end end;

	if (stream_pump_run(pump, &end, &status, e) < 0) {
		AUTO_FREE char *text = http_problem_text(e, job->request.op);

		if (text)
			stream_pump_send(pump->conn, FRAME_ERROR, text, NULL);
		return -1;
	}
	/* The console ends with its container, or when another client took it over: no failure of the caller's. */
	return end == PUMP_ENDED ? stream_pump_send(pump->conn, FRAME_EXIT, "{\"exit\":0}", e) : 0;
}

int
console_run(struct job *job, struct err *e)
{
	AUTO_CLOSE int monitor = -1;
	struct stream_pump pump = {
		.conn = job->fds[0], .in = -1, .out = { -1, -1 }, .child = -1, .resize = console_resize, .arg = &monitor
	};
	int rc;

	if (console_attach(job, &monitor, &pump.in, e) < 0) {
		http_problem(job->fds[0], e, job->request.op);
		return -1;
	}
	pump.out[0] = pump.in;
	rc = http_switch(job->fds[0], e) < 0 ? -1 : console_stream(job, &pump, e);
	stream_pump_close(&pump);
	return rc;
}
