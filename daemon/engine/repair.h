/* After a job that died, another one goes on or takes back what it did; the end is told as the first one's. */
#ifndef BERTH_REPAIR_H
#define BERTH_REPAIR_H

#include "daemon/engine/task.h"

/* Whether another job is under way for the task. */
bool repair_begin(struct task *task);
/* After one that only removed. */
void repair_end(struct task *task);

#endif
