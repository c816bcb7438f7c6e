/* The containers' seccomp filter: compiled once by host setup, loaded from its file at each start (libseccomp's build costs 0.25
 * ms). */
#ifndef BERTH_SECCOMP_H
#define BERTH_SECCOMP_H

#include "daemon/util/err.h"

/* Builds the filter from its table and writes the BPF program to path (root, 0600). */
int seccomp_compile(const char *path, struct err *e);
/* Reads a program for seccomp_install(); the caller frees *program_out. */
int seccomp_read(const char *path, void **program_out, size_t *len_out, struct err *e);
/* Installs it in the calling thread. Async-signal-safe; -1 with errno. Does not set no_new_privs: needs CAP_SYS_ADMIN in the user
 * namespace. */
int seccomp_install(const void *program, size_t len);

#endif
