/* Server-Sent Events: bytes in, events out. */
#ifndef BERTH_SSE_H
#define BERTH_SSE_H

#include "daemon/util/buf.h"

/* Called for each event with its name ("message" when it has none), id (may be "") and data. 0 to go on, 1 to end. */
typedef int sse_handler(void *arg, const char *event, const char *id, const char *data);

struct sse {
	sse_handler *handler;
	void *arg;
	struct buf line, event, data, id;
	bool has_data, skip_lf, overflow;
};

enum { SSE_EVENT_MAX = 1 << 20 };

/* 0, or 1 once the handler ended it. An event over SSE_EVENT_MAX is dropped whole. */
int sse_feed(struct sse *sse, const char *data, size_t len);
void sse_clear(struct sse *sse);
#define AUTO_SSE __attribute__((cleanup(sse_clear)))

#endif
