/* A growable byte buffer. On the first failed allocation it becomes failed and stays so: check once, at the end. */
#ifndef BERTH_BUF_H
#define BERTH_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NUL-terminated past len once anything was added; owned */
	size_t len;
	size_t size;
	bool failed;
};

void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, __builtin_va_list ap);

#define AUTO_BUF __attribute__((cleanup(buf_clear)))

#endif
