/* The frames of exec and console, cut into pieces as the input says. */
#include "schema/stream.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader r = { 0 };
	size_t step = size > 0 ? data[0] % 17 + 1 : 1;

	while (size > 0) {
		size_t len = step < size ? step : size;
		const unsigned char *p = data, *piece;
		struct err e = { 0 };
		size_t piece_len;
		int end, rc;

		data += len;
		size -= len;
		while ((rc = frame_read(&r, &p, &len, &piece, &piece_len, &end, &e)) == 1)
			if (piece < p - piece_len || piece + piece_len > data)
				__builtin_trap();
		if (rc < 0)
			return 0;
	}
	return 0;
}
