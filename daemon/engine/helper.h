/* The helper's side of child.h: a program that the engine starts with a channel, on which the settings come first. */
#ifndef BERTH_HELPER_H
#define BERTH_HELPER_H

#include "schema/spec.h"

/* The first line of main(): false when the engine didn't start this, which has been told on standard error. */
bool helper_begin(const char *program);
/* *spec must be zeroed; the caller clears it. ERR_UNAVAILABLE when the engine has gone. */
int helper_receive_spec(struct spec *spec, struct err *e);

#endif
