/* One attempt to tell one webhook of one event, with blocking calls. */
#ifndef BERTH_HOOK_POST_H
#define BERTH_HOOK_POST_H

#include "schema/settings.h"
#include "schema/webhook.h"

enum { HOOK_CONNECT_MS = 5000, HOOK_TOTAL_MS = 10000, HOOK_ANSWER_MAX = 64 * 1024 };

/* As it goes through a pipe. */
struct hook_result {
	int status; /* HTTP's; 0: there was none */
	char error[256];
};

/* Once a process, before anything is given up. */
void hook_post_setup(void);
void hook_post(const struct settings *settings, const struct hook *hook, struct hook_result *result_out);

#endif
