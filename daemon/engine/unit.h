/*
 * What is asked of systemd and of machined: each time of a process of its own, berth-unit, which alone knows D-Bus. It answers
 * on descriptor 4. Used only where layout's cgroup_mode is "systemd".
 */
#ifndef BERTH_UNIT_H
#define BERTH_UNIT_H

#include <sys/types.h>

#include "schema/settings.h"

enum { UNIT_WORDS_MAX = 16, UNIT_TIMEOUT_MS = 30000 };

struct unit_answer {
	int32_t rc;
	struct err error;
};

/* After a scope's answer: the container's init, to be registered with machined; its pidfd comes along. */
struct unit_leader {
	pid_t pid;
};

/* words: a verb and what it takes, NULL-terminated. *fd_out: its channel; the process ends after that. */
int unit_spawn(const struct settings *s, const char *const words[], int *fd_out, pid_t *pid_out, struct err *e);
int unit_hear(int fd, struct err *e);
/* Both, and its end. */
int unit_ask(const struct settings *s, const char *const words[], struct err *e);

#endif
