/* Clocks as numbers. Spans are measured on CLOCK_MONOTONIC, which nobody sets. */
#ifndef BERTH_CLOCK_H
#define BERTH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
clock_us(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t
clock_ms(clockid_t clock)
{
	return clock_us(clock) / 1000;
}

#endif
