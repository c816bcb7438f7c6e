/* Whose a pid, uid, address, MAC or veth is. */
#ifndef BERTH_CLIENT_WHICH_H
#define BERTH_CLIENT_WHICH_H

#include <stdint.h>

/*
 * What `which` was asked for: the query's parameter, its value in *value_out (within text). pid_max: the kernel's; a greater number
 * is a uid. NULL when it is nothing known.
 */
const char *which_kind(const char *text, int64_t pid_max, const char **value_out);

#endif
