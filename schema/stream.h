/*
 * berth-stream/1: the frames of exec and console, after `Upgrade: berth-stream/1`. u8 type, u24 zero, u32 length
 * (big-endian), payload. The client sends nothing before the 101.
 */
#ifndef BERTH_STREAM_H
#define BERTH_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/util/err.h"

enum frame_type {
	FRAME_STDIN = 0,
	FRAME_STDOUT = 1,
	FRAME_STDERR = 2,
	FRAME_RESIZE = 3, /* JSON: {"rows":24,"columns":80} */
	FRAME_EXIT = 4,   /* JSON: {"exit":0} or {"signal":9} */
	FRAME_ERROR = 5,  /* JSON: a problem as in problem+json */
	FRAME_STDIN_END = 6,
	FRAME_TYPE_COUNT
};

enum { FRAME_HEADER = 8, FRAME_MAX = 64 * 1024 };

#define STREAM_PROTOCOL "berth-stream/1"

void frame_header(unsigned char out[FRAME_HEADER], enum frame_type type, size_t len);

/* A reader fed with whatever bytes came. */
struct frame_reader {
	unsigned char header[FRAME_HEADER];
	size_t have; /* header bytes collected */
	enum frame_type type;
	size_t left; /* payload bytes still to come */
};

/*
 * Takes bytes from data and len and moves them on. Returns 1 with a piece of one frame's payload in piece_out and piece_len_out
 * (*end_out: the frame ends with it; an empty frame gives one empty piece), 0 when all bytes are used up, -1 for a frame of
 * an unknown type or over FRAME_MAX.
 */
int frame_read(struct frame_reader *r, const unsigned char **data, size_t *len, const unsigned char **piece_out,
               size_t *piece_len_out, int *end_out, struct err *e);

#endif
