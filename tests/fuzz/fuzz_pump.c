/* What a client may send on an exec's or console's stream, to the very code that the job runs: what reaches the command's standard
 * input is what the frames carried, in order, and a frame that isn't a client's ends it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/engine/stream_pump.h"
#include "daemon/util/fd.h"
#include "tests/fuzz/fuzz.h"

enum { TICKS = 16, INPUT_MAX = 32 * 1024 };

static int
check_size(void *arg, int rows, int columns)
{
	if (rows < 1 || rows > 65535 || columns < 1 || columns > 65535)
		__builtin_trap();
	return 0;
}

/* The payload of all STDIN frames up to what ends it, as the protocol's text reads. */
static size_t
expected_input(const uint8_t *data, size_t size, unsigned char *out)
{
	size_t n = 0;

	while (size >= FRAME_HEADER) {
		size_t len = (size_t)data[4] << 24 | (size_t)data[5] << 16 | (size_t)data[6] << 8 | data[7];
		size_t have = size - FRAME_HEADER < len ? size - FRAME_HEADER : len;

		if (data[1] || data[2] || data[3] || len > FRAME_MAX ||
		    (data[0] != FRAME_STDIN && data[0] != FRAME_RESIZE && data[0] != FRAME_STDIN_END))
			break;
		if (data[0] == FRAME_STDIN_END && have == len)
			break;
		if (data[0] == FRAME_STDIN) {
			memcpy(out + n, data + FRAME_HEADER, have);
			n += have;
		}
		data += FRAME_HEADER + have;
		size -= FRAME_HEADER + have;
	}
	return n;
}

static void
check_input(int fd, const uint8_t *data, size_t size)
{
	static unsigned char got[INPUT_MAX], wanted[INPUT_MAX];
	size_t n = expected_input(data, size, wanted);
	ssize_t len = read(fd, got, sizeof got);

	/* It may have ended before it took all. */
	if (len > 0 && ((size_t)len > n || memcmp(got, wanted, (size_t)len) != 0))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream_pump pump = { .child = -1, .resize = check_size };
	struct pump_status status;
	struct err e = { 0 };
	int conn[2], in[2], out[2];
	enum pump_end end;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, conn) < 0 || pipe2(in, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    pipe2(out, O_CLOEXEC | O_DIRECT | O_NONBLOCK) < 0)
		abort();
	pump.pty = data[0] & 1;
	pump.conn = conn[0];
	pump.in = in[1];
	pump.out[0] = out[0];
	pump.out[1] = -1;
	/* Its output comes in packets, a turn of the loop each; its end ends the stream. */
	for (int i = 0; i < TICKS; i++)
		if (write(out[1], "x", 1) != 1)
			break;
	close(out[1]);
	if (send(conn[1], data + 1, size - 1, MSG_DONTWAIT) != (ssize_t)size - 1)
		abort();
	stream_pump_run(&pump, &end, &status, &e);
	stream_pump_close(&pump);
	if (!pump.pty)
		check_input(in[0], data + 1, size - 1);
	close(in[0]);
	close(conn[0]);
	close(conn[1]);
	return 0;
}
