#include "daemon/util/uuid.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void
uuid_make(char out[UUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];
	size_t at = 0;

	/* At most 256 bytes come whole or not at all: getrandom(2). */
	while (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		if (errno != EINTR)
			abort();
	bytes[6] = (bytes[6] & 0x0f) | 0x40;
	bytes[8] = (bytes[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof bytes; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		out[at++] = digits[bytes[i] >> 4];
		out[at++] = digits[bytes[i] & 15];
	}
	out[at] = '\0';
}
