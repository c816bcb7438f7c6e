/* What the api asks to be posted goes to a process that is started when it is needed, and again. */
#ifndef BERTH_HOOK_H
#define BERTH_HOOK_H

struct engine;
struct hook;

void hook_send(struct engine *engine, const struct hook *hook);
void hook_stop(struct engine *engine);

#endif
